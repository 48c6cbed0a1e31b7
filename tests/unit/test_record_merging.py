"""Merging stores: split, order, duplicates and repeats do not change the result, and damage changes nothing."""

import datetime as dt
import json
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.model import Attempt, Case, Cell, Evidence, Outcome
from harness.record.attempt_ids import planned_id
from harness.record.json_lines import from_line, read_lines, to_line
from harness.record.merging import StoreSource, merge
from harness.record.rows import to_row
from harness.record.splits import KnownSplit, ShardRun, known_shards, known_splits, remember_split
from harness.record.store import Store, Writer
from tests.unit.test_record_store import START
from tests.unit.test_record_store import attempts as any_attempt

RUN = ShardRun(split="0123456789abcdef", number=1, filled=3, shards=3, version="0", worker="w")
OUTCOMES = st.sampled_from([Outcome.PASSED, Outcome.FAILED])


def attempt(number, second=0, *, outcome=Outcome.PASSED, conclusive=True):
    return Attempt(
        cell=Cell(case=Case(scenario="s", parameters=(("n", number),)), environment="env"),
        key=f"{number:064x}",
        outcome=outcome,
        conclusive=conclusive,
        started=START + dt.timedelta(seconds=second),
        duration_s=1.0 + second,
        versions=(("demo", "1.0"),),
        evidence=Evidence(script=f"print({number})\n", stdout=f"{second}"),
    )


def store(path, attempts, *, shard=None, project="[]"):
    with Writer(path, ["env"], shard=shard, project=project) as writer:
        for each in attempts:
            writer.add(each)
    return path


def merged(path, stores, scratch):
    """Merge stores, in one call; give what the call did."""
    with ExitStack() as stack:
        sources = []
        for each in stores:
            copy = scratch / f"{len(list(scratch.iterdir()))}.sqlite"
            sources.append(StoreSource.open(each, copy))
            stack.enter_context(closing(sources[-1].connection))
        return merge(path, sources, notify=lambda line: None)


def content(path):
    """Return all that readers see, with evidence, in the order they see it."""
    with closing(Store(path)) as opened:
        keys = [f"{number:064x}" for number in range(20)]
        found = opened.by_keys(keys)
        return {key: [(each, each.id) for each in opened.all_with_evidence(key)] for key in keys}, found


@settings(max_examples=15, deadline=None)
@given(
    runs=st.lists(st.lists(st.tuples(st.integers(0, 5), OUTCOMES, st.booleans()), max_size=6), min_size=1, max_size=4),
    data=st.data(),
)
def test_order_duplicates_and_repeats_of_merges_change_nothing(tmp_path_factory, runs, data):
    folder = tmp_path_factory.mktemp("merging")
    scratch = folder / "scratch"
    scratch.mkdir()
    seconds = iter(range(1000))
    stores = [
        store(
            folder / f"{number}.sqlite",
            [attempt(key, next(seconds), outcome=outcome, conclusive=conclusive) for key, outcome, conclusive in run],
        )
        for number, run in enumerate(runs)
    ]
    at_once = folder / "at-once.sqlite"
    merged(at_once, stores, scratch)
    again = data.draw(st.lists(st.sampled_from(stores), max_size=4))
    order = data.draw(st.permutations([*stores, *again]))
    one_by_one = folder / "one-by-one.sqlite"
    while order:
        count = data.draw(st.integers(1, len(order)))
        merged(one_by_one, order[:count], scratch)
        order = order[count:]
    assert content(one_by_one) == content(at_once)
    assert merged(one_by_one, stores, scratch).added == 0


@settings(max_examples=12, deadline=None)
@given(
    cells=st.lists(st.integers(0, 9), unique=True, min_size=1),
    cut=st.integers(0, 9),
    twice=st.booleans(),
    data=st.data(),
)
def test_shards_give_what_one_run_gives(tmp_path_factory, cells, cut, twice, data):
    """Two shards, one of which may have been run on two machines: one attempt of each cell, as the first of them."""
    folder = tmp_path_factory.mktemp("shards")
    scratch = folder / "scratch"
    scratch.mkdir()
    parts = [cells[:cut], cells[cut:]]
    stores = [
        store(
            folder / f"{number}.sqlite", [attempt(cell, cell) for cell in part], shard=replace(RUN, number=number + 1)
        )
        for number, part in enumerate(parts)
    ]
    if twice:
        late = [attempt(cell, cell + 100) for cell in parts[1]]
        stores.append(store(folder / "twice.sqlite", late, shard=replace(RUN, number=2)))
    target = folder / "merged.sqlite"
    result = merged(target, data.draw(st.permutations(stores)), scratch)
    found, _ = content(target)
    expected = {f"{cell:064x}": [(attempt(cell, cell), planned_id(RUN.split, 0))] for cell in cells}
    assert {key: attempts for key, attempts in found.items() if attempts} == expected
    assert len(result.repeated) == (len(parts[1]) if twice else 0)


def test_inconclusive_attempt_does_not_take_the_place_of_the_planned_one(tmp_path):
    path = store(
        tmp_path / "a.sqlite", [attempt(1, 1, outcome=Outcome.ERROR, conclusive=False), attempt(1, 2)], shard=RUN
    )
    with closing(Store(path)) as opened:
        first, second = opened.by_keys([attempt(1).key])[attempt(1).key]
    assert first.id.startswith("run-")
    assert second.id == planned_id(RUN.split, 0)


def test_attempts_of_a_shard_are_numbered_on(tmp_path):
    path = store(tmp_path / "a.sqlite", [attempt(1, 1), attempt(1, 2)], shard=RUN)
    with closing(Store(path)) as opened:
        assert [each.id for each in opened.by_keys([attempt(1).key])[attempt(1).key]] == [planned_id(RUN.split, number) for number in (0, 1)]  # fmt: skip


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


class TestBadInput:
    @pytest.fixture
    def good(self, tmp_path):
        return store(tmp_path / "good.sqlite", [attempt(1, 1)])

    @pytest.fixture
    def bad(self, tmp_path):
        return store(tmp_path / "bad.sqlite", [attempt(2, 2), attempt(3, 3)])

    def change(self, path, statement):
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER no_update")
        connection.execute(statement)
        connection.commit()
        connection.close()

    @pytest.mark.parametrize(
        ("statement", "message"),
        [
            ("UPDATE attempts SET outcome = 'failed' WHERE id = 2", "an attempt was changed"),
            ("UPDATE attempts SET evidence = x'00' WHERE id = 2", "damaged"),
            ("UPDATE texts SET content = x'00'", "damaged"),
            ("UPDATE attempts SET cell = '@@' WHERE id = 2", "damaged"),
        ],
    )
    def test_damaged_attempt_merges_nothing(self, tmp_path, scratch, good, bad, statement, message):
        self.change(bad, statement)
        target = tmp_path / "target.sqlite"
        with pytest.raises(HarnessError, match=message):
            merged(target, [good, bad], scratch)
        assert not target.exists()

    def test_error_while_writing_merges_nothing(self, tmp_path, scratch, good, bad):
        target = store(tmp_path / "target.sqlite", [attempt(0, 0)])
        connection = sqlite3.connect(target)
        connection.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON attempts WHEN NEW.key = '{attempt(3).key}' "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        connection.commit()
        connection.close()
        with pytest.raises(HarnessError, match="disk is full"):
            merged(target, [good, bad], scratch)
        with closing(Store(target)) as opened:
            assert opened.count() == 1

    @pytest.mark.parametrize(
        "content",
        [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\0" * 84],
        ids=["empty", "text", "cut off"],
    )
    def test_file_that_is_no_store(self, tmp_path, scratch, content):
        path = tmp_path / "other.sqlite"
        path.write_bytes(content)
        with pytest.raises(HarnessError, match="is not a store of attempts"):
            merged(tmp_path / "target.sqlite", [path], scratch)
        assert path.read_bytes() == content

    def test_database_of_something_else(self, tmp_path, scratch):
        path = tmp_path / "other.sqlite"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE things (id)")
        connection.commit()
        connection.close()
        with pytest.raises(HarnessError, match="It has no table of attempts"):
            merged(tmp_path / "target.sqlite", [path], scratch)

    def test_truncated_store(self, tmp_path, scratch):
        path = store(tmp_path / "long.sqlite", [attempt(number, number) for number in range(200)])
        path.write_bytes(path.read_bytes()[:-8192])
        with pytest.raises(HarnessError):
            merged(tmp_path / "target.sqlite", [path], scratch)

    def test_store_of_a_newer_version(self, tmp_path, scratch, good):
        connection = sqlite3.connect(good)
        connection.execute("INSERT INTO migrations VALUES ('m999_future')")
        connection.commit()
        connection.close()
        with pytest.raises(HarnessError, match="newer version"):
            merged(tmp_path / "target.sqlite", [good], scratch)


def test_source_stays_as_it_is(tmp_path, scratch):
    path = store(tmp_path / "a" / "a.sqlite", [attempt(1, 1)])
    before = path.read_bytes()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        merged(tmp_path / "target.sqlite", [path], scratch)
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir() if each.suffix == ".sqlite"] == ["a.sqlite"]
    finally:
        path.parent.chmod(0o700)


def test_store_that_is_being_written_is_merged_as_it_is_now(tmp_path, scratch):
    path = tmp_path / "a.sqlite"
    with Writer(path, ["env"]) as writer:
        writer.add(attempt(1, 1))
        assert merged(tmp_path / "target.sqlite", [path], scratch).added == 1
        writer.add(attempt(2, 2))
    assert merged(tmp_path / "target.sqlite", [path], scratch).added == 1


@settings(max_examples=40, deadline=None)
@given(any_attempt)
def test_line_of_an_attempt_has_all_of_it(recorded):
    recorded = replace(recorded, id="run-1")
    row, texts = from_line(to_line(recorded))
    assert (row, texts) == to_row(recorded)


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[:-20],
        lambda line: line.replace('"passed"', '"failed"'),
        lambda line: json.dumps({**json.loads(line), "more": 1}),
        lambda line: json.dumps({**json.loads(line), "script": "other"}),
        lambda line: json.dumps({**json.loads(line), "script": 3}),
        lambda line: "[]",
        lambda line: "",
    ],
)
def test_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "attempts.jsonl"
    good = to_line(attempt(1, 1))
    path.write_text(f"{good}\n{damage(good)}\n")
    lines = read_lines(path)
    next(lines)
    with pytest.raises(ValueError, match="line 2 is damaged"):
        next(lines)


def test_store_knows_splits_and_shards(tmp_path):
    path = tmp_path / "a.sqlite"
    assert list(known_splits(path, "s", 2)) == []
    one, two = (KnownSplit(split=id, shards=((("k", 1),), ((id, 2),))) for id in ("1", "2"))
    for each in (one, two):
        remember_split(path, each, selection="s")
    assert list(known_splits(path, "s", 2)) == [two, one]
    assert list(known_splits(path, "s", 3)) == []
    assert list(known_splits(path, "t", 2)) == []
    store(path, [], shard=RUN)
    store(path, [], shard=RUN)
    assert known_shards(path) == [RUN]
