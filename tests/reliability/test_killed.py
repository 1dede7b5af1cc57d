"""kill -9 of a process at each step of its call, once and twice in a row; the call is made again: mailed once."""

import os
import queue
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from reliability.callers import Call
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.wire import FaultyServer

START = 1_800_000_000
ENSURE = ("ensure_sent", {"campaign_id": 4900})
ONCE = (
    "send_once",
    {
        "key": "2026-03",
        "title": "March",
        "subject": "News",
        "sender_id": 124451,
        "list_ids": [110],
        "suppression_group_id": 42,
        "plain_content": "Hello! [unsubscribe]",
    },
)
LOST = {"effect": "none", "ending": "reset"}
DONE = {"effect": "done", "ending": "reset"}
LATE = {"effect": "late", "delay": 30, "ending": "reset"}

Kill = tuple[Any, ...]
"""At which request, by operation and occurrence; before or after its effect; and the faults of the call."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: START) as sandbox:
        yield sandbox


def kill(sandbox: Sandbox, server: FaultyServer, let_call: Call, call: tuple[str, Any], *how: Any) -> None:
    """Let a process call, and kill it at one of its requests."""
    at, occurrence, when, *faults = how
    processes = queue.Queue[int]()

    def end(sandbox: Sandbox) -> None:
        os.kill(processes.get(), signal.SIGKILL)

    for operation, fault in faults:
        sandbox.fault(operation, **fault)
    sandbox.act(at, occurrence, end, when=when)
    assert let_call(server.url, *call, began=processes.put) == []


def finish(sandbox: Sandbox, server: FaultyServer, let_call: Call, call: tuple[str, Any]) -> None:
    """Nobody kills it now."""
    (result,) = let_call(server.url, *call)
    assert result["came_of"] == "SendReceipt", result
    sandbox.advance(3600)  # whatever is late has come
    (mailing,) = sandbox.mailings()
    assert mailing.request


ENSURE_KILLS: list[Kill] = [
    ("get", 1, "before"),
    ("get", 1, "after"),
    ("send", 1, "before"),
    ("send", 1, "after"),
    ("send", 1, "after", ("send", LOST)),
    ("send", 1, "after", ("send", LATE)),
    # in doubt, and while it finds out
    ("get", 2, "before", ("send", DONE)),
    ("get", 2, "before", ("send", LOST)),
    ("get", 6, "after", ("send", LATE)),
    ("send", 2, "before", ("send", LOST)),
    ("send", 2, "after", ("send", LOST)),
    ("send", 2, "after", ("send", LATE)),
    ("send", 2, "after", ("send", {**LOST, "times": 2})),
]
ONCE_KILLS: list[Kill] = [
    *((name, number, when) for name in ("list",) for number in (1, 2, 3) for when in ("before", "after")),
    *((name, 1, when) for name in ("create", "get", "send") for when in ("before", "after")),
    ("create", 1, "after", ("create", LOST)),
    ("create", 1, "after", ("create", LATE)),
    ("list", 3, "before", ("create", DONE)),
    ("list", 4, "after", ("create", LATE)),
    ("create", 2, "after", ("create", LOST)),
    ("create", 2, "after", ("create", LATE)),
    ("send", 1, "after", ("send", LATE)),
    ("get", 2, "before", ("send", DONE)),
]


@pytest.mark.parametrize(("call", "how"), [(ENSURE, how) for how in ENSURE_KILLS] + [(ONCE, how) for how in ONCE_KILLS])
def test_killed_once(sandbox: Sandbox, let_call: Call, call: tuple[str, Any], how: Kill) -> None:
    with sandbox.serve_faulty() as server:
        kill(sandbox, server, let_call, call, *how)
        finish(sandbox, server, let_call, call)


LEAVE_A_DRAFT = [ENSURE_KILLS[1], *ENSURE_KILLS[4:6], ENSURE_KILLS[12]]
MADE_NOTHING_YET = [ONCE_KILLS[1], *ONCE_KILLS[12:14]]
TWICE = [
    *((ENSURE, first, second) for first in ENSURE_KILLS[2:4] for second in ENSURE_KILLS[:2]),
    *((ENSURE, first, second) for first in LEAVE_A_DRAFT for second in (ENSURE_KILLS[3], ENSURE_KILLS[5])),
    *((ONCE, first, second) for first in MADE_NOTHING_YET for second in (*ONCE_KILLS[6:8], *ONCE_KILLS[10:12])),
]


@pytest.mark.parametrize(("call", "first", "second"), TWICE)
def test_killed_twice(sandbox: Sandbox, let_call: Call, call: tuple[str, Any], first: Kill, second: Kill) -> None:
    with sandbox.serve_faulty() as server:
        kill(sandbox, server, let_call, call, *first)
        kill(sandbox, server, let_call, call, *second)
        finish(sandbox, server, let_call, call)
