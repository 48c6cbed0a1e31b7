"""Reading `matrix.toml`: text in, values out, every mistake noted with its key and how it is mended."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from harness.errors import Problems, UsageError
from harness.model import Preparation
from harness.plan.blocks import TOMLDecodeError, loads
from harness.plan.matrix import FILE, MOST, Base, Exclusion, Family, Matrix, Tier
from harness.plan.tables import Table
from harness.reading import read_text

PICKS = ("every", "last of each minor")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_DAYS_AFTER = re.compile(r"([0-9]{1,5}) days after release")
_INSIDE = re.compile(r"(?!\.)[\w.-]+(?:/(?!\.)[\w.-]+)*")
_FIELDS = ("version", "minor", "package")


def read_matrix(path: Path) -> Matrix:
    """Read matrix.toml; one UsageError names every problem in it."""
    problems = Problems()
    matrix = read_matrix_noting(path, problems)
    problems.raise_if_any(f"{path.name} cannot be used")
    assert matrix is not None
    return matrix


def read_matrix_noting(path: Path, problems: Problems) -> Matrix | None:
    """Read matrix.toml; what is wrong is noted in problems. None if it cannot be read at all.

    Raises UsageError if there is no such file: then this is no project.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: there is no such file",
            next_step="Run in the folder of the project, or name it with --project DIR",
        ) from None
    except UnicodeDecodeError as error:
        problems.add(path.name, f"cannot be read: it is not UTF-8: {error}")
        return None
    except OSError as error:
        problems.add(path.name, f"cannot be read: {error}")
        return None
    try:
        values = loads(text)
    except TOMLDecodeError as error:
        problems.add(path.name, f"not TOML: {error}")
        return None
    return _read(Table(values, where=path.name, problems=problems), path.parent)


def _read(table: Table, root: Path) -> Matrix:
    imports = table.texts("imports")
    variables = _strings(table.table("variables"))
    families = tuple(
        _read_family(Table(values, where=f"{FILE}: families.{name}", problems=table.problems), name, imports, variables)
        for name, values in _subtables(table, "families")
    )
    _check_ids(families, table.problems)
    tiers = tuple(
        _read_tier(Table(values, where=f"{FILE}: tiers.{name}", problems=table.problems), name)
        for name, values in _subtables(table, "tiers")
    )
    default_tier = table.text("default-tier", tiers[0].name if tiers else "")
    if tiers and default_tier not in {tier.name for tier in tiers}:
        table.problems.add(table.place("default-tier"), f"there is no tier {default_tier!r}", "Define [tiers.NAME]")
    matrix = Matrix(
        imports=imports,
        preload=table.texts("preload"),
        touch=table.texts("touch"),
        prepare=_read_prepare(table, root),
        built=_read_built(table),
        show=table.texts("show"),
        platform=table.text("platform", "x86_64-manylinux_2_28"),
        variables=variables,
        passed=table.texts("passed"),
        most=_read_most(table.table("most")),
        provides=_strings(table.table("provides")),
        families=families,
        tiers=tiers,
        default_tier=default_tier,
        exclusions=tuple(_read_exclusion(each) for each in table.tables("exclude")),
    )
    table.end()
    return matrix


def _check_ids(families: tuple[Family, ...], problems: Problems) -> None:
    """Note the families whose environments would have the ids of another's."""
    first: dict[str, str] = {}
    for family in families:
        owner = first.setdefault(family.id, family.name)
        if owner != family.name:
            problems.add(
                f"{FILE}: families.{family.name}.id",
                f"{family.id!r} is that of families.{owner}, too",
                f'Write another, such as "{family.name}-{{version}}"',
            )


def _subtables(table: Table, key: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for name, values in table.table(key).items():
        if isinstance(values, dict):
            found.append((name, values))
        else:
            table.problems.add(f"{table.place(key)}.{name}", f"{values!r} is not a table", f"Write [{key}.{name}]")
    return found


def _strings(table: Table) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name, value in table.items():
        if isinstance(value, str):
            pairs.append((name, value))
        else:
            table.problems.add(table.place(name), f"{value!r} is not a string", f'Write {name} = "{value}"')
    return tuple(pairs)


def _read_most(table: Table) -> tuple[tuple[str, float], ...]:
    most = tuple((key, table.take(key, (int, float), largest, what="a number")) for key, largest in MOST.items())
    table.end()
    return most


def _read_prepare(table: Table, root: Path) -> tuple[Preparation, ...]:
    found = []
    for module, values in _subtables(table, "prepare"):
        each = Table(values, where=f"{table.place('prepare')}.{module}", problems=table.problems)
        name = each.required_text("script", "Name a script of the project")
        if name and ("\0" in name or not (root / name).is_file()):
            each.problems.add(each.place("script"), f"there is no file {name!r}", "Name a script of the project")
        found.append(Preparation(module=module, script=root / name, where=_strings(each.table("where"))))
        each.end()
    return tuple(found)


def _read_built(table: Table) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    found = []
    for module, values in _subtables(table, "built"):
        each = Table(values, where=f"{table.place('built')}.{module}", problems=table.problems)
        folders = _strings(each)
        for folder, source in folders:
            if not (_INSIDE.fullmatch(folder) and _INSIDE.fullmatch(source)):
                why = f"{source!r} becomes {folder!r}, and one of them is no folder inside the package"
                each.problems.add(each.place(folder), why, 'Write both from the package on, such as "api/part"')
        found.append((module, folders))
    return tuple(found)


def _read_family(table: Table, name: str, imports: tuple[str, ...], variables: tuple[tuple[str, str], ...]) -> Family:
    package = table.required_text("package", "Name the package whose versions the family steps through")
    identifier = table.text("id", f"{name}{{version}}")
    if identifier.count("{version}") != 1:
        table.problems.add(table.place("id"), f"{identifier!r} does not hold {{version}} once", 'Write "tf{version}"')
    elif not _ID.fullmatch(identifier.replace("{version}", "1")):
        table.problems.add(
            table.place("id"),
            f"{identifier!r} holds something else than letters, digits, '.', '_', '+', '-' and {{version}}",
            'Write "tf{version}"',
        )
    pick = table.text("pick", "every")
    if pick not in PICKS:
        table.problems.add(table.place("pick"), f"{pick!r} is not known", f"Write one of: {', '.join(PICKS)}")
    family = Family(
        name=name,
        title=table.text("title", name),
        package=package,
        id=identifier,
        versions=_read_versions(table),
        pick=pick,
        also=_versions(table, "also", table.texts("also")),
        pythons=_read_pythons(table),
        days_after_release=_read_dating(table),
        requirements=_read_requirements(table, "requirements", default=(f"{package}=={{version}}",)),
        constraints=_read_requirements(table, "constraints"),
        overrides=_read_requirements(table, "overrides"),
        variables=tuple({**dict(variables), **dict(_strings(table.table("variables")))}.items()),
        imports=table.texts("imports") if table.has("imports") else imports,
        base=_read_base(table.table("base")) if table.has("base") else None,
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
            table.problems.add(table.place(f"pythons.{python}"), f"{python!r} is not a Python", 'Write it as "3.11"')
        parsed = table.parsed(f"pythons.{python}", str(versions), SpecifierSet)
        pythons.append((python, parsed if parsed is not None else SpecifierSet()))
    if not pythons:
        table.problems.add(
            table.place("pythons"), "missing", 'Say which Python is for which versions: { "3.11" = ">=2" }'
        )
    return tuple(pythons)


def _read_dating(table: Table) -> int | None:
    text = table.text("as-of", "28 days after release")
    if text == "today":
        return None
    match = _DAYS_AFTER.fullmatch(text)
    if match is None:
        table.problems.add(table.place("as-of"), f"{text!r} is no date", 'Write "28 days after release" or "today"')
        return 0
    return int(match.group(1))


def _read_requirements(table: Table, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    texts = table.texts(key) if table.has(key) else default
    for text in texts:
        if not _is_template(text):
            table.problems.add(
                table.place(key), f"{text!r} has an unknown field", "Known: {version}, {minor}, {package}"
            )
            continue
        # Templates are checked as they would read for some version.
        requirement = table.parsed(key, text.format(version="1.2.3", minor="1.2", package="package"), Requirement)
        if requirement is not None and requirement.url is not None:
            table.problems.add(
                table.place(key), f"{text!r} names an address", "Packages come from the index, by version"
            )
    return texts


def _is_template(text: str) -> bool:
    """Whether a text has only the fields that are filled, plainly: what they may be asked for has no bounds."""
    try:
        fields = [each[1:] for each in string.Formatter().parse(text) if each[1] is not None]
    except ValueError:
        return False
    return all(name in _FIELDS and not form and conversion is None for name, form, conversion in fields)


def _read_base(table: Table) -> Base:
    if not table.has("as-of"):
        table.problems.add(table.place("as-of"), "missing", "Write a date such as 2025-04-15")
    value = table.take("as-of", dt.date, dt.date(2000, 1, 1), what="a date such as 2025-04-15")
    base = Base(
        as_of=dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc),
        requirements=_read_requirements(table, "requirements"),
        constraints=_read_requirements(table, "constraints"),
        overrides=_read_requirements(table, "overrides"),
    )
    table.end()
    return base


def _read_tier(table: Table, name: str) -> Tier:
    tier = Tier(name=name, title=table.text("title", name), environments=table.texts("environments"))
    if not tier.environments:
        table.problems.add(table.place("environments"), "missing", "List the ids or globs of the tier's environments")
    table.end()
    return tier


def _read_exclusion(table: Table) -> Exclusion:
    exclusion = Exclusion(
        environments=table.texts("environments"),
        scenarios=table.texts("scenarios"),
        reason=table.required_text("reason", "Say why these cells are not run"),
    )
    if not exclusion.environments and not exclusion.scenarios:
        table.problems.add(table.where, "excludes everything", "Name environments or scenarios")
    table.end()
    return exclusion
