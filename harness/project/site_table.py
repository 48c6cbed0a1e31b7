"""The `[site]` table of matrix.toml: the texts of the published page."""

from __future__ import annotations

from harness.model.site import SiteText
from harness.project.toml_table import Table

KEYS_OF_TEXTS = ("names", "stages")


def read_site(table: Table, titles: dict[str, str]) -> SiteText:
    """Read `[site]`; `titles` are those of the families. Without the table, the page has general texts."""
    texts = {key: _texts(table.table(key)) for key in KEYS_OF_TEXTS}
    addresses = {key: _address(table, key) for key in ("source", "address")}
    site = SiteText(
        title=table.text("title", ""),
        about=table.text("about", ""),
        source=addresses["source"],
        address=addresses["address"],
        names=texts["names"],
        stages=texts["stages"],
        families=titles,
    )
    table.end()
    return site


def _address(table: Table, key: str) -> str:
    address = table.text(key, "")
    if address and not address.startswith(("https://", "http://")):
        table.problems.add(table.place(key), f"{address!r} is no web address", 'Write "https://..."')
    return address


def _texts(table: Table) -> dict[str, str]:
    found = {}
    for name, value in table.items():
        if isinstance(value, str):
            found[name] = value
        else:
            table.problems.add(table.place(name), f"{value!r} is not a string", f'Write {name} = "text"')
    return found
