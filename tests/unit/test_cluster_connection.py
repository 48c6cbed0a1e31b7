"""The connection to Dask: what a call that has ended says, and where a local cluster listens."""

from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

from harness.cluster.connection import Connection, connected


def connection(future):
    client = SimpleNamespace(status="running", submit=lambda *arguments, **options: future)
    made = Connection(client)
    made.submit(1, "w1", dict)
    return made


def future(status, **more):
    return SimpleNamespace(status=status, add_done_callback=lambda call: None, cancel=lambda: None, **more)


def late(timeout):
    raise TimeoutError("no answer")


def test_results_that_do_not_arrive_count_as_a_try():
    (done,) = connection(future("finished", result=late)).done()
    assert (done.result, done.lost) == (None, False)
    assert done.error == "its results did not arrive within 20 s, or were lost: no answer"


def test_call_that_the_cluster_forgot_may_run_again():
    (done,) = connection(future("cancelled")).done()
    assert done.lost


def test_dashboard_of_a_local_cluster_is_for_this_machine_only(monkeypatch):
    def refuse(**options):
        raise LookupError(options["dashboard_address"])

    monkeypatch.setattr("distributed.LocalCluster", refuse)
    with pytest.raises(LookupError, match=r"^127\.0\.0\.1:"), connected("local:1"):
        pass
