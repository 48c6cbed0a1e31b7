"""The JSON Schemas of docs/schemas, to validate documents that the command line printed."""

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
# Which commands print which document; a schema without a command is of a command of the same name.
COMMANDS = {"run": "results", "table": "results", "answer": "triage"}


@functools.cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema, which is itself checked."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def validated(text: str, arguments: tuple[str, ...]) -> Any:
    """Return the document that a command with these arguments printed. Raises ValidationError if it breaks its schema."""
    document = json.loads(text)
    if "--both" in arguments:
        arguments = ("pair", *arguments)
    names = [COMMANDS.get(each, each) for each in arguments]
    name = next((each for each in names if (FOLDER / f"{each}.schema.json").exists()), None)
    assert name is not None, f"no schema for {arguments}"
    validator(name).validate(document)
    return document
