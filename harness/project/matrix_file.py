"""Parse `matrix.toml`. Collect every error with its key and a fix."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import Problems, UsageError
from harness.filesystem.reading import read_text
from harness.model import Generation, Preparation, Setting
from harness.project.caches import read_caches
from harness.project.family_table import read_family, read_strings
from harness.project.inline_metadata import TOMLDecodeError, loads
from harness.project.matrix import FILE, MAX_LIMITS, Exclusion, Family, Matrix, Tier
from harness.project.site_table import read_site
from harness.project.toml_table import Table

_RELATIVE_FOLDER = re.compile(r"(?!\.)[\w.-]+(?:/(?!\.)[\w.-]+)*")
_FUNCTION = re.compile(r"[\w.]+:\w+")


def read_matrix(path: Path) -> Matrix:
    """Read matrix.toml. Raise one UsageError that lists all problems."""
    problems = Problems()
    matrix = read_matrix_noting(path, problems)
    problems.raise_if_any(f"{path.name} cannot be used")
    assert matrix is not None
    return matrix


def read_matrix_noting(path: Path, problems: Problems) -> Matrix | None:
    """Read matrix.toml and add its errors to problems. Return None if the file cannot be parsed.

    Raises UsageError if the file does not exist.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise UsageError(
            f"{path}: file not found",
            next_step="Run the command in the folder of the project, or use --project DIR",
        ) from None
    except UnicodeDecodeError as error:
        problems.add(path.name, f"cannot be read, because it is not UTF-8: {error}")
        return None
    except OSError as error:
        problems.add(path.name, f"cannot be read: {error}")
        return None
    try:
        values = loads(text)
    except TOMLDecodeError as error:
        problems.add(path.name, f"invalid TOML: {error}")
        return None
    return _read(Table(values, where=path.name, problems=problems), path.parent)


def _read(table: Table, root: Path) -> Matrix:
    for old, new in (("passed", "pass-env"), ("most", "limits"), ("built", "package-dir")):
        table.rename(old, new)
    imports = table.texts("imports")
    variables = read_strings(table.table("variables"))
    families = tuple(
        read_family(Table(values, where=f"{FILE}: families.{name}", problems=table.problems), name, imports, variables)
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
        settings=_read_settings(table),
        prepare=_read_prepare(table, root),
        package_dirs=_read_package_dirs(table),
        generate=_read_generate(table, root),
        show=table.texts("show"),
        platform=table.text("platform", "x86_64-manylinux_2_28"),
        variables=variables,
        pass_env=table.texts("pass-env"),
        limits=_read_limits(table.table("limits")),
        provides=read_strings(table.table("provides")),
        families=families,
        tiers=tiers,
        default_tier=default_tier,
        exclusions=tuple(_read_exclusion(each) for each in table.tables("exclude")),
        site=read_site(table.table("site"), {each.name: each.title for each in families}),
        caches=read_caches(table.table("caches")),
        modules=read_strings(table.table("modules")),
        built_from=_read_built_from(table.table("built-from")),
    )
    table.end()
    return matrix


def _check_ids(families: tuple[Family, ...], problems: Problems) -> None:
    """Report families with the same `id` as another family."""
    first: dict[str, str] = {}
    for family in families:
        owner = first.setdefault(family.id, family.name)
        if owner != family.name:
            problems.add(
                f"{FILE}: families.{family.name}.id",
                f"families.{owner} has the same id {family.id!r}",
                f'Use another id, such as "{family.name}-{{version}}"',
            )


def _subtables(table: Table, key: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for name, values in table.table(key).items():
        if isinstance(values, dict):
            found.append((name, values))
        else:
            table.problems.add(f"{table.place(key)}.{name}", f"{values!r} is not a table", f"Write [{key}.{name}]")
    return found


def _read_limits(table: Table) -> tuple[tuple[str, float], ...]:
    limits = tuple((key, table.take(key, (int, float), most, what="a number")) for key, most in MAX_LIMITS.items())
    table.end()
    return limits


def _read_settings(table: Table) -> tuple[Setting, ...]:
    found = []
    for variable, values in _subtables(table, "settings"):
        each = Table(values, where=f"{table.place('settings')}.{variable}", problems=table.problems)
        needs = each.table("needs")
        modules = []
        for value, named in needs.items():
            if isinstance(named, list) and all(isinstance(module, str) for module in named):
                modules.append((value, tuple(named)))
            else:
                each.problems.add(needs.place(value), f"{named!r} is not a list of modules", f'Write {value} = ["jax"]')
        functions = each.texts("in-force")
        for function in functions:
            if not _FUNCTION.fullmatch(function):
                each.problems.add(each.place("in-force"), f"{function!r} is no function", 'Write "module:function"')
        found.append(Setting(variable=variable, needs=tuple(modules), in_force=functions))
        each.end()
    return tuple(found)


def _read_prepare(table: Table, root: Path) -> tuple[Preparation, ...]:
    found = []
    for module, values in _subtables(table, "prepare"):
        each = Table(values, where=f"{table.place('prepare')}.{module}", problems=table.problems)
        name = each.required_text("script", "Write the path of a script of the project")
        if name and ("\0" in name or not (root / name).is_file()):
            each.problems.add(
                each.place("script"), f"there is no file {name!r}", "Write the path of a script of the project"
            )
        found.append(Preparation(module=module, script=root / name, where=read_strings(each.table("where"))))
        each.end()
    return tuple(found)


def _read_generate(table: Table, root: Path) -> tuple[Generation, ...]:
    found = []
    for module, values in _subtables(table, "generate"):
        each = Table(values, where=f"{table.place('generate')}.{module}", problems=table.problems)
        name = each.required_text("script", "Write the path of a script of the project")
        if name and ("\0" in name or not (root / name).is_file()):
            each.problems.add(
                each.place("script"), f"there is no file {name!r}", "Write the path of a script of the project"
            )
        needs, unless = each.texts("needs"), each.texts("unless")
        for key, paths in (("needs", needs), ("unless", unless)):
            for path in paths:
                if not _RELATIVE_FOLDER.fullmatch(path):
                    each.problems.add(each.place(key), f"{path!r} is no relative path", 'Write paths such as "api"')
        found.append(Generation(module=module, script=root / name, needs=needs, unless=unless))
        each.end()
    return tuple(found)


def _read_package_dirs(table: Table) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    found = []
    for module, values in _subtables(table, "package-dir"):
        each = Table(values, where=f"{table.place('package-dir')}.{module}", problems=table.problems)
        folders = read_strings(each)
        for folder, source in folders:
            if not (_RELATIVE_FOLDER.fullmatch(folder) and _RELATIVE_FOLDER.fullmatch(source)):
                why = f"{folder!r} and {source!r} must be folders inside the package"
                each.problems.add(each.place(folder), why, 'Write paths relative to the package, such as "api/part"')
        found.append((module, folders))
    return tuple(found)


def _read_built_from(table: Table) -> tuple[tuple[str, str], ...]:
    found = read_strings(table)
    for package, path in found:
        if not _RELATIVE_FOLDER.fullmatch(path):
            table.problems.add(
                table.place(package), f"{path!r} is no path in a wheel", 'Write a path such as "package/version.py"'
            )
    return found


def _read_tier(table: Table, name: str) -> Tier:
    tier = Tier(name=name, title=table.text("title", name), environments=table.texts("environments"))
    if not tier.environments:
        table.problems.add(table.place("environments"), "missing", "List ids or globs of environments")
    table.end()
    return tier


def _read_exclusion(table: Table) -> Exclusion:
    exclusion = Exclusion(
        environments=table.texts("environments"),
        scenarios=table.texts("scenarios"),
        reason=table.required_text("reason", "Write why these cells are not run"),
    )
    if not exclusion.environments and not exclusion.scenarios:
        table.problems.add(table.where, "excludes all cells", "Add `environments` or `scenarios`")
    table.end()
    return exclusion
