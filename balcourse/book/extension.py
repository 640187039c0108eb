"""The book's side of the course: a Sphinx extension and a myst-nb output plugin.

It gives each figure its alt text, puts each live widget's still before it, lists all claims where
a page says ``{claims}``, and serves MathJax and the widget host from the book's own files.
"""

import dataclasses
import importlib.util
import json
import pathlib
import shutil

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from balcourse.page.widget import STATIC as WIDGETS

STATIC = (str(pathlib.Path(__file__).with_name("static")), str(WIDGETS))

_LOGGER = logging.getLogger(__name__)
_SVG = "image/svg+xml"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
_HEAVIEST_PAGE = 1_500_000


class DescribedOutputs:
    """Render described figures and live widgets (entry point of ``myst_nb.mime_renderers``)."""

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the nodes of one output, or None where myst-nb's own rendering will do."""
        if data.mime_type == _SVG and "alt" in data.output_metadata.get(_SVG, {}):
            return [_image(renderer, data, data.output_metadata[_SVG]["alt"])]
        if data.mime_type == _WIDGET and "still" in data.output_metadata:
            still = data.output_metadata["still"]
            drawn = dataclasses.replace(data, mime_type=_SVG, content=still["svg"])
            view = renderer.render_widget_view(data)
            return [
                nodes.container("", _image(renderer, drawn, still["alt"]), *view, classes=["live"])
            ]
        return None


def _image(renderer, data, alt):
    (image,) = renderer.render_image(data)
    image["alt"] = alt
    image["classes"].append("course-figure")
    return image


class _ClaimsTable(nodes.General, nodes.Element):
    """Stands for the table of all claims until every lesson has been read."""


class _ClaimsDirective(SphinxDirective):
    def run(self):
        return [_ClaimsTable()]


def _claims(env):
    """Yield (docname, claim record) over the whole book, in reading order."""
    folder = pathlib.Path(env.mystnb_config.output_folder)
    for docname in sorted(env.found_docs, key=_reading_order(env)):
        glued = folder / f"{docname}.glue.json"
        if docname in env.nb_metadata and "glue" in env.nb_metadata[docname] and glued.exists():
            for output in json.loads(glued.read_text("utf8")).values():
                if "claim" in output["metadata"]:
                    yield docname, output["metadata"]["claim"]


def _reading_order(env):
    order = {}

    def visit(docname):
        order.setdefault(docname, len(order))
        for child in env.toctree_includes.get(docname, []):
            visit(child)

    visit(env.config.root_doc)
    return lambda docname: (order.get(docname, len(order)), docname)


def _fill_claims(app, doctree, docname):
    for placeholder in list(doctree.findall(_ClaimsTable)):
        rows, seen = [], {}
        for page, record in _claims(app.env):
            if seen.setdefault(record["name"], page) != page:
                _LOGGER.warning("claim %s: made in %s too", record["name"], seen[record["name"]])
            rows.append((page, record))
        placeholder.replace_self(_table(app, docname, rows))


def _table(app, docname, rows):
    heads = ["Claim", "Value", "Expected", "Off by", "Source"]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    group += nodes.thead("", _row([nodes.Text(head) for head in heads]))
    body = nodes.tbody()
    for page, record in rows:
        address = app.builder.get_relative_uri(docname, page)
        off = record["value"] - record["expected"]
        unit = f" {record['unit']}" if record["unit"] else ""
        body += _row(
            [
                nodes.reference("", record["name"], refuri=address, internal=True),
                nodes.Text(f"{record['value']:.6g}{unit}"),
                nodes.Text(f"{record['expected']:.6g} ± {record['tolerance']:.2g}{unit}"),
                nodes.Text(f"{off:+.1e}{unit}"),
                nodes.Text(record["source"]),
            ]
        )
    group += body
    return nodes.table("", group, classes=["claims"])


def _row(cells):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def _pages_with_claims(app, env):
    """Have every page that lists claims written again, whatever page changed."""
    return [name for name in env.found_docs if any(env.get_doctree(name).findall(_ClaimsTable))]


def _copy_mathjax(app, exception):
    if exception is None and app.builder.format == "html":
        package = importlib.util.find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
        source = pathlib.Path(package) / "static" / "mathjax"
        target = pathlib.Path(app.outdir) / "_static" / "mathjax"
        for part in _MATHJAX:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, target / part, dirs_exist_ok=True)
            else:
                shutil.copy2(source / part, target / part)


def _without_thebe_scripts(app, pagename, templatename, context, doctree):
    """Drop the scripts of sphinx-thebe, which the theme loads twice and the course never uses."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename}{script.attributes}".lower()
    ]


def _without_thebe_nodes(app, doctree, docname):
    """Drop what sphinx-thebe writes into each page."""
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext() or "kernelName" in node.astext():
            node.parent.remove(node)


def _without_icon_script(app, exception):
    """Empty the theme's heaviest script: it draws the icons that the theme's font has anyway."""
    script = pathlib.Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception is None and script.exists():
        script.write_text("", "utf8")


def _weigh_pages(app, exception):
    """Warn where a page and its figures are over the course's limit."""
    printed = app.builder.name == "singlehtml"  # the whole book in one page goes to no reader
    if exception is not None or printed or app.builder.format != "html":
        return
    outdir = pathlib.Path(app.outdir)
    for docname in app.env.found_docs:
        page = outdir / f"{docname}.html"
        images = [name for uri, (pages, name) in app.env.images.items() if docname in pages]
        files = [page, *(outdir / "_images" / name for name in images)]
        weight = sum(file.stat().st_size for file in files if file.exists())
        if weight > _HEAVIEST_PAGE:
            _LOGGER.warning("%s weighs %.1f MB: at most 1.5 MB", docname, weight / 1e6)


def _without_old_roles(app, pagename, templatename, context, doctree):
    """Drop the roles that docutils gives to a bibliography, which ARIA has given up."""
    for role in (' role="doc-biblioentry"', ' role="list"'):
        context["body"] = context.get("body", "").replace(role, "")


def setup(app):
    """Connect the extension (called by Sphinx)."""
    app.add_directive("claims", _ClaimsDirective)
    app.add_node(_ClaimsTable)
    app.connect("config-inited", lambda app, config: config.html_static_path.extend(STATIC))
    app.connect("env-updated", _pages_with_claims)
    app.connect("doctree-resolved", _fill_claims)
    app.connect("html-page-context", _without_thebe_scripts, priority=900)
    app.connect("html-page-context", _without_old_roles)
    app.connect("doctree-resolved", _without_thebe_nodes, priority=900)
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _weigh_pages)
    app.connect("build-finished", _without_icon_script)
    app.add_css_file("course.css")
    app.add_js_file("typeset.js", priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
