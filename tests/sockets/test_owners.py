"""Who may use a client's connections: processes, threads and event loops."""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest

from sendgrid_campaigns import CampaignsClient, ConfigurationError, SendReceipt
from sockets.kinds import KINDS, Kind
from sockets.raw import Request, Service, answer, serve

# Connections of a process or an event loop that is no more are left to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ASYNC = [name for name in KINDS if KINDS[name].is_async]

FORK = """
import asyncio, os, sys
from sendgrid_campaigns import ConfigurationError
from sockets.kinds import KINDS
kind, url, first, foreign = KINDS[sys.argv[1]], sys.argv[2], sys.argv[3], sys.argv[4] == "foreign"
campaigns = kind.client("SG.key", base_url=url, **({"http_client": kind.http()} if foreign else {}))
def send(id):
    result = campaigns.send(id)
    return asyncio.run(result) if kind.is_async else result
if first == "used":
    print(send(1).known_from, flush=True)
child = os.fork()
if child == 0:
    try:
        print(send(2).known_from, send(3).known_from, flush=True)
    except ConfigurationError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(send(4).known_from, flush=True)
"""


def forked(name: str, first: str, foreign: str = "own") -> tuple[list[str], Service, int]:
    """Run FORK. Returns its lines, the service, and how many requests came."""
    service = Service()
    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, requests):
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", FORK, name, url, first, foreign]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50, env=environment)
    return done.stdout.splitlines(), service, len(requests)


@pytest.mark.parametrize("first", ["used", "unused"])
@pytest.mark.parametrize("name", KINDS)
def test_a_client_made_before_a_fork_works_in_the_child(name: str, first: str) -> None:
    lines, service, _ = forked(name, first)
    assert lines == [*["answer"] * (first == "used"), "answer answer", "answer"]
    assert sorted(service.mailed) == [*[1] * (first == "used"), 2, 3, 4]


def test_a_foreign_pool_is_refused_in_the_child() -> None:
    lines, service, requests = forked("sync", "used", "foreign")
    assert lines[0] == lines[-1] == "answer"
    assert lines[1].startswith("http_client belongs to another process")
    assert service.mailed == [1, 4]
    assert requests == 4


def test_a_foreign_pool_is_refused_in_another_loop() -> None:
    service, http = Service(), KINDS["async"].http()
    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, requests):
        campaigns = KINDS["async"].client("SG.key", base_url=url, http_client=http)

        asyncio.run(campaigns.get(1))
        with pytest.raises(ConfigurationError, match="another process or event loop"):
            asyncio.run(campaigns.send(1))
        assert len(requests) == 1
    with suppress(RuntimeError):  # its loop has ended
        asyncio.run(http.aclose())


def test_a_sync_client_in_threads() -> None:
    service = Service()

    def send(campaigns: CampaignsClient) -> list[SendReceipt]:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(campaigns.send, range(1, 101)))

    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, _):
        receipts = KINDS["sync"].use(send, base_url=url)
    assert [receipt.id for receipt in receipts] == list(range(1, 101))
    assert sorted(service.mailed) == list(range(1, 101))


@pytest.mark.parametrize("name", ASYNC)
def test_an_async_client_in_several_loops(name: str) -> None:
    """One after the other, as in a function that a server calls; and two at once, in two threads."""
    service = Service()
    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, _):
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
def test_outside_of_asyncio_it_is_refused(name: str) -> None:
    """trio and curio run coroutines without an asyncio loop, as this test does."""
    service = Service()
    with serve(lambda connection, request: connection.sendall(service.answer(request))) as (url, requests):
        campaigns = KINDS[name].client("SG.key", base_url=url)
        with pytest.raises(ConfigurationError, match="no asyncio event loop is running"):
            campaigns.send(1).send(None)
        assert not requests


def test_each_request_acts_for_its_own_view(kind: Kind) -> None:
    """The server answers with the on-behalf-of header as the title; threads and tasks are mixed."""

    def handle(connection: socket.socket, request: Request) -> None:
        id, who = int(request.path.split("/")[3]), request.headers.get("on-behalf-of")
        time.sleep(id % 7 / 1000)
        connection.sendall(answer(200, {"id": id, "status": "Draft", "title": who}))

    def view(campaigns: Any, number: int) -> tuple[Any, str | None]:
        views = {0: (None, None), 1: ("sub{}", None), 2: (None, "A{}")}
        subuser, account = (each and each.format(number) for each in views[number % 3])
        if account:
            return campaigns.on_behalf_of(account_id=account), f"account-id {account}"
        return (campaigns.on_behalf_of(subuser) if subuser else campaigns), subuser

    def read(campaigns: Any) -> Any:
        made = [view(campaigns, number) for number in range(1, 200)]
        if kind.is_async:

            async def gathered() -> list[Any]:
                return await asyncio.gather(*(each.get(id) for id, (each, _) in enumerate(made, 1)))

            return gathered()
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda pair: pair[1][0].get(pair[0]), enumerate(made, 1)))

    with serve(handle) as (url, requests), ThreadPoolExecutor(2) as pool:
        found = [*pool.map(lambda _: kind.use(read, base_url=url), range(2))]
    for campaigns in found:
        assert [campaign.title for campaign in campaigns] == [view(Views(), number)[1] for number in range(1, 200)]
    assert len(requests) == 398


class Views:
    """Views of nothing."""

    def on_behalf_of(self, subuser: str = "", account_id: str = "") -> None: ...
