"""The store of attempts: round trips, append-only, and detection of damage."""

import datetime as dt
import random
import re
import shutil
import sqlite3
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.model import Attempt, Case, Cell, Evidence, Outcome
from harness.model.scenario import identity_of_two
from harness.record import migrations
from harness.record.migrations import MIGRATIONS, migrate
from harness.record.old_identities import identities_of_old
from harness.record.opening import DamagedStore, move_aside
from harness.record.run_lock import StoreInUse
from harness.record.store import Cost, Store, Writer

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


def attempt(
    number=0, *, key=None, cell=None, outcome=Outcome.PASSED, conclusive=True, duration_s=1.0, stdout="", peak_mib=0
):
    return Attempt(
        cell=cell or Cell(case=Case(scenario="s", parameters=(("n", number),)), environment="env"),
        key=key or f"{number:064x}",
        outcome=outcome,
        conclusive=conclusive,
        started=START + dt.timedelta(seconds=number),
        duration_s=duration_s,
        peak_mib=peak_mib,
        versions=(("demo", "1.0"),),
        evidence=Evidence(script="print(1)\n", stdout=stdout),
    )


def fill(path, attempts, environments=("env",)):
    with Writer(path, environments) as writer:
        for each in attempts:
            writer.add(each)
        return writer.notice


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "attempts.sqlite"


@pytest.fixture
def reading(path):
    """Open a store to read, and close it at the end."""
    opened = []

    def open_store():
        opened.append(Store(path))
        return opened[-1]

    yield open_store
    for each in opened:
        each.close()


texts = st.text(max_size=30)
pairs = st.dictionaries(st.text(min_size=1, max_size=8), texts, max_size=3).map(lambda found: tuple(found.items()))
attempts = st.builds(
    Attempt,
    cell=st.builds(
        Cell,
        case=st.just(Case(scenario="s", parameters=(("a", 'x "y"'), ("b", True)))),
        environment=st.just("env"),
        writer=st.none() | st.just("w"),
    ),
    key=st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
    outcome=st.sampled_from(list(Outcome)),
    stage=st.none() | texts,
    error=texts,
    reason=texts,
    conclusive=st.booleans(),
    started=st.datetimes(timezones=st.just(dt.timezone.utc)),
    duration_s=st.floats(0, 1e6),
    interpreter=texts,
    platform=texts,
    lock=texts,
    versions=pairs,
    variables=pairs,
    sandbox=texts,
    isolation=texts,
    script_s=st.floats(0, 1e6),
    peak_mib=st.integers(0, 1 << 30),
    condition=texts,
    limit_s=st.floats(0, 1e6),
    identity=st.text(alphabet="0123456789abcdef", max_size=64),
    external=st.booleans(),
    evidence=st.builds(Evidence, stdout=texts, stderr=texts, traceback=texts, dump=texts, script=texts),
)


@settings(max_examples=40)
@given(attempts)
def test_attempt_round_trips(tmp_path_factory, recorded):
    path = tmp_path_factory.mktemp("store") / "attempts.sqlite"
    fill(path, [recorded])
    store = Store(path)
    try:
        assert store.latest_with_evidence(recorded.key) == recorded
        assert store.by_keys([recorded.key]) == {recorded.key: [recorded.without_evidence()]}
        assert store.cells() == [recorded.cell]
    finally:
        store.close()


def test_missing_store_is_empty(path, reading):
    store = reading()
    assert store.by_keys(["a"]) == {}
    assert store.latest_with_evidence("a") is None
    assert list(store.of_cell(Cell.parse("s@env"), "")) == []
    assert (store.scripts("s"), store.labels()) == ((), [])
    assert (store.count(), store.cells(), store.costs()) == (0, [], {})
    assert not path.exists(), "reading makes no file"


def test_new_store_waits_for_a_process_that_prepares_it(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # as a migration does
    ends = threading.Timer(0.3, other.close)
    ends.start()
    with Writer(path, ["tf2"]) as writer:
        assert writer.notice == ""
    ends.join()


def test_attempts_under_a_key_are_oldest_first(path, reading):
    recorded = [attempt(0, key="k", outcome=outcome) for outcome in (Outcome.FAILED, Outcome.PASSED, Outcome.FAILED)]
    fill(path, recorded)
    assert [each.outcome for each in reading().by_keys(["k"])["k"]] == [each.outcome for each in recorded]


@pytest.mark.parametrize("recorded", [pytest.param(900, id="most of the store"), pytest.param(2500, id="some of it")])
def test_more_keys_than_a_query_takes(path, reading, recorded):
    fill(path, [attempt(number) for number in range(recorded)])
    found = reading().by_keys(f"{number:064x}" for number in (*range(300, 1300), 3, 3))
    assert set(found) == {f"{number:064x}" for number in (3, *range(300, min(recorded, 1300)))}
    assert all(len(each) == 1 for each in found.values())


def test_settled_attempt_is_preferred_to_a_newer_unsettled_one(path, reading):
    fill(path, [attempt(0, key="k"), attempt(1, key="k", outcome=Outcome.ERROR, conclusive=False)])
    assert reading().latest_with_evidence("k").outcome is Outcome.PASSED


def test_newest_attempt_of_a_cell_under_any_conditions(path, reading):
    cell = Cell(case=Case(scenario="s"), environment="env")
    fill(path, [attempt(0, key="old", cell=cell), attempt(1, key="new", cell=cell)])
    assert [each.key for each in reading().of_cell(cell, "")] == ["new", "old"]


def test_last_cost_counts_and_none_is_left_out(path, reading):
    fill(path, [attempt(1, duration_s=5.0), attempt(1, duration_s=2.0, peak_mib=7), attempt(2, duration_s=0.0)])
    assert reading().costs() == {("s[n=1]@env", ""): Cost(duration_s=2.0, peak_mib=7)}


def test_costs_of_scripts_with_one_label_are_told_apart(path, reading):
    cell = Cell.parse("s@env")
    recorded = [replace(attempt(0, key=each, cell=cell), identity=each, external=True) for each in "ab"]
    fill(path, [replace(each, duration_s=float(place)) for place, each in enumerate(recorded, start=1)])
    assert {key: cost.duration_s for key, cost in reading().costs().items()} == {("s@env", "a"): 1, ("s@env", "b"): 2}


def test_name_with_a_digest_is_recorded_as_its_label(path, reading):
    cell = Cell.parse("s~0123abcd@env")
    fill(path, [replace(attempt(0, key="k", cell=cell), identity="0123abcd" * 8, external=True)])
    assert [str(each) for each in reading().cells()] == ["s@env"]
    assert [str(each.cell) for each in reading().of_cell(cell, "0123abcd" * 8)] == ["s~0123abcd@env"]
    assert list(reading().of_cell(Cell.parse("s@env"), "")) == [], "it is no scenario of the project"


def old_rows(*rows):
    return identities_of_old([(place, cell, digest, "2024") for place, (cell, digest) in enumerate(rows, start=1)])


def test_attempts_of_old_stores_are_identified_by_the_text_that_they_ran():
    identities, scripts = old_rows(("r@e", "1"), ("r@f", "2"), ("s[a=1]@e", "1"))
    assert identities == [("1", 1), ("2", 2), ("1", 3)]
    assert [(label, identity) for label, identity, *_ in scripts] == [("r", "1"), ("r", "2"), ("s", "1")]


def test_both_steps_of_old_stores_are_identified_by_both_texts():
    identities, scripts = old_rows(("t@e", "w"), ("t@e -> f", "r"), ("t@e", "w2"), ("t@e -> f", "r"))
    first, second = identity_of_two("r", "w"), identity_of_two("r", "w2")
    assert sorted(identities, key=lambda each: each[1]) == [(first, 1), (first, 2), (second, 3), (second, 4)]
    assert [each[3:] for each in scripts] == [("r", "w"), ("r", "w2")]


def test_shared_texts_are_kept_once(path):
    fill(path, [attempt(number) for number in range(20)])
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE attempts SET outcome = 'passed'", "DELETE FROM attempts", "DELETE FROM attempts WHERE id = 1"]
)
def test_attempts_cannot_be_changed(path, statement):
    fill(path, [attempt(0, outcome=Outcome.FAILED)])
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="attempts are never changed"):
        connection.execute(statement)
    connection.close()


class TestMigrations:
    @pytest.fixture
    def connection(self):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        yield connection
        connection.close()

    def test_each_is_applied_once_and_in_order(self, connection, monkeypatch):
        applied = []

        def step(name):
            def migration(connection):
                applied.append(name)

            migration.__name__ = name
            return migration

        monkeypatch.setattr(migrations, "MIGRATIONS", (step("m1"), step("m2")))
        migrate(connection)
        monkeypatch.setattr(migrations, "MIGRATIONS", (step("m1"), step("m2"), step("m3")))
        migrate(connection)
        migrate(connection)
        assert applied == ["m1", "m2", "m3"]

    def test_failed_migration_is_rolled_back_and_repeated(self, connection, monkeypatch):
        def first(connection):
            connection.execute("CREATE TABLE first (x)")

        def broken(connection):
            connection.execute("CREATE TABLE half (x)")
            raise RuntimeError("no")

        monkeypatch.setattr(migrations, "MIGRATIONS", (first, broken))
        with pytest.raises(RuntimeError):
            migrate(connection)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {"migrations", "first"}
        assert connection.execute("SELECT name FROM migrations").fetchall() == [("first",)]

    def test_names_are_unique_and_in_order(self):
        names = [migration.__name__ for migration in MIGRATIONS]
        assert names == sorted(set(names))
        assert all(migration.__doc__ for migration in MIGRATIONS)

    def test_store_of_each_earlier_version_is_migrated(self, path, reading, monkeypatch):
        path.parent.mkdir()
        monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:1])
        old = sqlite3.connect(path, isolation_level=None)
        migrate(old)
        old.close()
        monkeypatch.undo()
        fill(path, [attempt(0)])
        assert reading().count() == 1

    def test_what_ran_without_a_sandbox_before_conditions_were_recorded_is_told_apart(self, path, reading):
        fill(path, [replace(attempt(0), sandbox="bubblewrap"), replace(attempt(1), sandbox="none")])
        connection = sqlite3.connect(path)
        for column in ("condition", "limit_s"):
            connection.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
        connection.execute("DELETE FROM migrations WHERE name = 'm007_conditions'")
        connection.commit()
        connection.close()
        assert reading().conditions({("s[n=0]@env", ""), ("s[n=1]@env", "")}) == {
            ("s[n=0]@env", ""): {""},
            ("s[n=1]@env", ""): {"sandbox off"},
        }
        assert len(read_all(path)) == 2, "their sums are made anew"

    def test_tells_whether_attempts_were_made_under_another_condition(self, path, reading):
        assert not reading().has_other_condition("")
        fill(path, [attempt(0)])
        assert not reading().has_other_condition("")
        assert reading().has_other_condition("sandbox off")
        fill(path, [replace(attempt(1), condition="sandbox off")])
        assert reading().has_other_condition("")

    def test_attempts_of_an_earlier_version_get_checksums(self, path, reading, monkeypatch):
        fill(path, [attempt(0), attempt(1)])
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER no_delete")
        connection.execute("DROP INDEX attempts_by_identity")
        connection.execute("DROP INDEX attempts_by_attempt")
        connection.execute("CREATE INDEX attempts_by_key ON attempts (key)")
        for table in ("scripts", "projects", "splits", "shards"):
            connection.execute(f"DROP TABLE {table}")
        columns = ("checksum", "condition", "limit_s", "cause", "identity", "external", "layer", "limits", "attempt",
                   "session", "stage_s")  # fmt: skip
        for column in columns:
            connection.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
        connection.execute("DELETE FROM migrations WHERE name >= 'm005'")
        connection.commit()
        connection.close()
        assert len(read_all(path)) == 2
        connection = sqlite3.connect(path)
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE attempts SET error = ''")
        connection.close()

    @pytest.mark.parametrize("open_store", [Store, lambda path: Writer(path, ["env"])], ids=["reader", "writer"])
    def test_newer_store_is_rejected_and_unchanged(self, path, open_store):
        fill(path, [attempt(0)])
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO migrations VALUES ('m999_future')")
        connection.commit()
        connection.close()
        with pytest.raises(HarnessError, match="a newer version") as caught:
            open_store(path)
        assert "m999_future" in str(caught.value)
        assert "Update this checkout" in str(caught.value)
        assert [each.name for each in path.parent.iterdir() if "damaged" in each.name] == []

    def test_concurrent_processes_migrate_a_new_store(self, path):
        barrier = threading.Barrier(6)
        lost = []

        def begin(number):
            barrier.wait()
            try:
                fill(path, [attempt(number)], [f"env{number}"])
            except BaseException as error:
                lost.append(error)

        threads = [threading.Thread(target=begin, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert lost == []
        store = Store(path)
        assert store.count() == 6
        store.close()


class TestGone:
    """Deleted or replaced while a run writes it."""

    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_deleted_store_is_restored(self, path, what):
        said = []
        with Writer(path, ["env"], notify=said.append) as writer:
            writer.add(attempt(0))
            for each in path.parent.iterdir():
                if each.is_file():
                    each.unlink()
                elif what == "folder":
                    shutil.rmtree(each)
            if what == "folder":
                path.parent.rmdir()
            writer.add(attempt(1))
            assert len(read_all(path)) == 2
            with pytest.raises(StoreInUse):
                Writer(path, ["env"])
        assert len(said) == 1
        assert "It was restored completely" in said[0]
        assert len(read_all(path)) == 2

    def test_store_deleted_after_the_last_attempt_is_restored(self, path):
        with Writer(path, ["env"]) as writer:
            writer.add(attempt(0))
            path.unlink()
        assert len(read_all(path)) == 1

    def test_replaced_store_is_rejected(self, path, tmp_path):
        fill(tmp_path / "other.sqlite", [attempt(5)])
        with pytest.raises(HarnessError, match="another file replaced the store"), Writer(path, ["env"]) as writer:
            writer.add(attempt(0))
            (tmp_path / "other.sqlite").replace(path)
            writer.add(attempt(1))


class TestDamage:
    @pytest.fixture
    def filled(self, path):
        fill(path, [attempt(number, stdout="out " * number) for number in range(60)])
        return path

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda data: b"this is no database at all, but long enough to be read" * 20, id="no database"),
            pytest.param(lambda data: data[:5000], id="cut off"),
            pytest.param(lambda data: data[:4096] + b"\xff" * (len(data) - 4096), id="pages overwritten"),
            pytest.param(lambda data: b"\0" * 100 + data[100:], id="no header"),
        ],
    )
    def test_damaged_store_is_moved_aside_whole(self, filled, spoil):
        spoilt = spoil(filled.read_bytes())
        filled.write_bytes(spoilt)
        with pytest.raises(DamagedStore, match="the store is damaged") as caught:
            read_all(filled)
        assert "harness run" in str(caught.value)
        notice = fill(filled, [attempt(1)])
        aside = [each for each in filled.parent.iterdir() if ".damaged-" in each.name]
        assert [each.read_bytes() for each in aside] == [spoilt]
        assert aside[0].name in notice
        assert "nothing was deleted" in notice
        assert len(read_all(filled)) == 1

    @pytest.mark.parametrize(
        ("column", "value"),
        [("cell", "@@"), ("outcome", "perhaps"), ("started", "yesterday"), ("variables", "{"), ("versions", "gone"), ("cell", b"\xff\xfe"), ("error", "another"), ("script_s", 9.5), ("settled", 0)],
    )  # fmt: skip
    def test_invalid_value_is_damage(self, filled, column, value):
        connection = sqlite3.connect(filled)
        connection.execute("DROP TRIGGER no_update")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"UPDATE attempts SET {column} = ? WHERE id = 7", [value])
        connection.commit()
        connection.close()
        with pytest.raises(DamagedStore):
            read_all(filled)

    def test_missing_name_of_a_migration_is_damage(self, filled):
        connection = sqlite3.connect(filled)
        connection.execute("DELETE FROM migrations WHERE name = 'm005_checksums'")
        connection.commit()
        connection.close()
        with pytest.raises(DamagedStore, match="duplicate column name"):
            read_all(filled)

    @pytest.mark.parametrize("name", ["script_s", "texts", "migrations", "checksum"])
    def test_damaged_name_in_the_schema_is_damage(self, filled, name):
        data = filled.read_bytes()
        filled.write_bytes(data.replace(name.encode(), name[:-1].encode() + b"~"))
        with pytest.raises(DamagedStore):
            read_all(filled)
        assert "nothing was deleted" in move_aside(filled, "its schema is damaged")

    def test_damaged_evidence_is_reported_when_it_is_read(self, filled):
        connection = sqlite3.connect(filled)
        connection.execute("DROP TRIGGER no_update")
        connection.execute("UPDATE attempts SET evidence = x'00' WHERE id = 7")
        connection.commit()
        connection.close()
        assert len(read_all(filled)) == 60
        store = Store(filled)
        with pytest.raises(DamagedStore):
            store.latest_with_evidence(f"{6:064x}")
        store.close()

    def test_rows_missing_in_a_damaged_index_are_found(self, path, reading):
        keys = [f"{2 * number:064x}" for number in range(60)]
        fill(path, [attempt(number, key=key, stdout=f"out {number}") for number, key in enumerate(keys)])
        data = bytearray(path.read_bytes())
        # In a row, the cell follows its key. In the index, it becomes one that stands in the same order, and is nobody's.
        (entry,) = re.finditer(keys[7].encode() + rb"(?!s\[n=7)", data)
        data[entry.end() - 1 : entry.end()] = b"f"
        path.write_bytes(data)

        store = reading()
        assert [len(attempts) for attempts in store.by_keys(keys).values()] == [1] * 60
        found = store.latest_with_evidence(keys[7])
        assert found is not None
        assert found.evidence.stdout == "out 7"

    def test_flipped_bytes_are_harmless_or_reported(self, filled):
        """Whatever happens to the file, the attempts are read or damage is reported. There is never another exception."""
        data, recorded = filled.read_bytes(), read_all(filled)
        chance = random.Random(20240801)
        named = 0
        for _ in range(120):
            spoilt = bytearray(data)
            for _ in range(chance.choice([1, 1, 4, 40])):
                spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            filled.write_bytes(spoilt[: chance.choice([len(spoilt), len(spoilt), chance.randrange(1, len(spoilt))])])
            try:
                assert all(each in recorded for each in read_all(filled)), "a changed attempt was returned as a result"
            except DamagedStore:
                named += 1
            except HarnessError as error:
                assert "newer version" in str(error) or "cannot be used" in str(
                    error
                )  # the name of a migration was damaged
        assert named > 20

    def test_moving_aside_includes_the_log(self, path):
        path.parent.mkdir()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(suffix)
        notice = move_aside(path, "its check fails")
        left = sorted(each.name for each in path.parent.iterdir())
        assert len(left) == 3
        assert all(".damaged-" in name for name in left)
        assert "its check fails" in notice


def read_all(path):
    store = Store(path)
    try:
        return [each for found in store.by_keys([f"{n:064x}" for n in range(60)]).values() for each in found]
    finally:
        store.close()


class TestSeveral:
    def test_second_run_in_an_environment_is_rejected(self, path):
        with Writer(path, ["a", "b"]), pytest.raises(StoreInUse) as caught:
            Writer(path, ["b", "c"])
        assert str(caught.value).startswith("b: another run uses this environment")
        assert "HARNESS_STORE" in str(caught.value)

    def test_rejected_run_holds_no_lock(self, path):
        with Writer(path, ["b"]):
            with pytest.raises(StoreInUse):
                Writer(path, ["a", "b"])
            fill(path, [attempt(0)], ["a"])

    def test_runs_in_different_environments_are_concurrent(self, path, reading):
        with Writer(path, ["a"]) as first, Writer(path, ["b"]) as second:
            first.add(attempt(1))
            second.add(attempt(2))
            first.add(attempt(3))
        assert reading().count() == 3

    def test_environment_is_free_again_after_a_run(self, path):
        fill(path, [attempt(1)])
        assert fill(path, [attempt(2)]) == ""

    def test_reading_goes_on_while_a_run_writes(self, path, reading):
        with Writer(path, ["a"]) as writer:
            writer.add(attempt(1))
            store = reading()
            assert store.count() == 1
            writer.add(attempt(2))
            assert store.count() == 2

    def test_added_attempt_is_durable(self, path, reading):
        writer = Writer(path, ["a"])
        writer.add(attempt(1))
        assert reading().count() == 1
        writer.__exit__(None, None, None)

    def test_names_of_environments_may_have_any_characters(self, path):
        with Writer(path, ['python=3.11 a/b\\c "d" ' + "x" * 300]):
            assert path.exists()


def test_invalid_path_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="the store cannot be used"):
        Writer(tmp_path / "file" / "attempts.sqlite", ["a"])


def test_folder_instead_of_the_store_is_reported(path):
    path.mkdir(parents=True)
    with pytest.raises(HarnessError, match="the store cannot be used"):
        Writer(path, ["a"])
