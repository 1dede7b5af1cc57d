"""Threads, tasks and processes that send one campaign, and processes killed at each request: one mailing."""

import asyncio
import os
import queue
import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from facade.callers import Call, callers
from sendgrid_campaigns.sandbox import Sandbox

LOST: dict[str, Any] = {"effect": "none", "ending": "reset"}
DONE: dict[str, Any] = {"effect": "done", "ending": "reset"}
LATE: dict[str, Any] = {"effect": "late", "delay": 20, "ending": "reset"}
FAULTS: dict[str, Any] = {
    "no fault": {},
    "the answer is lost": DONE,
    "the request is lost": LOST,
    "late": LATE,
    "502": {"effect": "done", "answer": 502},
    "never sent, twice": {"ending": "refused", "times": 2},
    "doubled": {"effect": "twice", "answer": "second"},
    "limited": {"answer": 429},
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
FIELDS: dict[str, Any] = {
    "subject": "News",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "Hello! [unsubscribe]",
}
KEYED = {"key": "2026-03", "title": "March", **FIELDS}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: 1_800_000_000) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def let_call() -> Iterator[Call]:
    with callers() as let_call:
        yield let_call


def check(sandbox: Sandbox, results: list[Any], name: str) -> None:
    sandbox.advance(3600)
    assert len(sandbox.mailings(4900)) == 1
    kinds = Counter(type(each) for each in results)
    # A receipt from read-back may be that of another call: what ends well is the mailing.
    assert kinds.keys() <= {
        sg.SendReceipt,
        sg.OutcomeUnknownError,
        *([sg.NotInDraftError] if name == "send" else []),
    }, results
    assert kinds[sg.SendReceipt] >= 1
    assert sum(getattr(each, "known_from", None) == "answer" for each in results) <= 1


@every_fault
@pytest.mark.parametrize(("number", "clients"), [(2, 1), (16, 1), (8, 8)])
@pytest.mark.parametrize("name", ["send", "ensure_sent"])
def test_threads(sandbox: Sandbox, fault: dict[str, Any], name: str, number: int, clients: int) -> None:
    if fault:
        sandbox.fault("send", **fault)
    made = [sandbox.client() for _ in range(clients)]

    def call(which: int) -> Any:
        try:
            return getattr(made[which % clients], name)(4900)
        except Exception as error:
            return error

    with ThreadPoolExecutor(number) as pool:
        check(sandbox, [*pool.map(call, range(number))], name)
    for client in made:
        client.close()


class Politely(httpx.AsyncBaseTransport):
    """Lets the other tasks go first, before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._random = random.Random(1)  # noqa: S311 - no secret

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        response = await self._inner.handle_async_request(request)
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)
        return response


@every_fault
@pytest.mark.parametrize(("number", "clients"), [(16, 1), (8, 8)])
@pytest.mark.parametrize("name", ["send", "ensure_sent"])
def test_tasks(sandbox: Sandbox, fault: dict[str, Any], name: str, number: int, clients: int) -> None:
    if fault:
        sandbox.fault("send", **fault)
    clock: sg.Clock = sandbox.async_client()._session.clock

    async def main() -> list[Any]:
        https = [httpx.AsyncClient(transport=Politely(sandbox.transport())) for _ in range(clients)]
        made = [sg.AsyncCampaignsClient("SG.sandbox", http_client=http, clock=clock) for http in https]
        calls = [getattr(made[which % clients], name)(4900) for which in range(number)]
        return await asyncio.gather(*calls, return_exceptions=True)

    check(sandbox, asyncio.run(main()), name)


def test_jobs_of_one_key(sandbox: Sandbox) -> None:
    """At the same moment several jobs may make a campaign, and one is mailed."""

    def job(_: int) -> sg.SendReceipt:
        with sandbox.client() as campaigns:
            return campaigns.send_once(**KEYED)

    with ThreadPoolExecutor(8) as pool:
        receipts = [*pool.map(job, range(8))]
    assert {receipt.id for receipt in receipts} == {sandbox.mailings()[0].campaign_id}
    assert len(sandbox.mailings()) == 1


@pytest.mark.parametrize("fault", ["no fault", "the answer is lost", "doubled"])
@pytest.mark.parametrize("name", ["send", "ensure_sent"])
def test_processes(sandbox: Sandbox, let_call: Call, name: str, fault: str) -> None:
    if FAULTS[fault]:
        sandbox.fault("send", **FAULTS[fault])
    with sandbox.serve_faulty() as server:
        results = let_call(server.url, name, {"campaign_id": 4900}, processes=8)
    kinds = Counter(each["result"] for each in results)
    assert (len(results), len(sandbox.mailings(4900))) == (8, 1)
    assert kinds["SendReceipt"] >= 1
    assert kinds.keys() <= {"SendReceipt", *(["NotInDraftError"] if name == "send" else [])}, results
    assert sum(each.get("known_from") == "answer" for each in results) <= 1


# --- kill -9 at each request, and again: a job that is run again mails once ---

ENSURE = ("ensure_sent", {"campaign_id": 4900})
ONCE = ("send_once", KEYED)
BOTH = ("before", "after")
KILLS: dict[str, list[Any]] = {
    "ensure_sent": [
        *[("send", number, when, *fault) for number, fault in ((1, ()), (2, (LOST,))) for when in BOTH],
        *[("send", 1, "after", fault) for fault in (LOST, LATE)],
        *[("get", number, when, fault) for number, fault in ((1, DONE), (1, LOST), (6, LATE)) for when in BOTH],
        ("send", 2, "after", {**LOST, "times": 2}),
    ],
    "send_once": [
        *[("list", number, when) for number in (1, 2, 3) for when in BOTH],
        *[(name, 1, when) for name in ("create", "send") for when in BOTH],
        *[("create", 1, "after", fault) for fault in (LOST, LATE)],
        *[("list", 3, when, fault) for fault in (DONE, LATE) for when in BOTH],
        *[("send", 1, "after", LATE), ("get", 1, "before", DONE)],
    ],
}
ARGUMENTS: dict[str, Any] = {"ensure_sent": {"campaign_id": 4900}, "send_once": KEYED}


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize(("name", "kill"), [(name, kill) for name in KILLS for kill in KILLS[name]], ids=str)
def test_killed(sandbox: Sandbox, let_call: Call, name: str, kill: Any, twice: bool) -> None:
    operation, occurrence, when, *fault = kill
    processes = queue.Queue[int]()
    for each in fault:
        # A fault of a read would kill nothing: it is of the write that makes the call read.
        sandbox.fault({"get": "send", "list": "create"}.get(operation, operation), **each)
    sandbox.act(operation, occurrence, lambda _: os.kill(processes.get(), signal.SIGKILL), when=when)
    with sandbox.serve_faulty() as server:
        assert let_call(server.url, name, ARGUMENTS[name], began=processes.put) == []
        if twice and not sandbox.mailings():
            sandbox.act("send", 1, lambda _: os.kill(processes.get(), signal.SIGKILL), when="after")
            assert let_call(server.url, name, ARGUMENTS[name], began=processes.put) == []
        (result,) = let_call(server.url, name, ARGUMENTS[name])
    assert result["result"] == "SendReceipt", result
    sandbox.advance(3600)  # whatever is late has come
    assert len(sandbox.mailings()) == 1


# --- random faults: a job that is run again until it is done ---


@pytest.mark.parametrize("name", ARGUMENTS)
def test_random_faults(name: str) -> None:
    """A run that fails prints its seed; `SEED=... pytest` plays that run again."""
    first = os.environ.get("SEED") or f"{random.SystemRandom().randrange(10**9)}"
    for seed in [first] if "-" in first else [f"{first}-{number}" for number in range(40)]:
        chosen = random.Random(f"{seed}{name}")  # noqa: S311 - no secret
        sandbox = Sandbox(clock=lambda: 1_800_000_000)
        for operation in ("get", "list", "create", "update", "send"):
            for occurrence in range(1, 9):
                if chosen.random() < 0.4:
                    reads = operation in ("get", "list")
                    faults = [
                        LOST,
                        {"answer": 503},
                        {"answer": 404},
                        {"answer": 429},
                        *([] if reads else FAULTS.values()),
                    ]
                    fault = chosen.choice([each for each in faults if each and "times" not in each])
                    sandbox.fault(operation, occurrence, **fault)
        results: list[Any] = []
        while not results or not isinstance(results[-1], sg.SendReceipt):
            assert len(results) < 30, f"SEED={seed}: {results[-1]}"
            client: sg.CampaignsClient = sandbox.client()
            try:
                results.append(getattr(client, name)(**ARGUMENTS[name]))
            except Exception as error:
                results.append(error)
        sandbox.advance(3600)
        assert len(sandbox.mailings()) == 1, f"SEED={seed}"
        assert sandbox.mailings()[0].campaign_id == results[-1].id, f"SEED={seed}"
