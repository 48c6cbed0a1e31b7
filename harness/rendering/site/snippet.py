"""Markdown and HTML that show a badge in another page, with a link to the site."""

from __future__ import annotations

from markupsafe import escape

from harness.rendering import markdown
from harness.rendering.site.badges import Badge


def as_markdown(badge: Badge, address: str) -> str:
    """Return the badge as Markdown; `address` is that of the site. A cell is a link without a picture."""
    address = _folder(address)
    text = markdown.escaped(badge.text)
    shown = text if badge.file is None else f"![{text}]({address}{badge.file})"
    return f"[{shown}]({address}{badge.view})\n"


def as_html(badge: Badge, address: str) -> str:
    """Return the badge as HTML; `address` is that of the site. A cell is a link without a picture."""
    address = _folder(address)
    text = str(escape(badge.text))
    shown = text if badge.file is None else f'<img src="{escape(address + badge.file)}" alt="{text}">'
    return f'<a href="{escape(address + badge.view)}">{shown}</a>\n'


def _folder(address: str) -> str:
    """Return the folder of the site: `https://host/site/` of `https://host/site/index.html#/table`."""
    address = address.partition("#")[0].removesuffix("index.html")
    return address if address.endswith("/") else f"{address}/"
