"""Documents of the repository against the schemas; the tests of runs and searches validate those that commands print."""

import json
from pathlib import Path

import pytest
from jsonschema import ValidationError

from tests.schemas import FOLDER, validated, validator

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.schema.json")), ids=lambda path: path.name)
def test_schema_is_valid_and_listed(path):
    validator(path.name.removesuffix(".schema.json"))
    assert f"({path.name})" in (FOLDER / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["results/results.json", "results/full/results.json"])
def test_published_results_match_their_schema(path):
    validated((ROOT / path).read_text(encoding="utf-8"), ("table",))


def test_published_table_of_readers_matches_its_schema():
    validated((ROOT / "results" / "transfer" / "transfer.json").read_text(encoding="utf-8"), ("transfer",))


@pytest.mark.parametrize("name", ["report_live.json", "report_results.json"])
def test_rendered_results_match_their_schema(name):
    validated((ROOT / "tests" / "unit" / "goldens" / name).read_text(encoding="utf-8"), ("run",))


@pytest.mark.parametrize("key", ["cells", "schema", "counts"])
def test_document_without_a_required_key_is_refused(key):
    document = json.loads((ROOT / "results" / "results.json").read_text(encoding="utf-8"))
    del document[key]
    with pytest.raises(ValidationError):
        validator("results").validate(document)


def test_outcome_that_does_not_exist_is_refused():
    document = json.loads((ROOT / "results" / "results.json").read_text(encoding="utf-8"))
    document["cells"][0]["outcome"] = "maybe"
    with pytest.raises(ValidationError):
        validator("results").validate(document)
