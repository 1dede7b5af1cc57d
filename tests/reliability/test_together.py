"""Threads, tasks, clients and processes that all send one campaign: one mailing, and nobody is told a false "no"."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from conformance.play import START
from reliability.callers import Call
from sendgrid_campaigns import AsyncCampaignsClient, NotInDraftError, OutcomeUnknownError, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.client import SandboxClock

FAULTS: dict[str, list[dict[str, Any]]] = {
    "no fault": [],
    "the answer is lost": [{"effect": "done", "ending": "reset"}],
    "the request is lost": [{"effect": "none", "ending": "reset"}],
    "502": [{"effect": "done", "answer": 502}],
    "never left, twice": [{"ending": "refused", "times": 2}],
    "doubled": [{"effect": "twice", "answer": "second"}],
    "limited": [{"answer": 429}],
    "late": [{"effect": "late", "delay": 20.0, "ending": "reset"}],
}
every_fault = pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)


def prepared(faults: list[dict[str, Any]]) -> Sandbox:
    sandbox = Sandbox(clock=lambda: START)
    for fault in faults:
        sandbox.fault("send", **fault)
    return sandbox


def check(sandbox: Sandbox, came_of: list[Any], *, strict: bool, clients: int) -> None:
    if clients == 1:  # R9: one write at a time, so that none of ours is refused because of another
        assert (403, "client") not in {(request.status_code, request.origin) for request in sandbox.requests()}
    sandbox.advance(3600)
    assert len(sandbox.mailings(4900)) == 1
    kinds = Counter(type(each) for each in came_of)
    allowed = {SendReceipt, OutcomeUnknownError, *([NotInDraftError] if strict else [])}
    assert kinds.keys() <= allowed, came_of
    # One of them did it; of the others none thinks that it did, alone, too.
    assert sum(getattr(each, "known_from", None) == "answer" for each in came_of) <= 1
    assert kinds[SendReceipt] >= 1


def in_threads(number: int, send: Callable[[int], Any]) -> list[Any]:
    came_of: list[Any] = []
    together = threading.Barrier(number)

    def work(which: int) -> None:
        together.wait()
        try:
            came_of.append(send(which))
        except Exception as error:
            came_of.append(error)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came_of) == number
    return came_of


@every_fault
@pytest.mark.parametrize(("number", "clients", "strict"), [(2, 1, True), (16, 1, False), (8, 8, True)])
def test_threads(faults: list[dict[str, Any]], number: int, clients: int, strict: bool) -> None:
    with prepared(faults) as sandbox, ExitStack() as stack:
        made = [stack.enter_context(sandbox.client()) for _ in range(clients)]
        name = "send" if strict else "ensure_sent"
        came_of = in_threads(number, lambda which: getattr(made[which % clients], name)(4900))
        check(sandbox, came_of, strict=strict, clients=clients)


class Politely(httpx.AsyncBaseTransport):
    """Lets the other tasks go first, before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._dice = random.Random(1)  # noqa: S311 - no secret

    async def _wait(self) -> None:
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._wait()
        response = await self._inner.handle_async_request(request)
        await self._wait()
        return response


def polite(sandbox: Sandbox) -> AsyncCampaignsClient:
    http = httpx.AsyncClient(transport=Politely(sandbox.transport()))
    return AsyncCampaignsClient("SG.sandbox", http_client=http, clock=SandboxClock(sandbox._now, sandbox.advance))


def test_sixty_four_threads() -> None:
    with prepared([]) as sandbox, sandbox.client() as campaigns:
        came_of = in_threads(64, lambda which: (campaigns.send if which % 2 else campaigns.ensure_sent)(4900))
        check(sandbox, came_of, strict=True, clients=1)


@every_fault
@pytest.mark.parametrize(("number", "clients", "strict"), [(16, 1, False), (8, 8, True), (16, 4, False)])
def test_tasks(faults: list[dict[str, Any]], number: int, clients: int, strict: bool) -> None:
    async def main(sandbox: Sandbox) -> list[Any]:
        made = [polite(sandbox) for _ in range(clients)]
        name = "send" if strict else "ensure_sent"
        calls = [getattr(made[which % clients], name)(4900) for which in range(number)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with prepared(faults) as sandbox:
        check(sandbox, asyncio.run(main(sandbox)), strict=strict, clients=clients)


def test_sixty_four_tasks() -> None:
    async def main(sandbox: Sandbox) -> list[Any]:
        campaigns = polite(sandbox)
        calls = [(campaigns.send if which % 2 else campaigns.ensure_sent)(4900) for which in range(64)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with prepared([]) as sandbox:
        check(sandbox, asyncio.run(main(sandbox)), strict=True, clients=1)


def test_threads_and_tasks_of_one_sandbox() -> None:
    async def main(sandbox: Sandbox) -> list[Any]:
        async with sandbox.async_client() as campaigns:
            calls = [campaigns.ensure_sent(4900) for _ in range(8)]
            return await asyncio.gather(*calls, return_exceptions=True)

    with prepared([]) as sandbox, sandbox.client() as campaigns:
        came_of = in_threads(
            4, lambda which: asyncio.run(main(sandbox)) if which % 2 else [campaigns.ensure_sent(4900)]
        )
        check(sandbox, [each for lot in came_of for each in lot], strict=False, clients=3)


def test_jobs_of_one_key() -> None:
    """send_once at the same moment: several may make a campaign, and one is mailed."""
    fields: dict[str, Any] = {
        "subject": "News", "sender_id": 124451, "list_ids": [110], "suppression_group_id": 42,
        "plain_content": "Hello! [unsubscribe]",
    }  # fmt: skip
    with Sandbox(clock=lambda: START) as sandbox, ExitStack() as stack:
        made = [stack.enter_context(sandbox.client()) for _ in range(4)]
        came_of = in_threads(8, lambda which: made[which % 4].send_once("2026-03", "March", **fields))
        assert {type(each) for each in came_of} == {SendReceipt}, came_of
        assert len({receipt.id for receipt in came_of}) == 1
        assert len(sandbox.mailings()) == 1


@pytest.mark.parametrize("fault", [None, "the answer is lost", "doubled"])
@pytest.mark.parametrize("operation", ["send", "ensure_sent"])
def test_processes(let_call: Call, operation: str, fault: str | None) -> None:
    with prepared(FAULTS[fault] if fault else []) as sandbox, sandbox.serve_faulty() as server:
        came_of = let_call(server.url, operation, {"campaign_id": 4900}, processes=8)
        assert len(came_of) == 8
        assert len(sandbox.mailings(4900)) == 1
        kinds = Counter(each["came_of"] for each in came_of)
        assert kinds["SendReceipt"] >= 1
        assert kinds.keys() <= {"SendReceipt", *(["NotInDraftError"] if operation == "send" else [])}, came_of
        assert sum(each.get("known_from") == "answer" for each in came_of) <= 1
