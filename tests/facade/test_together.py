"""Calls together, interrupted anywhere, and killed at each request: one mailing."""

import asyncio
import os
import queue
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import FORKS, Hurried, Interruption
from sendgrid_campaigns.models import SingleSendReceipt
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import SINGLE_SENDS

LOST: dict[str, Any] = {"effect": "none", "ending": "reset"}
DONE: dict[str, Any] = {"effect": "done", "ending": "reset"}
LATE: dict[str, Any] = {"effect": "late", "delay": 20, "ending": "reset"}
FAULTS: dict[str, dict[str, Any]] = {
    "the answer is lost": DONE,
    "the request is lost": LOST,
    "late": LATE,
    "502": {"effect": "done", "answer": 502},
    "never sent, twice": {"ending": "refused", "times": 2},
    "doubled": {"effect": "twice", "answer": "second"},
    "limited": {"answer": 429},
}
FIELDS: dict[str, Any] = {"subject": "News", "sender_id": 124451, "list_ids": [110], "suppression_group_id": 42}
ARGUMENTS: dict[str, Any] = {
    "ensure_sent": {"campaign_id": 4900},
    "send_once": {"key": "2026-03", "title": "March", "plain_content": "[unsubscribe]", **FIELDS},
}
each_name = pytest.mark.parametrize("name", ["send", "ensure_sent"])


@pytest.fixture(params=["no fault", *FAULTS])
def faulty(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox in which the first send goes wrong, in each way."""
    with Sandbox(clock=lambda: 1_800_000_000) as sandbox:
        if request.param in FAULTS:
            sandbox.fault("send", **FAULTS[request.param])
        yield sandbox


def check(sandbox: Sandbox, results: list[Any], name: str) -> None:
    sandbox.advance(3600)
    assert len(sandbox.mailings(4900)) == 1
    kinds = Counter(type(each) for each in results)
    refused = [sg.NotInDraftError] if name == "send" else []
    assert kinds.keys() <= {sg.SendReceipt, sg.OutcomeUnknownError, *refused}, results
    assert kinds[sg.SendReceipt] >= 1
    assert sum(getattr(each, "known_from", None) == "answer" for each in results) <= 1


@pytest.mark.parametrize(("number", "clients"), [(16, 1), (8, 8)])
@each_name
def test_threads(faulty: Sandbox, name: str, number: int, clients: int) -> None:
    made = [faulty.client() for _ in range(clients)]

    def call(which: int) -> Any:
        try:
            return getattr(made[which % clients], name)(4900)
        except Exception as error:
            return error

    with ThreadPoolExecutor(number) as pool:
        check(faulty, [*pool.map(call, range(number))], name)
    for client in made:
        client.close()


SINGLE_SEND = next(iter(SINGLE_SENDS))


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_threads_of_single_sends(fault: str | None) -> None:
    def call(_: int) -> Any:
        try:
            return client.ensure_sent(SINGLE_SEND)
        except sg.SendGridError as error:
            return error

    with Sandbox(clock=lambda: 1_800_000_000) as sandbox, sandbox.single_sends_client() as client:
        if fault:
            sandbox.fault("schedule_single_send", **FAULTS[fault])
        with ThreadPoolExecutor(8) as pool:
            kinds = {type(each) for each in pool.map(call, range(8))}
        assert SingleSendReceipt in kinds <= {SingleSendReceipt, sg.OutcomeUnknownError}
        sandbox.advance(3600)
        assert len(sandbox.mailings(SINGLE_SEND)) == 1


class Politely(httpx.AsyncBaseTransport):
    """Lets the other tasks go first, before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.posts = 0
        self._random = random.Random(1)  # noqa: S311 - no secret

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.posts += request.method == "POST"
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)  # takes no time: other tasks go on, here and below
        response = await self._inner.handle_async_request(request)
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)  # takes no time, either
        return response


@pytest.mark.parametrize(("number", "clients"), [(16, 1), (8, 8)])
@each_name
def test_tasks(faulty: Sandbox, name: str, number: int, clients: int) -> None:
    clock: sg.Clock = faulty.async_client()._session.clock

    async def main() -> list[Any]:
        https = [httpx.AsyncClient(transport=Politely(faulty.transport())) for _ in range(clients)]
        made = [sg.AsyncCampaignsClient("SG.sandbox", http_client=http, clock=clock) for http in https]
        calls = [getattr(made[which % clients], name)(4900) for which in range(number)]
        return await asyncio.gather(*calls, return_exceptions=True)

    check(faulty, asyncio.run(main()), name)


def test_jobs_of_one_key() -> None:
    """At the same moment several jobs may make a campaign, and one is mailed."""
    with Sandbox(clock=lambda: 1_800_000_000) as sandbox:

        def job(_: int) -> int:
            with sandbox.client() as campaigns:
                return campaigns.send_once(**ARGUMENTS["send_once"]).id

        with ThreadPoolExecutor(8) as pool:
            ids = {*pool.map(job, range(8))}
        assert [mailing.campaign_id for mailing in sandbox.mailings()] == [*ids]


# --- interrupted anywhere: the same exception comes out, with a note when mail may have been sent ---

every_plan = pytest.mark.parametrize(
    "plan", [DONE, LOST, {"answer": 429}, {"ending": "refused"}], ids=["sent", "not sent", "limited", "never sent"]
)
RETRY = sg.Retry(settle=3, deadline=20)


def prepared(plan: dict[str, Any]) -> Sandbox:
    sandbox = Sandbox(clock=lambda: 1_800_000_000)
    sandbox.fault("send", **plan)
    return sandbox


@every_plan
def test_cancelled_at_each_await(plan: dict[str, Any]) -> None:
    async def main(sandbox: Sandbox, awaits: int) -> bool:
        """Return whether the call was cancelled; if not, it had ended before."""
        transport, clock = Politely(sandbox.transport()), sandbox.async_client()._session.clock
        campaigns = sg.AsyncCampaignsClient(
            "SG.sandbox", http_client=httpx.AsyncClient(transport=transport), clock=clock, retry=RETRY
        )
        task = asyncio.create_task(campaigns.send(4900))
        for _ in range(awaits):
            await asyncio.sleep(0)  # takes no time: the call goes on
        cancelled, posts = task.cancel(), transport.posts
        await asyncio.wait([task])
        if cancelled:
            try:
                task.result()
            except asyncio.CancelledError as error:
                notes = getattr(error, "__notes__", [])
                assert len(notes) <= (1 if posts else 0)
                assert notes or not posts or "effect" not in plan
                assert all("was sent: CancelledError ended the call" in note for note in notes)
        assert isinstance(await campaigns.ensure_sent(4900), sg.SendReceipt)
        return cancelled

    awaits = 0
    going_on = True
    while going_on:
        with prepared(plan) as sandbox:
            going_on = asyncio.run(main(sandbox, awaits))
            assert len(sandbox.mailings()) == 1
        awaits += 1
    assert awaits >= 5


PACKAGE = str(Path(sg.__file__).parent)
SANDBOX = str(Path(PACKAGE, "sandbox"))


def interrupted(at: int, sandbox: Sandbox) -> tuple[Interruption, BaseException | None]:
    interruption = Interruption(at, lambda file: file.startswith(PACKAGE) and not file.startswith(SANDBOX))
    with sandbox.client(retry=RETRY) as campaigns:
        return interruption, interruption.during(lambda: campaigns.send(4900))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of generators that it ends
@every_plan
def test_interrupted_wherever_python_lets_it(plan: dict[str, Any]) -> None:
    with prepared(plan) as sandbox:
        points = interrupted(0, sandbox)[0].points
    assert points > 100
    missing: list[str] = []
    struck = 0
    for at in range(1, points, 13):
        with prepared(plan) as sandbox:
            interruption, error = interrupted(at, sandbox)
            if error is None:  # what strikes while something is cleared away is swallowed by Python
                continue
            struck += 1
            assert error is interruption.error
            if sandbox.mailings() and not getattr(error, "__notes__", ()):
                missing.append(interruption.where)
            with sandbox.client() as again:
                assert isinstance(again.ensure_sent(4900), sg.SendReceipt), interruption.where
            assert len(sandbox.mailings()) == 1
            sandbox.outage(0)
            sandbox._network._faults.clear()  # the plan of a request that was not made
    assert struck > points / 26
    # Where the call has come to its end, there is nobody left to say so.
    ends = re.compile(r"(client|campaigns)\.py|goals\.py.* by campaigns\.py")
    assert [where for where in missing if not ends.match(where)] == []


# --- kill -9 at each request, and again: a job that is run again mails once ---


def call(results: Any, url: str, name: str, arguments: dict[str, Any]) -> None:
    kind: Any = sg.SingleSendsClient if "single_send_id" in arguments else sg.CampaignsClient
    with kind("SG.sandbox", base_url=url, clock=Hurried()) as campaigns:
        try:
            result = getattr(campaigns, name)(**arguments)
            results.send((type(result).__name__, result.known_from))
        except sg.SendGridError as error:
            results.send((type(error).__name__, str(error)))


def let_call(
    url: str, name: str, arguments: dict[str, Any], began: Callable[[Any], object] = id
) -> list[tuple[str, str]]:
    """Let a process call, and return its result: none when it was killed."""
    receiver, sender = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=call, args=(sender, url, name, arguments))
    child.start()
    began(child.pid)
    child.join()
    return [receiver.recv()] if receiver.poll() else []


BOTH = ("before", "after")
KILLS: list[tuple[Any, ...]] = [
    *[("ensure_sent", "send", number, when, *fault) for number, fault in ((1, ()), (2, (LOST,))) for when in BOTH],
    *[("ensure_sent", "send", 1, "after", fault) for fault in (LOST, LATE)],
    *[
        ("ensure_sent", "get", number, when, fault)
        for number, fault in ((1, DONE), (1, LOST), (6, LATE))
        for when in BOTH
    ],
    ("ensure_sent", "send", 2, "after", {**LOST, "times": 2}),
    *[("send_once", "list", number, when) for number in (1, 2, 3) for when in BOTH],
    *[("send_once", operation, 1, when) for operation in ("create", "send") for when in BOTH],
    *[("send_once", "create", 1, "after", fault) for fault in (LOST, LATE)],
    *[("send_once", "list", 3, when, fault) for fault in (DONE, LATE) for when in BOTH],
    *[("send_once", "send", 1, "after", LATE), ("send_once", "get", 1, "before", DONE)],
]


@pytest.mark.parametrize("when", BOTH)
@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("schedule_single_send", {}),
        ("schedule_single_send", LOST),
        ("get_single_send", DONE),
        ("get_single_send", LATE),
    ],
    ids=str,
)
def test_killed_while_sending_a_single_send(operation: str, fault: dict[str, Any], when: str) -> None:
    """Also with a service that takes a second send of what was sent."""
    processes = queue.Queue[int]()
    with (
        Sandbox(clock=lambda: 1_800_000_000, knobs=Knobs(schedules_triggered=True)) as sandbox,
        sandbox.serve_faulty() as server,
    ):
        if fault:
            sandbox.fault("schedule_single_send", **fault)
        number = 1 if operation == "schedule_single_send" else 2
        sandbox.act(operation, number, lambda _: os.kill(processes.get(), signal.SIGKILL), when=when)
        arguments = {"single_send_id": SINGLE_SEND}
        assert let_call(server.url, "ensure_sent", arguments, began=processes.put) == []
        assert [kind for kind, _ in let_call(server.url, "ensure_sent", arguments)] == ["SingleSendReceipt"]
        sandbox.advance(3600)
        assert let_call(server.url, "ensure_sent", arguments) == [("SingleSendReceipt", "already")]
        assert len(sandbox.mailings(SINGLE_SEND)) == 1


@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_killed(kill: Any) -> None:
    """Each third job is killed twice."""
    name, operation, occurrence, when, *fault = kill
    processes = queue.Queue[int]()

    def end(sandbox: Sandbox) -> None:
        os.kill(processes.get(), signal.SIGKILL)

    with Sandbox(clock=lambda: 1_800_000_000) as sandbox, sandbox.serve_faulty() as server:
        for each in fault:  # of a write; a read is made to find out about it
            sandbox.fault({"get": "send", "list": "create"}.get(operation, operation), **each)
        sandbox.act(operation, occurrence, end, when=when)
        assert let_call(server.url, name, ARGUMENTS[name], began=processes.put) == []
        if KILLS.index(kill) % 3 == 0 and not sandbox.mailings():
            sandbox.act("send", 1, end, when="after")
            assert let_call(server.url, name, ARGUMENTS[name], began=processes.put) == []
        assert [kind for kind, _ in let_call(server.url, name, ARGUMENTS[name])] == ["SendReceipt"]
        sandbox.advance(3600)  # whatever is late has come
        assert len(sandbox.mailings()) == 1
