"""`catch_clients`: every client reaches the sandbox, whoever makes it; afterwards none does."""

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from doubles import NOW, FakeClock, Server, Style
from sandbox.helpers import START, FixedSandbox
from sendgrid_campaigns import (
    AuthenticationError,
    CampaignsClient,
    Clock,
    ConfigurationError,
    NotAppliedError,
    OutcomeUnknownError,
    PermissionDeniedError,
)
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.testing import catch_clients
from testing import application

REAL_KEY = f"SG.{'r' * 22}.{'k' * 43}"


@pytest.fixture
def sandbox(no_network: list[object]) -> Iterator[FixedSandbox]:
    with FixedSandbox() as sandbox, catch_clients(sandbox):
        yield sandbox
    assert no_network == []


def finish(result: Any) -> Any:
    return asyncio.run(result) if inspect.iscoroutine(result) else result


WAYS = [
    application.send,
    application.send_by_the_old_client,
    application.send_on_asyncio,
    application.send_on_aiohttp,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_other_code_makes(sandbox: FixedSandbox, way: Callable[[int], Any]) -> None:
    assert finish(way(4900)) == "answer"
    assert sandbox.mailed == [0]


@pytest.mark.parametrize("way", WAYS)
def test_in_threads(sandbox: FixedSandbox, way: Callable[[int], Any]) -> None:
    ids = [sandbox.create_campaign() for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda id: finish(way(id)), ids)) == ["answer"] * 8
    assert sorted(mailing.campaign_id for mailing in sandbox.mailings()) == ids


@pytest.mark.parametrize("way", WAYS)
def test_without_the_catch_the_same_code_wants_the_network(
    no_network: list[object], monkeypatch: pytest.MonkeyPatch, way: Callable[[int], Any]
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.key")
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: None)
    monkeypatch.setattr(Clock, "sleep_async", lambda clock, seconds: asyncio.sleep(0))
    with pytest.raises(NotAppliedError, match="Connect"):
        finish(way(4900))
    assert no_network != []


def test_a_client_with_its_own_http_client(style: Style, sandbox: FixedSandbox) -> None:
    mine = Server()
    client = style.client(mine, clock=Clock())
    style.do(client.send, 4900)
    assert (len(sandbox.mailings()), mine.requests) == (1, [])


@pytest.mark.parametrize("base_url", ["http://localhost:1", "https://gateway.example/mail"])
def test_a_client_with_its_own_base_url(style: Style, sandbox: FixedSandbox, base_url: str) -> None:
    style.do(style.client_class(base_url=base_url).send, 4900)
    assert [request.path for request in sandbox.requests()][-1] == "/v3/campaigns/4900/schedules/now"


def test_views(style: Style, sandbox: FixedSandbox) -> None:
    client = style.client_class()
    style.do(client.on_behalf_of("acme").with_options(timeout=5.0).send, 4901)
    assert [mailing.account for mailing in sandbox.mailings()] == ["acme"]


def test_other_sandboxes_keep_their_clients(style: Style, sandbox: FixedSandbox) -> None:
    other = Sandbox()
    style.do(style.of(other).send, 4900)
    style.do(style.of(sandbox).send, 4900)
    assert [len(each.mailings()) for each in (sandbox, other)] == [1, 1]
    wrong = style.of(sandbox, "SG.wrong")
    style.error(AuthenticationError, wrong.send, 4900)


def test_a_key_that_the_sandbox_does_not_hold(
    style: Style, sandbox: FixedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", REAL_KEY)
    style.do(style.client_class().send, 4900)
    style.do(style.client_class("SG.test").get, 4900)
    assert {request.status_code for request in sandbox.requests()} == {200, 201}


def test_a_key_that_the_sandbox_holds(style: Style, sandbox: FixedSandbox) -> None:
    sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    reader = style.client_class("SG.reader")
    assert style.do(reader.get, 4900).id == 4900
    style.error(PermissionDeniedError, reader.send, 4900)


def test_a_missing_key_is_missing_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox, catch_clients(sandbox):
        CampaignsClient().send(4900)
        assert "SENDGRID_API_KEY" not in os.environ  # other processes of the test do not get one either
        monkeypatch.setenv("SENDGRID_API_KEY", "")
        with pytest.raises(ConfigurationError, match="empty"):
            CampaignsClient()
        monkeypatch.delenv("SENDGRID_API_KEY")
    with pytest.raises(ConfigurationError, match="no API key"):
        CampaignsClient()


def test_the_time_is_the_sandboxs(style: Style, sandbox: FixedSandbox) -> None:
    client = style.client_class()
    send_at = sandbox.now() + timedelta(hours=1)
    style.do(client.schedule, 4900, send_at)
    assert style.do(client.get_schedule, 4900) == send_at
    sandbox.outage(1)
    style.do(client.get, 4900)  # waits until the outage is over, in no real time
    assert sandbox.time > START + 1


def test_a_clock_of_its_own(style: Style, sandbox: FixedSandbox) -> None:
    clock = FakeClock()
    client = style.client_class(clock=clock)
    sandbox.fault("get", answer=503)
    style.do(client.get, 4900)
    assert (sandbox.time, len(clock.waits), clock.now > NOW) == (START, 1, True)


def test_faults_and_closed_clients(style: Style, sandbox: FixedSandbox) -> None:
    client = style.client_class()
    sandbox.make_outcome_unknown("send", effect="done")
    error = style.error(OutcomeUnknownError, client.send, 4900)
    sandbox.outage(0)
    assert style.do(client.outcome, error).applied is True
    style.close(client)
    style.error(ConfigurationError, client.get, 4900)


def test_the_innermost_sandbox_counts() -> None:
    with Sandbox() as outer, Sandbox() as inner, catch_clients(outer):
        client = CampaignsClient()
        with catch_clients(inner):
            client.send(4900)
        assert [len(each.mailings()) for each in (outer, inner)] == [0, 1]
        client.send(4900)
        assert len(outer.mailings()) == 1


def test_afterwards_a_client_is_as_before(style: Style) -> None:
    server = Server()
    client = style.client(server, clock=Clock())
    with suppress(ZeroDivisionError), FixedSandbox() as sandbox, catch_clients(sandbox):
        style.do(client.get, 4900)
        assert (server.requests, Clock().monotonic()) == ([], START)
        raise ZeroDivisionError
    style.do(client.get, 4900)
    assert len(server.requests) == 1
    assert Clock().monotonic() != START


def test_it_is_a_decorator_and_a_setup_of_unittest() -> None:
    sandbox = Sandbox()

    @catch_clients(sandbox)
    def test() -> None:
        CampaignsClient().send(4900)

    test()
    assert len(sandbox.mailings()) == 1


def test_a_closed_sandbox_says_so(style: Style) -> None:
    sandbox = Sandbox()
    with catch_clients(sandbox):
        client = style.client_class()
        sandbox.close()
        with pytest.raises(RuntimeError, match="the sandbox is closed"):
            style.do(client.get, 4900)


def test_no_traceback_shows_a_key(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()
    monkeypatch.setenv("SENDGRID_API_KEY", REAL_KEY)
    with catch_clients(sandbox):
        client = style.client_class()
        sandbox.close()
        errors = [style.error(RuntimeError, client.get, 4900)]
        with pytest.raises(ConfigurationError) as raised:
            style.client_class(REAL_KEY + " ")
        errors.append(raised.value)
    for error in errors:
        traceback = error.__traceback__
        while traceback is not None:
            if "test_catch" not in traceback.tb_frame.f_code.co_filename:
                assert REAL_KEY not in repr(traceback.tb_frame.f_locals)
            traceback = traceback.tb_next


def test_a_task_lets_others_run(sandbox: FixedSandbox) -> None:
    turns: list[int] = []

    async def count() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def main() -> None:
        other = asyncio.create_task(count())
        campaigns = sandbox.async_client()
        for _ in range(5):
            await campaigns.get(4900)
        assert len(turns) == 5
        await sandbox.clock().sleep_async(1)
        assert len(turns) == 6
        other.cancel()

    asyncio.run(main())
