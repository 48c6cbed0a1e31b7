"""Lock files: requirements with hashes, below a TOML block with the input of their resolution. Pure functions."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.errors import UsageError
from harness.filesystem.reading import read_text
from harness.model import Build, Lock, LockOrigin, Pin
from harness.project.inline_environment import EARLIER_FAMILY, FAMILY
from harness.project.inline_metadata import TOMLDecodeError, find_block

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_SIZE = re.compile(r"(?m)^# ([0-9]{1,15}) bytes\n(\S+?)==")
# A fast path for most pins: there are thousands, and the general parser of requirements is slow.
_PLAIN_PIN = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(?P<version>[0-9]+(?:\.[0-9]+)*)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_YEARS = range(1900, 9000)
_NEXT_STEP = "Run `harness lock {id}` to create it again, or restore the file from git"


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raises UsageError if it is invalid, OSError if it cannot be read."""
    try:
        text = read_text(path)
    except UnicodeDecodeError as error:
        next_step = _NEXT_STEP.format(id=path.stem)
        raise UsageError(f"{path}: invalid lock file: not UTF-8", why=str(error), next_step=next_step) from None
    return parse_lock(text, name=str(path), id=path.stem)


def parse_lock(text: str, *, name: str, id: str) -> Lock:
    """Parse the text of a lock. `name` is its name in error messages, `id` the expected environment."""
    next_step = _NEXT_STEP.format(id=id)
    try:
        block = find_block(text, "lock")
        if block is None:
            raise UsageError(f"{name}: it has no '# /// lock' block", next_step=next_step)
        origin = _read_origin(block[0])
        builds = _read_builds(block[0].get("builds", {}), name, next_step)
    except KeyError as error:
        raise UsageError(f"{name}: its '# /// lock' block has no {error.args[0]!r}", next_step=next_step) from error
    except (TOMLDecodeError, ValueError, TypeError) as error:
        raise UsageError(f"{name}: its '# /// lock' block is malformed", why=str(error), next_step=next_step) from error
    sizes = {package: int(size) for size, package in _SIZE.findall(text)}
    pins = tuple(_parse_pin(entry, sizes, name, next_step) for entry in _entries(text))
    return Lock(origin=origin, pins=pins, builds=builds)


def _read_builds(table: object, name: str, next_step: str) -> tuple[Build, ...]:
    if not isinstance(table, dict):
        raise TypeError("builds is not a table")
    builds = []
    for package, values in table.items():
        if not isinstance(values, dict) or not isinstance(values.get("why"), str):
            raise TypeError(f"builds.{package} has no reason `why`")
        tools = values.get("tools", [])
        if canonicalize_name(package) != package or not isinstance(tools, list):
            raise TypeError(f"builds.{package} has no valid list of `tools`")
        pins = tuple(_parse_pin(str(each), {}, name, next_step) for each in tools)
        builds.append(Build(name=canonicalize_name(package), why=values["why"], tools=pins))
    return tuple(sorted(builds, key=lambda build: build.name))


def _read_origin(table: dict[str, object]) -> LockOrigin:
    def text(key: str) -> str:
        value = table[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is not a string")
        return value

    def texts(key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise TypeError(f"{key} is not a list")
        return tuple(str(each) for each in value)

    # Locks keep the key `as-of`: a renamed key would change all committed files.
    as_of = table["as-of"]
    if not isinstance(as_of, dt.datetime) or as_of.tzinfo is None:
        raise TypeError("as-of is not a date with a time and a time zone")
    if as_of.year not in _YEARS:
        raise ValueError(f"as-of is in the year {as_of.year}")
    if _CONTROL.search(text("environment")):
        raise ValueError(f"{text('environment')!r} is not the id of an environment")
    if "version" in table:
        Version(text("version"))
    if not re.fullmatch(r"3\.\d+", text("python")):
        raise ValueError(f"{text('python')!r} is not a Python")
    return LockOrigin(
        environment=text("environment"),
        family=FAMILY if text("family") == EARLIER_FAMILY else text("family"),
        package=text("package") if "package" in table else None,
        version=text("version") if "version" in table else None,
        python=text("python"),
        platform=text("platform"),
        as_of=as_of.replace(microsecond=0),
        requirements=texts("requirements"),
        constraints=texts("constraints"),
        overrides=texts("overrides"),
        base=text("base") if "base" in table else None,
        moved=texts("moved"),
        sources=texts("sources"),
    )


def _entries(text: str) -> list[str]:
    """Return the requirements with continuation lines joined, without comments and blank lines."""
    # Do not use splitlines: it also splits at characters that may occur in a comment.
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    return [entry.strip() for entry in "\n".join(lines).replace("\\\n", " ").split("\n") if entry.strip()]


def _parse_pin(entry: str, sizes: Mapping[str, int], name: str, next_step: str) -> Pin:
    requirement_text = entry.partition("--hash")[0].strip()
    hashes = tuple(_HASH.findall(entry))
    if hashes and (plain := _PLAIN_PIN.fullmatch(requirement_text)):
        return Pin(
            name=canonicalize_name(plain["name"]),
            version=plain["version"],
            hashes=hashes,
            size=sizes.get(plain["name"], 0),
        )
    try:
        requirement = Requirement(requirement_text)
    except InvalidRequirement as error:
        raise UsageError(
            f"{name}: {requirement_text!r} is not a requirement", why=str(error), next_step=next_step
        ) from None
    specifiers = list(requirement.specifier)
    pinned = len(specifiers) == 1 and specifiers[0].operator == "==" and not specifiers[0].version.endswith(".*")
    if not pinned or not hashes:
        raise UsageError(f"{name}: {requirement_text!r} is not pinned to one version with hashes", next_step=next_step)
    try:
        Version(specifiers[0].version)
    except ValueError as error:
        raise UsageError(f"{name}: {requirement_text!r} has no version", why=str(error), next_step=next_step) from None
    return Pin(
        name=canonicalize_name(requirement.name),
        version=specifiers[0].version,
        hashes=hashes,
        size=sizes.get(requirement.name, 0),
    )


def write_lock(lock: Lock) -> str:
    """Return the text of a lock file. `parse_lock` returns the same value from it."""
    origin = lock.origin
    lines = [
        f"# What is installed in {origin.environment}, as of {origin.as_of:%Y-%m-%d}.",
        f"# Generated; to make it again: harness lock {origin.environment}",
        "#",
        "# /// lock",
        *(f"# {line}" for line in _origin_lines(origin)),
        *(f"# {line}" for build in lock.builds for line in _build_lines(build)),
        "# ///",
    ]
    for pin in lock.pins:
        if pin.size:
            lines.append(f"# {pin.size} bytes")
        lines.append(f"{pin.name}=={pin.version} \\")
        lines.append(" \\\n".join(f"    --hash=sha256:{each}" for each in pin.hashes))
    return "\n".join(lines) + "\n"


def _origin_lines(origin: LockOrigin) -> list[str]:
    lines = [f"environment = {_quote(origin.environment)}", f"family = {_quote(origin.family)}"]
    for key, value in [("package", origin.package), ("version", origin.version), ("base", origin.base)]:
        if value is not None:
            lines.append(f"{key} = {_quote(value)}")
    lines += [f"python = {_quote(origin.python)}", f"platform = {_quote(origin.platform)}"]
    lines.append(f"as-of = {origin.as_of.astimezone(dt.timezone.utc):%Y-%m-%dT%H:%M:%SZ}")
    lists = [
        ("requirements", origin.requirements),
        ("constraints", origin.constraints),
        ("overrides", origin.overrides),
        ("moved", origin.moved),
        ("sources", origin.sources),
    ]
    for key, values in lists:
        if values:
            lines.append(f"{key} = [{', '.join(_quote(each) for each in values)}]")
    return lines


def _build_lines(build: Build) -> list[str]:
    key = build.name if _BARE_KEY.fullmatch(build.name) else _quote(build.name)
    lines = [f"[builds.{key}]", f"why = {_quote(build.why)}", "tools = ["]
    for pin in build.tools:
        hashes = " ".join(f"--hash=sha256:{each}" for each in pin.hashes)
        lines.append(f"  {_quote(f'{pin.name}=={pin.version} {hashes}')},")
    return [*lines, "]"]


def _quote(text: str) -> str:
    """Return a TOML basic string. JSON escapes all characters but one in the same way."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
