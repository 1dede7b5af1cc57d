"""Cancelled or interrupted anywhere: the same exception comes out, with a note when mail may have been sent."""

import asyncio
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

import sendgrid_campaigns
from sendgrid_campaigns import AsyncCampaignsClient, Retry, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox

PLANS: dict[str, dict[str, Any]] = {
    "in doubt, sent": {"effect": "done", "ending": "reset"},
    "in doubt, not sent": {"effect": "none", "ending": "reset"},
    "limited, then answered": {"answer": 429},
    "never sent, then answered": {"ending": "refused"},
}
every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
RETRY = Retry(settle=3, deadline=20)


def prepared(plan: dict[str, Any]) -> Sandbox:
    sandbox = Sandbox(clock=lambda: 1_800_000_000)
    sandbox.fault("send", **plan)
    return sandbox


# --- the async client: at each await ---


class Slowly(httpx.AsyncBaseTransport):
    """Awaits something before a request and before its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.posts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.posts += request.method == "POST"
        await asyncio.sleep(0)  # takes no time: other tasks go on
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(0)  # takes no time: other tasks go on
        return response


@every_plan
def test_cancelled_at_each_await(plan: dict[str, Any]) -> None:
    async def main(sandbox: Sandbox, awaits: int) -> bool:
        """Return whether the call was cancelled; if not, it had ended before."""
        transport, clock = Slowly(sandbox.transport()), sandbox.async_client()._session.clock
        campaigns = AsyncCampaignsClient(
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


# --- the sync client: wherever Python lets a Ctrl-C in ---

PACKAGE = str(Path(sendgrid_campaigns.__file__).parent)
SANDBOX = str(Path(PACKAGE, "sandbox"))


class Interruption:
    """A Ctrl-C at the n-th point of the package's code at which Python lets one in.

    These are where a function begins to run, and where a call of a function written in C has returned.
    """

    def __init__(self, at: int) -> None:
        self.at = at
        self.points = 0
        self.where = ""
        self.error = KeyboardInterrupt("now")

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event in ("call", "c_return") and file.startswith(PACKAGE) and not file.startswith(SANDBOX):
            self.points += 1
            if self.points == self.at:
                self.where = f"{Path(file).name}:{frame.f_lineno}"
                raise self.error


def interrupted(at: int, sandbox: Sandbox) -> tuple[Interruption, BaseException | None]:
    interruption, before = Interruption(at), sys.getprofile()
    campaigns = sandbox.client(retry=RETRY)
    try:
        sys.setprofile(interruption)
        campaigns.send(4900)
    except KeyboardInterrupt as error:
        return interruption, error
    finally:
        sys.setprofile(before)
        campaigns.close()
    return interruption, None


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
                assert isinstance(again.ensure_sent(4900), SendReceipt), interruption.where
            assert len(sandbox.mailings()) == 1
            sandbox.outage(0)
            sandbox._network._faults.clear()  # the plan of a request that was not made
    assert struck > points / 26
    # Where the call has come to its end, there is nobody left to say so.
    assert [where for where in missing if not where.startswith(("client.py", "campaigns.py"))] == []
