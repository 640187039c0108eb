"""Make the course: its environment, its book, its tests and its benchmarks.

Only the standard library, so that it runs before anything is installed. `make` calls it; where
there is no make, `python course.py book` and `python course.py test` do the same.
"""

import argparse
import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading

os.environ.setdefault("PYTHONUTF8", "1")  # for what runs from here, on Windows too
ROOT = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "_build"
LOCK = ROOT / "requirements.txt"
GRADING_LOCK = ROOT / "requirements-grading.txt"
SITE = BUILD / "html"
RUNS = BUILD / ".jupyter_cache"
PASSED = BUILD / ".solutions"
COMPRESSED = {".html", ".css", ".js", ".svg", ".json", ".map", ".txt"}
GATE = ("-n", "-W", "--keep-going")
TESTS_IN_PARALLEL = ("--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder")
TASKS = "env build book slides pdf homework grading lesson test bench lock".split()
PYTHONS = ((3, 11), (3, 12), (3, 13))


def say(text):
    """Print a line at once."""
    print(text, flush=True)


def stop(sentence):
    """End with one sentence and a non-zero exit."""
    sys.exit(sentence)


def digest(paths):
    """Return a short hash of files' names and contents."""
    content = hashlib.sha256()
    for path in sorted(paths):
        content.update(path.relative_to(ROOT).as_posix().encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def cache_root():
    """Return the folder that keeps environments, outside the book's sources."""
    if os.environ.get("BALCOURSE_CACHE"):
        return pathlib.Path(os.environ["BALCOURSE_CACHE"])
    if sys.platform == "win32":
        return pathlib.Path(os.environ["LOCALAPPDATA"]) / "balcourse"
    if sys.platform == "darwin":
        return pathlib.Path.home() / "Library" / "Caches" / "balcourse"
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "balcourse"


def python_version(command):
    """Return (major, minor) of a Python interpreter, or None where there is none."""
    script = "import sys; print(*sys.version_info[:2])"
    try:
        found = subprocess.check_output([command, "-c", script], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(part) for part in found.split())


def base_python():
    """Return a supported interpreter: this one, or the newest on the path."""
    if sys.version_info[:2] in PYTHONS:
        return sys.executable
    for major, minor in reversed(PYTHONS):
        command = shutil.which(f"python{major}.{minor}")
        if command and python_version(command) in PYTHONS:
            return command
    wanted = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    this = ".".join(str(part) for part in sys.version_info[:3])
    return stop(f"The course needs one of Python {wanted}; this is Python {this}.")


def environment():
    """Make the environment where it is missing; return its interpreter."""
    base = base_python()
    needs = LOCK.read_text("utf8") + (ROOT / "pyproject.toml").read_text("utf8")
    place = hashlib.sha256(f"{ROOT}{needs}{python_version(base)}".encode())
    folder = cache_root() / "env" / f"{ROOT.name}-{place.hexdigest()[:12]}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = folder / "complete"
    if not complete.exists():
        say(f"Installing what the course needs into {folder} (a few minutes, once).")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        steps = [
            [base, "-m", "venv", "--clear", folder],
            [*pip, "--require-hashes", "--only-binary=:all:", "--requirement", LOCK],
            [*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT],
        ]
        for step in steps:
            if subprocess.run(step).returncode:
                stop("Installing failed: the lines above say why. Run the command again to retry.")
        complete.touch()
    return python


def grading(python):
    """Make an environment that adds nbgrader to the course's; return its interpreter."""
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    below = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    packages = below.stdout.strip()
    place = hashlib.sha256(f"{packages}{GRADING_LOCK.read_text('utf8')}".encode()).hexdigest()
    folder = cache_root() / "grading" / place[:12]
    own = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = folder / "complete"
    if not complete.exists():
        say(f"Installing nbgrader into {folder} (once).")
        pip = [python, "-m", "pip", "--python", own, "install", "--quiet", "--no-deps"]
        lock = ["--require-hashes", "--only-binary=:all:", "--requirement", GRADING_LOCK]
        for step in ([python, "-m", "venv", "--clear", "--without-pip", folder], [*pip, *lock]):
            if subprocess.run(step).returncode:
                stop("Installing nbgrader failed: the lines above say why. Run it again to retry.")
        found = subprocess.run([own, "-c", script], capture_output=True, text=True, check=True)
        line = f"import site; site.addsitedir({packages!r})\n"
        pathlib.Path(found.stdout.strip(), "course.pth").write_text(line, "utf8")
        complete.touch()
    return own


def listed_pages():
    """Return the book's pages in reading order, as paths without suffix."""
    contents = (ROOT / "_toc.yml").read_text("utf8")
    return re.findall(r"^\s*(?:- )?(?:file|root): (\S+)$", contents, re.M)


def lesson_sources():
    """Return the sources that have code to execute."""
    sources = [ROOT / f"{name}.md" for name in listed_pages()]
    return [source for source in sources if "```{code-cell}" in source.read_text("utf8")]


def exercise_sources():
    """Return the sources that set exercises."""
    sources = [ROOT / f"{name}.md" for name in listed_pages()]
    return [source for source in sources if "```{exercise}" in source.read_text("utf8")]


def results_key():
    """Return what the lessons' results depend on besides their own cells."""
    apart = {ROOT / "balcourse" / "book", ROOT / "balcourse" / "exercises"}
    return digest([*(path for path in package() if apart.isdisjoint(path.parents)), LOCK])


def package():
    """Return the package's sources, shipped data included."""
    return files(ROOT / "balcourse")


def files(folder):
    """Return all files below a folder but what Python compiled."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]


def forget_stale_work():
    """Drop lessons run, and pages made, with another package or lock: their caches ignore both."""
    results, pages = RUNS / "made-with", BUILD / "made-with"
    keys = {results: results_key(), pages: digest([*package(), LOCK])}
    fresh = [path for path in keys if path.exists() and path.read_text("utf8") == keys[path]]
    if results not in fresh:
        shutil.rmtree(BUILD, ignore_errors=True)
    elif pages not in fresh:
        for made in BUILD.iterdir():
            if made.is_dir() and made != RUNS:
                shutil.rmtree(made)
    RUNS.mkdir(parents=True, exist_ok=True)
    for path, key in keys.items():
        path.write_text(key, "utf8")


def build(python):
    """Execute the lessons, as many at a time as there are cores, and build the book."""
    built = BUILD / "built-from"
    settings = [ROOT / name for name in ("course.py", "_config.yml", "_toc.yml")]
    inputs = digest([*package(), *files(ROOT / "chapters"), *settings, LOCK])
    if built.exists() and built.read_text("utf8") == inputs:
        return say(f"Nothing has changed. The book is in {SITE}")
    built.unlink(missing_ok=True)
    forget_stale_work()
    execute = [python, "-m", "balcourse.book.execute", RUNS, *lesson_sources()]
    solve = [python, "-m", "balcourse.book.solutions", PASSED, *exercise_sources()]
    run_logged(
        ("Running the lessons.", execute),
        ("Checking the solutions of their exercises.", solve),
        ("Building the book.", builder(python)),
        ("Making the slides.", builder(python, "revealjs")),
    )
    shutil.rmtree(SITE / "slides", ignore_errors=True)
    shutil.copytree(BUILD / "revealjs", SITE / "slides")
    built.write_text(inputs, "utf8")
    return say(f"The book is in {SITE}")


def builder(python, name=None):
    """Return the command that builds the pages, by Sphinx's builder of that name."""
    book = [python, "-c", "from jupyter_book.cli.main import main; main()", "build", "."]
    return [*book, *(("--builder=custom", f"--custom-builder={name}") if name else ()), *GATE]


def run_logged(*steps):
    """Run commands one after another into the log; stop at the first that fails."""
    with BUILD.joinpath("build.log").open("w+", encoding="utf8") as log:
        for line, command in steps:
            say(line)
            ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
            log.seek(0)
            if ended.returncode:
                problem = first_problem(log.read())
                stop(f"The book was not built: {problem} (The whole log: {log.name})")


def print_decks(python):
    """Print every deck to PDF, beside it."""
    with served(SITE) as address:
        command = [python, "-m", "balcourse.book.handouts", SITE, address]
        return subprocess.run(command, cwd=ROOT).returncode


def print_book(python):
    """Print the whole book to one PDF."""
    run_logged(("Making one page of all.", builder(python, "singlehtml")))
    folder = BUILD / "singlehtml"
    # The page lies in its first chapter's folder, and looks for what it needs from the top.
    shutil.copy2(folder / "chapters" / "index.html", folder / "book.html")
    with served(folder) as address:
        target = BUILD / "balanced-networks.pdf"
        command = [python, "-m", "balcourse.book.paper", f"{address}book.html", target]
        return subprocess.run(command, cwd=ROOT).returncode


def first_problem(log):
    """Return the first thing that went wrong, in a few words."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    for pattern in (r"^FAILED: (.*)$", r"^(.*(?:WARNING|ERROR): .*)$", r"^(\w*Error: .*)$"):
        found = re.search(pattern, plain, re.M)
        if found:
            return found[1]
    return "see the log."


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files in silence, and text compressed, as web servers do."""

    def log_message(self, *_):
        """Say nothing."""

    def handle(self):
        """Answer; a browser that leaves in the middle has what it wants."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def send_head(self):
        """Answer with the file, gzipped where that helps and the browser can read it."""
        path = pathlib.Path(self.translate_path(self.path))
        if path.suffix not in COMPRESSED or "gzip" not in self.headers.get("Accept-Encoding", ""):
            return super().send_head()
        if not path.is_file():
            return super().send_head()
        content = gzipped(path, path.stat().st_mtime_ns)
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)


@functools.lru_cache(maxsize=256)
def gzipped(path, changed):
    """Return a file's content, compressed; `changed` is when it was written."""
    return gzip.compress(path.read_bytes(), 6)


def server(port, folder=SITE):
    """Return a server of a folder on this machine; port 0 takes a free one."""
    handler = functools.partial(Handler, directory=str(folder))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


@contextlib.contextmanager
def served(folder):
    """Serve a folder for a while; yield its address, which ends in a slash."""
    with server(0, folder) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


def serve(port):
    """Serve the built book until interrupted."""
    with server(port) as serving:
        say(f"Read it at http://127.0.0.1:{port}/ (Ctrl-C ends)")
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            say("")


def require_free(port):
    """Stop where another program listens on the port."""
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            stop(f"Port {port} is in use: choose another, as in `make book PORT={port + 1}`.")


def add_lesson(name):
    """Make a lesson that passes every check, to be written over, and list it in the book."""
    if not re.fullmatch(r"[a-z]+", name):
        stop("Name the lesson by one word in small letters, as in `make lesson name=resonance`.")
    template, contents = ROOT / "balcourse" / "book" / "lesson-template", ROOT / "_toc.yml"
    made = {}
    for part in sorted([*template.rglob("*.md"), *template.rglob("*.py")]):
        target = pathlib.Path(str(part.relative_to(template)).replace("NAME", name))
        if (ROOT / target.parts[0]).exists():  # the lecturer's folder may be kept elsewhere
            made[target] = part.read_text("utf8").replace("# NAME", f"# {name.title()}")
        if (ROOT / target).exists():
            stop(f"{target.as_posix()} exists: choose another name.")
    for target, text in made.items():
        (ROOT / target).parent.mkdir(exist_ok=True)
        (ROOT / target).write_text(text.replace("NAME", name), "utf8")
    before, mark, after = contents.read_text("utf8").partition("  - caption: Appendix\n")
    listed = f"      - file: chapters/{name}/lesson\n"
    contents.write_text(f"{before}{listed}{mark}{after}", "utf8")
    say(f"Write your lesson over these; `make book` shows it: {', '.join(map(str, made))}")


def homework(python):
    """Write the notebooks of all homework sheets, and never over an edited one."""
    make = [python, "-m", "balcourse.book.sheets", "chapters", "lecturer", "homework"]
    return subprocess.run(make, cwd=ROOT).returncode


def lock():
    """Write both locks anew from the ranges in pyproject.toml (needs uv and the network)."""
    compile_ = "uv pip compile --universal --python-version 3.11 --generate-hashes --no-header"
    compile_ += " --upgrade --quiet pyproject.toml"
    book = f"{compile_} --extra book --extra test --output-file {LOCK.name}"
    failed = subprocess.run(book.split(), cwd=ROOT).returncode
    if failed:
        return failed
    locked = re.findall(r"^([\w.-]+)(?===)", LOCK.read_text("utf8"), re.M)
    apart = " ".join(f"--no-emit-package {name}" for name in locked)
    added = f"{compile_} --extra grading --constraint {LOCK.name} {apart}"
    added += f" --output-file {GRADING_LOCK.name}"
    return subprocess.run(added.split(), cwd=ROOT).returncode


def main():
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--port", type=int, default=8000, help="where `book` serves (8000)")
    parser.add_argument("--name", default="", help="what `lesson` calls the new lesson")
    parser.add_argument("more", nargs="*", help="passed on to pytest or to the benchmarks")
    options = parser.parse_args()
    if options.task == "lock":
        return lock()
    if options.task == "lesson":
        return add_lesson(options.name)
    if options.task == "book":
        require_free(options.port)
    python = environment()
    if options.task == "env":
        say(str(python))
    if options.task == "grading":
        say(f"nbgrader is in {grading(python).parent}: put this folder first on your PATH.")
    if options.task == "homework":
        return homework(python)
    if options.task in ("build", "book", "slides", "pdf"):
        build(python)
    if options.task == "book":
        serve(options.port)
    if options.task == "slides":
        return print_decks(python)
    if options.task == "pdf":
        return print_book(python)
    if options.task == "test":
        tests = [python, "-m", "pytest", *TESTS_IN_PARALLEL, *options.more]
        return subprocess.run(tests, cwd=ROOT).returncode
    if options.task == "bench":
        return subprocess.run([python, "-m", "benchmarks", *options.more], cwd=ROOT).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
