"""Cancelled or interrupted anywhere: the same exception comes out, with a note when it may be sent; no lock stays."""

import asyncio
import inspect
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

import sendgrid_campaigns
from conformance.play import START, Watched, WatchedClock
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Retry, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox

PLANS: dict[str, list[dict[str, Any]]] = {
    "in doubt, sent": [{"effect": "done", "ending": "reset"}],
    "in doubt, not sent": [{"effect": "none", "ending": "reset"}],
    "limited, then answered": [{"answer": 429}],
    "never left, then answered": [{"ending": "refused"}],
}
every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


class Stop(BaseException):
    """No exception that anybody could know."""


class Steps(list[Any]):
    """The steps of a call, as they are noted; at one of them somebody is interrupted."""

    def __init__(self, at: int, error: BaseException | None) -> None:
        self.at = at
        self.error = error

    def append(self, step: Any) -> None:
        super().append(step)
        if len(self) == self.at and self.error is not None:
            raise self.error


def client(sandbox: Sandbox, steps: Steps, colour: Any) -> Any:
    """Its every request and every wait, and each answer that is whole, is a step."""
    http_class = httpx.Client if colour is CampaignsClient else httpx.AsyncClient
    return colour(
        "SG.sandbox",
        http_client=http_class(transport=Watched(sandbox.transport(), steps)),
        clock=WatchedClock(sandbox, steps),
        retry=Retry(settle=3, deadline=20),
    )


def prepared(plan: list[dict[str, Any]]) -> Sandbox:
    sandbox = Sandbox(clock=lambda: START)
    for fault in plan:
        sandbox.fault("send", **fault)
    return sandbox


def run(call: Callable[..., Any], runner: asyncio.Runner) -> Any:
    result = call(4900)
    return runner.run(result) if inspect.iscoroutine(result) else result


def check_interrupted(raised: BaseException, error: BaseException, *, may_have_been_sent: bool) -> None:
    assert raised is error
    notes = getattr(raised, "__notes__", [])
    if not may_have_been_sent:
        assert notes == []
        return
    (note,) = notes
    assert f"was sent: interrupted by {type(error).__name__}" in note
    assert "resolve(error)" in note


def check_usable(sandbox: Sandbox, campaigns: Any, runner: asyncio.Runner) -> None:
    """The turn was given back, and what was begun can be finished."""
    assert isinstance(run(campaigns.ensure_sent, runner), SendReceipt)
    assert len(sandbox.mailings()) == 1


@every_plan
@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop])
@pytest.mark.parametrize("colour", [CampaignsClient, AsyncCampaignsClient], ids=["sync", "async"])
def test_at_each_step(
    plan: list[dict[str, Any]], kind: type[BaseException], colour: Any, runner: asyncio.Runner
) -> None:
    at, number = 0, 99
    while at < number:
        at += 1
        with prepared(plan) as sandbox:
            steps = Steps(at, error := kind("now"))
            campaigns = client(sandbox, steps, colour)
            try:
                run(campaigns.send, runner)
            except kind as raised:
                # Of what was limited or never left nothing is in doubt once that is known; in flight, it is.
                posts = [number for number, step in enumerate(steps) if step[0] == "POST"]
                settled = "answer" in plan[0] or plan[0]["ending"] == "refused"
                in_doubt = bool(posts) and not (settled and len(posts) == 1 and steps[-1][0] != "POST")
                check_interrupted(raised, error, may_have_been_sent=in_doubt)
                del raised
            else:
                number = len(steps)  # it came to its end before
            steps.error = None
            check_usable(sandbox, campaigns, runner)
    assert number >= 5


# --- at each await ---


class Slowly(httpx.AsyncBaseTransport):
    """Awaits something before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.left = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.left += request.method == "POST"
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        return response


class SlowClock(WatchedClock):
    async def sleep_async(self, seconds: float) -> None:
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        self.sleep(seconds)
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on


async def ended(task: asyncio.Task[Any]) -> Any:
    """What it returned or raised: the very exception, where gather() would make another."""
    try:
        return await task
    except BaseException as error:
        return error


@every_plan
def test_cancelled_at_each_await(plan: list[dict[str, Any]]) -> None:
    async def main(sandbox: Sandbox, awaits: int) -> bool:
        """Whether it was cancelled: it had not come to its end."""
        transport = Slowly(sandbox.transport())
        campaigns = AsyncCampaignsClient(
            "SG.sandbox",
            http_client=httpx.AsyncClient(transport=transport),
            clock=SlowClock(sandbox, []),
            retry=Retry(settle=3),
        )
        task = asyncio.create_task(campaigns.send(4900))
        waiting = asyncio.create_task(campaigns.send(4900))  # for its turn
        for _ in range(awaits):
            await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        cancelled = task.cancel()
        left = transport.left
        came_of, other = [await ended(each) for each in (task, waiting)]
        if cancelled:
            assert isinstance(came_of, asyncio.CancelledError)
            notes = getattr(came_of, "__notes__", [])
            assert len(notes) <= 1
            if left == 0:
                assert notes == []
            elif "ending" in plan[0] and plan[0]["ending"] == "reset":
                assert len(notes) == 1
                assert "was sent: interrupted by CancelledError" in notes[0]
        assert not isinstance(other, asyncio.CancelledError)  # its turn came, whatever it found then
        assert isinstance(await campaigns.ensure_sent(4900), SendReceipt)
        return cancelled

    awaits = 0
    going_on = True
    while going_on:
        with prepared(plan) as sandbox:
            going_on = asyncio.run(main(sandbox, awaits))
            assert len(sandbox.mailings()) == 1
        awaits += 1
    assert awaits >= 5


def test_cancelled_while_it_waits_for_its_turn() -> None:
    async def main(sandbox: Sandbox) -> None:
        campaigns = AsyncCampaignsClient(
            "SG.sandbox",
            http_client=httpx.AsyncClient(transport=Slowly(sandbox.transport())),
            clock=SlowClock(sandbox, []),
        )
        first, second, third = (asyncio.create_task(campaigns.ensure_sent(4900)) for _ in range(3))
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        await asyncio.sleep(0)  # takes no time: it lets the other tasks go on
        second.cancel()
        came_of = [await ended(each) for each in (first, second, third)]
        assert isinstance(came_of[1], asyncio.CancelledError)
        assert not hasattr(came_of[1], "__notes__")
        assert (came_of[0].known_from, came_of[2].known_from) == ("answer", "already")

    with prepared([]) as sandbox:
        asyncio.run(main(sandbox))


# --- at points all over the code of the blocking client ---

HOUSE = str(Path(sendgrid_campaigns.__file__).parent)
SANDBOX = str(Path(HOUSE, "sandbox"))


class Interruption:
    """A Ctrl-C at the n-th point of the facade's code at which Python lets one in: where a function begins to run, and
    where a call of a function written in C has returned."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.points = 0
        self.where = ""
        self.error = KeyboardInterrupt("now")

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event in ("call", "c_return") and file.startswith(HOUSE) and not file.startswith(SANDBOX):
            self.points += 1
            if self.points == self.at:
                self.where = f"{Path(file).name}:{frame.f_lineno}"
                raise self.error


def interrupted(at: int, campaigns: CampaignsClient) -> tuple[Interruption, BaseException | None]:
    interruption = Interruption(at)
    before = sys.getprofile()
    try:
        sys.setprofile(interruption)
        campaigns.send(4900)
    except KeyboardInterrupt as error:
        return interruption, error
    finally:
        sys.setprofile(before)
    return interruption, None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of generators that it ends
@every_plan
def test_at_points_all_over(plan: list[dict[str, Any]]) -> None:
    with prepared(plan) as sandbox:
        points = interrupted(0, client(sandbox, Steps(0, None), CampaignsClient))[0].points
    assert points > 100
    missing: list[str] = []
    struck = 0
    for at in range(1, points, 17):
        with prepared(plan) as sandbox:
            campaigns = client(sandbox, Steps(0, None), CampaignsClient)
            interruption, error = interrupted(at, campaigns)  # it is held here, as a REPL holds the last one
            if error is not None:  # what strikes while something is cleared away is swallowed by Python
                struck += 1
                assert error is interruption.error
                may_have_been_sent = bool(sandbox.mailings())
                if may_have_been_sent and not getattr(error, "__notes__", ()):
                    missing.append(interruption.where)
                # In another thread: a turn that was not given back would be waited for.
                with ThreadPoolExecutor(1) as another_thread:
                    again = another_thread.submit(campaigns.ensure_sent, 4900)
                    assert isinstance(again.result(), SendReceipt), interruption.where
                assert len(sandbox.mailings()) == 1
    assert struck > points / 30
    # Where the call has come to its end, there is nobody left to say so.
    assert [where for where in missing if not where.startswith("client.py")] == []
