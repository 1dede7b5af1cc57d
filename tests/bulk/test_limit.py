"""Workers of several processes share a rate limit, and a run begins whatever its first request meets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path

import pytest

from sendgrid_campaigns.bulk import Job, Journal, run
from sendgrid_campaigns.bulk.worker import Throttle
from sendgrid_campaigns.sandbox import Knobs, Sandbox


@pytest.mark.parametrize(
    ("scope", "earlier", "others", "most"),
    [("key", 0, 0, 33), ("key", 60, 0, 11), ("key", 0, 60, 2), ("account", 0, 60, 100)],
)
def test_calls_begin_as_long_as_those_of_all_processes_fit(scope: str, earlier: int, others: int, most: int) -> None:
    sandbox = Sandbox(knobs=Knobs(rate_limit=100, rate_window=60, rate_scope=scope))  # type: ignore[arg-type]
    sandbox.advance(60 - sandbox.now().timestamp() % 60)
    own, other = sandbox.client(), sandbox.client()
    throttle = Throttle(own)
    for _ in range(earlier):
        other.list(limit=1)
    for number in range(11):
        for _ in range(others if number == 10 else 0):
            other.list(limit=1)
        assert throttle.begin() == 0
        own.list(limit=1)
        throttle.end(used=True)
    if scope == "account":
        own.on_behalf_of("acme").list(limit=1)  # its larger count shows that accounts are counted apart
    assert len([*takewhile(lambda number: throttle.begin() == 0, range(100))]) == most
    for _ in range(most):
        throttle.end(used=False)
    sandbox.advance(60)
    assert throttle.begin() == 0, "a new window"


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_a_call_may_begin_in_each_window_however_small_the_limit(limit: int) -> None:
    own = (sandbox := Sandbox(knobs=Knobs(rate_limit=limit, rate_window=60))).client()
    throttle = Throttle(own)
    for _ in range(3):
        assert throttle.begin() == 0
        own.list(limit=1)
        throttle.end(used=True)
        sandbox.advance(60)


def test_a_fault_of_the_service_at_the_start_ends_no_run(tmp_path: Path) -> None:
    with Sandbox() as sandbox, Job.of([{"campaign_id": 4900}], "job", tmp_path / "journal") as job:
        sandbox.fault("list", times=4, answer=503)
        assert run(job, sandbox.client(), workers=1) == {"sent": 1}


def test_many_open_a_new_journal_at_the_same_time(tmp_path: Path) -> None:
    together = threading.Barrier(8, timeout=20)

    def begin(number: int) -> None:
        together.wait()
        Journal(tmp_path / f"journal{number // 8}").close()

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(begin, range(80))] == [None] * 80
