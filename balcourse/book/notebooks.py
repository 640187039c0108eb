"""Each lesson as a notebook to download: its cells, ready to run, and its text for plain Jupyter.

Roles and directives of the book become what Jupyter shows: numbers, titles, folded blocks.
"""

import json
import pathlib
import re

import nbformat
from pybtex.plugin import find_plugin

_OPENING = """*From the course "{course}". The cells need its package, `balcourse`: in the course's
repository `make env` prints a Python that has it. The page with all figures: {home}{page}.html.*"""
_PLAIN = (
    (r"^:class: .*\n|^:label: .*\n|^:tags: .*\n", ""),
    (r"\{(?:doc|ref|numref|eq|term)\}`([^`<]*?)\s*<[^`]*>`", r"\1"),
    (r"\{(?:ref|numref|eq)\}`[^`]*`", "(see the page)"),
    (r"\{doc\}`([^`]*)`", r"*\1*"),
    (r"^```\{(exercise|solution)\} ([^\n]*)\n(.*?)^```$", r"**\1: \2**\n\n\3"),
    (r"^:::\{dropdown\} ([^\n]*)\n(.*?)^:::$", r"<details><summary>\1</summary>\n\n\2\n</details>"),
    (r"^:::\{\w+\} ([^\n]*)\n(.*?)^:::$", r"**\1**\n\n\2"),
    (r"^\{\.\w+\}\n|^\([\w-]+\)=\n", ""),
    (r"^(\$\$) \([\w-]+\)$", r"\1"),
)
_CITATION = r"\{footcite(:t)?\}`([^`]*)`"


def _plain(text, numbers, entries, references):
    """Return a cell's MyST as the Markdown that plain Jupyter shows.

    `entries` is the bibliography by key, `references` the page's list of them.
    """

    def number(found):
        value, form = numbers.get(found[1]), found[2] or ""
        return f"`{found[1]}`" if value is None else format(value, form)

    def citation(found):
        year = "{} ({})" if found[1] else "{} {}"
        cites = ", ".join(year.format(*_name(entries[key])) for key in found[2].split(","))
        return cites if found[1] else f"[{cites}]"

    text = re.sub(r"\{glue:text\}`([^`:]+)(?::([^`]+))?`", number, text)
    text = re.sub(_CITATION, citation, text)
    text = text.replace("```{footbibliography}\n```", references)
    for pattern, plain in _PLAIN:
        text = re.sub(pattern, plain, text, flags=re.M | re.S if "(.*?)^" in pattern else re.M)
    return text


def _name(entry):
    """Return the authors' names, shortened, and the year."""
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
        for person in entry.persons["author"]
    ]
    short = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return short, entry.fields["year"]


def _references(entries, text):
    """Return the list of what a text cites as Markdown."""
    keys = sorted({key for _, keys in re.findall(_CITATION, text) for key in keys.split(",")})
    style = find_plugin("pybtex.style.formatting", "plain")()
    backend = find_plugin("pybtex.backends", "markdown")()
    chosen = [entries[key] for key in keys]
    texts = (one.text.render(backend) for one in style.format_entries(chosen))
    return "\n".join("- " + text.replace("\n", " ") for text in texts)


def _offer(app, page, templatename, context, doctree):
    """Write the page's notebook beside its source, and have the theme offer it."""
    made = pathlib.Path(app.env.mystnb_config.output_folder) / f"{page}.ipynb"
    if app.builder.name != "html" or not made.exists():
        return
    notebook = nbformat.read(made, as_version=4)
    notebook.metadata.pop("widgets", None)
    numbers = _numbers(made.with_suffix(".glue.json"))
    entries = app.env.get_domain("cite").bibdata.data.entries
    references = _references(entries, "".join(cell.source for cell in notebook.cells))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = _plain(cell.source, numbers, entries, references)
    home = app.config.html_baseurl or "http://127.0.0.1:8000/"
    words = _OPENING.format(course=app.config.html_title, home=home, page=page)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(words, id="opening"))
    target = pathlib.Path(app.outdir, "_sources", f"{page}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    context["ipynb_source"] = f"{page}.ipynb"


def _numbers(glued):
    if not glued.exists():
        return {}
    outputs = json.loads(glued.read_text("utf8"))
    claims = (output["metadata"].get("claim") for output in outputs.values())
    return {claim["name"]: claim["value"] for claim in claims if claim}


def setup(app):
    """Connect the extension (called by Sphinx)."""
    app.connect("html-page-context", _offer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
