"""Who may use a client's connections: processes, threads and event loops."""

import asyncio
import contextvars
import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from sendgrid_campaigns import ConfigurationError, SendReceipt
from sockets.kinds import KINDS, Kind
from sockets.raw import Request, Service, answer, reset, serve
from sockets.stage import Shifted

# Connections of a process or an event loop that is no more are left to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ASYNC = [name for name in KINDS if KINDS[name].is_async]

FORK = """
import asyncio, os, sys
from sockets.kinds import KINDS
def send(id):
    result = campaigns.send(id)
    return (asyncio.run(result) if kind.is_async else result).known_from
for first, kind in enumerate(KINDS.values()):
    campaigns, id = kind.client("SG.key", base_url=sys.argv[1]), 4 * first
    print(send(id + 1), flush=True)
    child = os.fork()
    if child == 0:
        print(send(id + 2), send(id + 3), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(send(id + 4), flush=True)
"""


@contextmanager
def served() -> Iterator[tuple[str, Service]]:
    service = Service()
    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, _):
        yield url, service


def test_a_client_made_before_a_fork_works_in_the_child() -> None:
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with served() as (url, service):
        command = [sys.executable, "-c", FORK, url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50, env=environment)
    assert done.stdout.splitlines() == ["answer", "answer answer", "answer"] * len(KINDS)
    assert sorted(service.mailed) == [*range(1, 4 * len(KINDS) + 1)]


@pytest.mark.parametrize("name", ASYNC)
def test_an_async_client_in_several_loops(name: str) -> None:
    """One after the other, as in a function that a server calls; and two at once, in two threads."""
    with served() as (url, service):
        campaigns, together = KINDS[name].client("SG.key", base_url=url), Barrier(2)

        async def five(first: int) -> list[SendReceipt]:
            return await asyncio.gather(*(campaigns.send(id) for id in range(first, first + 5)))

        def both(first: int) -> None:
            together.wait()
            for start in range(first, first + 25, 5):
                asyncio.run(five(start))

        for first in (1, 6, 11):
            asyncio.run(five(first))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(both, (101, 201)))
        asyncio.run(campaigns.aclose())
        gc.collect()
    assert sorted(service.mailed) == [*range(1, 16), *range(101, 126), *range(201, 226)]


@pytest.mark.parametrize("name", ASYNC)
def test_tasks_of_one_context_do_not_speak_for_each_other(name: str) -> None:
    """A send that is written in the context of another call's attempt may have arrived."""
    service = Service()

    def handle(connection: socket.socket, request: Request) -> bool | None:
        whole = service.answer(request)
        if request.method == "POST":
            return reset(connection)
        connection.sendall(whole)
        return None

    async def main(campaigns: Any, rounds: int) -> list[Any]:
        """Start another call some rounds of the event loop later."""
        together = contextvars.copy_context()
        sending = asyncio.create_task(campaigns.ensure_sent(rounds + 1), context=together)
        for _ in range(rounds):
            await asyncio.sleep(0)
        reading = asyncio.create_task(campaigns.get(100), context=together)
        return await asyncio.gather(sending, reading, return_exceptions=True)

    with serve(handle) as (url, requests):
        for rounds in range(12):
            sent, _ = KINDS[name].use(partial(main, rounds=rounds), base_url=url, clock=Shifted())
            assert "not sent" not in [attempt.proof for attempt in sent.attempts]
    assert sum(request.method == "POST" for request in requests) == 12


@pytest.mark.parametrize("name", ASYNC)
def test_outside_of_asyncio_it_is_refused(name: str) -> None:
    """trio and curio run coroutines without an asyncio loop, as this test does."""
    with pytest.raises(ConfigurationError, match="no asyncio event loop is running"):
        KINDS[name].client("SG.key").send(1).send(None)


ACCOUNTS: list[dict[str, str]] = [{}, {"subuser": "sub{}"}, {"account_id": "A{}"}]


def test_each_request_acts_for_its_own_view(kind: Kind) -> None:
    """The server answers with the on-behalf-of header as the title; threads and tasks are mixed."""

    def handle(connection: socket.socket, request: Request) -> None:
        id = int(request.path.split("/")[3])
        time.sleep(id % 7 / 1000)
        connection.sendall(answer(200, {"id": id, "status": "Draft", "title": request.headers.get("on-behalf-of")}))

    def get(campaigns: Any, id: int) -> Any:
        account = {name: each.format(id) for name, each in ACCOUNTS[id % 3].items()}
        return (campaigns.on_behalf_of(**account) if account else campaigns).get(id)

    def read(campaigns: Any) -> Any:
        if kind.is_async:
            return gathered(campaigns)
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda id: get(campaigns, id), range(1, 100)))

    async def gathered(campaigns: Any) -> list[Any]:
        return await asyncio.gather(*(get(campaigns, id) for id in range(1, 100)))

    with serve(handle) as (url, requests), ThreadPoolExecutor(2) as pool:
        found = [*pool.map(lambda _: kind.use(read, base_url=url), range(2))]
    titles = [(None, f"sub{id}", f"account-id A{id}")[id % 3] for id in range(1, 100)]
    assert [[campaign.title for campaign in campaigns] for campaigns in found] == [titles] * 2
    assert len(requests) == 198
