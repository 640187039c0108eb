"""Each lesson as a notebook to download: its cells, ready to run, and its text for plain Jupyter.

Roles and directives of the book become what Jupyter shows: numbers, titles, folded blocks.
"""

import json
import pathlib
import re

import nbformat

_OPENING = """*From the course "{course}". The cells need its package, `balcourse`: in the course's
repository `make env` prints a Python that has it. The page with all figures: {home}{page}.html.*"""
_PLAIN = (
    (r"^:class: .*\n|^:label: .*\n|^:tags: .*\n", ""),
    (r"\{foot\w+(:\w)?\}`[^`]*`", ""),
    (r"```\{footbibliography\}\s*```", "See the page of this lesson."),
    (r"\{(?:doc|ref|numref|eq|term)\}`([^`<]*?)\s*<[^`]*>`", r"\1"),
    (r"\{(?:ref|numref|eq)\}`[^`]*`", "(see the page)"),
    (r"\{doc\}`([^`]*)`", r"*\1*"),
    (r"^```\{(exercise|solution)\} ([^\n]*)\n(.*?)^```$", r"**\1: \2**\n\n\3"),
    (r"^:::\{dropdown\} ([^\n]*)\n(.*?)^:::$", r"<details><summary>\1</summary>\n\n\2\n</details>"),
    (r"^:::\{\w+\} ([^\n]*)\n(.*?)^:::$", r"**\1**\n\n\2"),
    (r"^\{\.\w+\}\n|^\([\w-]+\)=\n", ""),
    (r"^(\$\$) \([\w-]+\)$", r"\1"),
)


def _plain(text, numbers):
    """Return a cell's MyST as the Markdown that plain Jupyter shows."""

    def number(found):
        value, form = numbers.get(found[1]), found[2] or ""
        return f"`{found[1]}`" if value is None else format(value, form)

    text = re.sub(r"\{glue:text\}`([^`:]+)(?::([^`]+))?`", number, text)
    for pattern, plain in _PLAIN:
        text = re.sub(pattern, plain, text, flags=re.M | re.S if "(.*?)^" in pattern else re.M)
    return text


def _offer(app, page, templatename, context, doctree):
    """Write the page's notebook beside its source, and have the theme offer it."""
    made = pathlib.Path(app.env.mystnb_config.output_folder) / f"{page}.ipynb"
    if app.builder.name != "html" or not made.exists():
        return
    notebook = nbformat.read(made, as_version=4)
    notebook.metadata.pop("widgets", None)
    numbers = _numbers(made.with_suffix(".glue.json"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = _plain(cell.source, numbers)
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
