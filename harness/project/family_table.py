"""Parse `[families.NAME]` of matrix.toml."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.project.matrix import Base, Family
from harness.project.toml_table import Table

PICKS = ("every", "last of each minor", "last of each week", "newest")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_DAYS_AFTER = re.compile(r"([0-9]{1,5}) days after release")
_FIELDS = ("version", "minor", "package")


def read_family(table: Table, name: str, imports: tuple[str, ...], variables: tuple[tuple[str, str], ...]) -> Family:
    """Read the table of a family; what is wrong is noted in its problems."""
    package = table.required_text("package", "Write the name of the package whose versions the family covers")
    identifier = table.text("id", f"{name}{{version}}")
    if identifier.count("{version}") != 1:
        table.problems.add(
            table.place("id"), f"{identifier!r} must contain {{version}} once", 'Write for example "tf{version}"'
        )
    elif not _ID.fullmatch(identifier.replace("{version}", "1")):
        table.problems.add(
            table.place("id"),
            f"{identifier!r} has invalid characters",
            'Use letters, digits, ".", "_", "+", "-" and {version} only',
        )
    pick = table.text("pick", "every")
    if pick not in PICKS:
        table.problems.add(table.place("pick"), f"invalid value {pick!r}", f"Write one of: {', '.join(PICKS)}")
    family = Family(
        name=name,
        title=table.text("title", name),
        package=package,
        id=identifier,
        versions=_read_versions(table),
        pick=pick,
        prereleases=table.take("prereleases", bool, False, what="true or false"),
        also=_versions(table, "also", table.texts("also")),
        pythons=_read_pythons(table),
        days_after_release=_read_exclude_newer(table),
        requirements=_read_requirements(table, "requirements", default=(f"{package}=={{version}}",)),
        constraints=_read_requirements(table, "constraints"),
        overrides=_read_requirements(table, "overrides"),
        variables=tuple({**dict(variables), **dict(read_strings(table.table("variables")))}.items()),
        imports=table.texts("imports") if table.has("imports") else imports,
        base=_read_base(table.table("base")) if table.has("base") else None,
        replaces=table.text("replaces", "") or None,
    )
    table.end()
    return family


def _read_versions(table: Table) -> SpecifierSet | tuple[Version, ...]:
    value = table.take("versions", (str, list), ">=0", what='a specifier such as ">=2.2,<3", or a list of versions')
    if isinstance(value, str):
        return table.parsed("versions", value, SpecifierSet) or SpecifierSet()
    return _versions(table, "versions", value)


def _versions(table: Table, key: str, texts: Iterable[object]) -> tuple[Version, ...]:
    parsed = [table.parsed(key, str(text), Version) for text in texts]
    return tuple(each for each in parsed if each is not None)


def _read_pythons(table: Table) -> tuple[tuple[str, SpecifierSet], ...]:
    pythons = []
    for python, versions in table.table("pythons").items():
        if not re.fullmatch(r"3\.\d+", python):
            table.problems.add(
                table.place(f"pythons.{python}"), f"{python!r} is not a Python version", 'Write for example "3.11"'
            )
        parsed = table.parsed(f"pythons.{python}", str(versions), SpecifierSet)
        pythons.append((python, parsed if parsed is not None else SpecifierSet()))
    if not pythons:
        table.problems.add(
            table.place("pythons"), "missing", 'Write which Python to use for which versions: { "3.11" = ">=2" }'
        )
    return tuple(pythons)


def _read_exclude_newer(table: Table) -> int | None:
    table.rename("as-of", "exclude-newer")
    text = table.text("exclude-newer", "28 days after release")
    if text == "today":
        return None
    match = _DAYS_AFTER.fullmatch(text)
    if match is None:
        place = table.place("exclude-newer")
        table.problems.add(place, f"invalid date {text!r}", 'Write "28 days after release" or "today"')
        return 0
    return int(match.group(1))


def _read_requirements(table: Table, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    texts = table.texts(key) if table.has(key) else default
    for text in texts:
        if not _is_template(text):
            table.problems.add(
                table.place(key), f"{text!r} has an unknown field", "Valid fields: {version}, {minor}, {package}"
            )
            continue
        # Check templates with example values.
        requirement = table.parsed(key, text.format(version="1.2.3", minor="1.2", package="package"), Requirement)
        if requirement is not None and requirement.url is not None:
            table.problems.add(table.place(key), f"{text!r} has a URL", "Use a version: packages come from the index")
    return texts


def _is_template(text: str) -> bool:
    """Return True if a text has only known fields, without conversions and formats, which can be abused."""
    try:
        fields = [each[1:] for each in string.Formatter().parse(text) if each[1] is not None]
    except ValueError:
        return False
    return all(name in _FIELDS and not form and conversion is None for name, form, conversion in fields)


def _read_base(table: Table) -> Base:
    table.rename("as-of", "exclude-newer")
    if not table.has("exclude-newer"):
        table.problems.add(table.place("exclude-newer"), "missing", "Write a date such as 2025-04-15")
    value = table.take("exclude-newer", dt.date, dt.date(2000, 1, 1), what="a date such as 2025-04-15")
    base = Base(
        as_of=dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc),
        requirements=_read_requirements(table, "requirements"),
        constraints=_read_requirements(table, "constraints"),
        overrides=_read_requirements(table, "overrides"),
    )
    table.end()
    return base


def read_strings(table: Table) -> tuple[tuple[str, str], ...]:
    """Read a table whose values are strings."""
    pairs = []
    for name, value in table.items():
        if isinstance(value, str):
            pairs.append((name, value))
        else:
            table.problems.add(table.place(name), f"{value!r} is not a string", f'Write {name} = "{value}"')
    return tuple(pairs)
