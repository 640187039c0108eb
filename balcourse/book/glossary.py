"""Terms of the glossary find themselves: where a lesson first uses one it links to the glossary,
and the glossary links back to each such place.
"""

import functools
import re

from docutils import nodes
from sphinx import addnodes

_BOXES_WITHOUT_PROSE = {"cell", "notation"}
_NOT_PROSE = (
    nodes.title,
    nodes.reference,
    nodes.FixedTextElement,
    nodes.literal,
    nodes.math,
    nodes.footnote,
    nodes.raw,
    addnodes.pending_xref,
)


def _terms(env):
    """Return (page, id) of each glossary term, lower case."""
    found = env.get_domain("std").objects.items()
    return {
        name.lower().replace("’", "'"): place for (kind, name), place in found if kind == "term"
    }


def _pattern(terms):
    words = sorted(terms, key=len, reverse=True)
    spaced = (r"\s+".join(map(re.escape, word.split())).replace("'", "['’]") for word in words)
    return re.compile(rf"(?<![\w-])({'|'.join(spaced)})(?![\w-])", re.I)


def _first_uses(document, pattern, terms):
    """Yield (text node, match, id) of the first use of each meaning in a page's prose."""
    seen = set()
    for text in document.findall(nodes.Text):
        if not _is_prose(text):
            continue
        for match in pattern.finditer(str(text)):
            name = re.sub(r"\s+", " ", match[1].lower().replace("’", "'"))
            if terms[name][1] not in seen:
                seen.add(terms[name][1])
                yield text, match, terms[name][1]


def _is_prose(text):
    node, in_paragraph = text, False
    while (node := node.parent) is not None:
        if isinstance(node, _NOT_PROSE) or _BOXES_WITHOUT_PROSE & set(node.get("classes", ())):
            return False
        in_paragraph |= isinstance(node, nodes.paragraph)
    return in_paragraph


def _is_lesson(env, name):
    return "question" in env.metadata.get(name, {})


def _link(app, document, page):
    """Link a lesson's first uses, or list them in the glossary."""
    terms = _terms(app.env)
    if app.builder.name != "html" or not terms:
        return
    pattern = _pattern(terms)
    if _is_lesson(app.env, page):
        changes = {}
        for text, match, name in _first_uses(document, pattern, terms):
            changes.setdefault(id(text), (text, []))[1].append((match, name))
        for text, found in changes.values():
            text.parent.replace(text, _linked(app, page, str(text), found, terms))
    elif page in {place for place, _ in terms.values()}:
        _list_uses(app, document, page, pattern, terms)


def _linked(app, page, text, found, terms):
    parts, end = [], 0
    for match, name in found:
        place = next(place for place, one in terms.values() if one == name)
        address = f"{app.builder.get_relative_uri(page, place)}#{name}"
        link = nodes.reference("", match[0], refuri=address, internal=True, classes=["term"])
        link["ids"] = [f"use-of-{name}"]
        parts += [nodes.Text(text[end : match.start()]), link]
        end = match.end()
    return [*parts, nodes.Text(text[end:])]


def _list_uses(app, document, page, pattern, terms):
    uses, order = {}, list(app.env.external_site_map).index
    for name in filter(functools.partial(_is_lesson, app.env), app.env.found_docs):
        for _, _, term in _first_uses(app.env.get_doctree(name), pattern, terms):
            uses.setdefault(term, []).append(name)
    for item in document.findall(nodes.definition_list_item):
        ids = [one for term in item.findall(nodes.term) for one in term["ids"]]
        places = {name: one for one in reversed(ids) for name in uses.get(one, ())}
        links = []
        for name in sorted(places, key=order):
            address = f"{app.builder.get_relative_uri(page, name)}#use-of-{places[name]}"
            title = app.env.titles[name].astext()
            link = nodes.reference("", title, refuri=address, internal=True)
            links += [nodes.Text("; " if links else "In: "), link]
        item.next_node(nodes.definition).append(nodes.paragraph("", "", *links, classes=["uses"]))


def _pages_again(app, env, added, changed, removed):
    """Have every page read again where the glossary changed."""
    pages = {place for place, _ in _terms(env).values()}
    return list(env.found_docs) if pages & changed else []


def _glossaries(app, env):
    return sorted({place for place, _ in _terms(env).values()})


def setup(app):
    """Connect the extension (called by Sphinx)."""
    app.connect("doctree-resolved", _link, priority=800)
    app.connect("env-get-outdated", _pages_again)
    app.connect("env-updated", _glossaries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
