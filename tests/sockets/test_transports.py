"""Foreign transports that repeat (httpx-retries) and cache (hishel): no false answer, no other tenant's campaign."""

import socket
from contextlib import suppress
from operator import methodcaller
from pathlib import Path
from typing import Any

import hishel
import hishel.httpx
import httpx
import httpx_retries
import pytest

from sendgrid_campaigns import APIConnectionError, CampaignsClient, OutcomeUnknownError, Retry
from sockets.raw import Request, Service, answer, reset, serve
from sockets.stage import Shifted

PATIENCE = Retry(attempts=2, settle=0.3, deadline=5)
WRITES = (methodcaller("send", 1), methodcaller("delete", 1, stop=True))


@pytest.mark.parametrize("then", [400, 401, 403, 404, 429])
@pytest.mark.parametrize("first", [502, "reset"])
@pytest.mark.parametrize("write", WRITES)
def test_a_transport_that_repeats(write: methodcaller, first: int | str, then: int) -> None:
    """The first copy is carried out and its answer lost; the second one is refused."""
    service = Service()

    def handle(connection: socket.socket, request: Request) -> object:
        own = service.answer(request)
        if request.method != "GET":
            own = answer(then, {"errors": [{"message": "no"}]}, "Retry-After: 0\r\n")
            if [each.method for each in requests].count(request.method) == 1:
                own = answer(502, b"<html>")
                if first == "reset":
                    return reset(connection)
        connection.sendall(own)
        return None

    repeating = httpx_retries.Retry(total=2, backoff_factor=0, allowed_methods=["GET", "POST", "DELETE"])
    transport = httpx_retries.RetryTransport(httpx.HTTPTransport(), retry=repeating)
    with serve(handle) as (url, requests), httpx.Client(transport=transport) as http:
        campaigns = CampaignsClient("SG.key", base_url=url, http_client=http, retry=PATIENCE, clock=Shifted())
        with suppress(OutcomeUnknownError):
            write(campaigns)
    assert sum(request.method != "GET" for request in requests) > 1
    assert service.statuses[1] in ("Sent", "")


@pytest.mark.parametrize("control", ["", "max-age=60", "private, max-age=60", "public, max-age=60"])
@pytest.mark.parametrize("lost", ["403", "reset"])
@pytest.mark.parametrize("rfc", [False, True, {"shared": False}, {"shared": True, "allow_stale": True}])
def test_a_transport_that_caches(rfc: Any, lost: str, control: str, tmp_path: Path) -> None:
    service = Service()

    def handle(connection: socket.socket, request: Request) -> object:
        own = service.answer(request)
        if request.method == "POST":
            if lost == "reset":
                return reset(connection)
            own = answer(403, {"errors": [{"message": "You may only send a campaign when it is in draft mode."}]})
        elif not request.path.endswith("schedules"):
            body = {"id": 1, "status": service.statuses[1], "title": request.headers.get("on-behalf-of")}
            own = answer(200, body, f"Cache-Control: {control}\r\n" if control else "")
        connection.sendall(own)
        return None

    storage = hishel.SqliteStorage(database_path=tmp_path / "cache.db")
    transport = hishel.httpx.CacheTransport(httpx.HTTPTransport(), storage=storage, rfc=rfc)
    with serve(handle) as (url, requests), httpx.Client(transport=transport) as http:
        campaigns = CampaignsClient("SG.key", base_url=url, http_client=http, retry=PATIENCE, clock=Shifted())
        for tenant in ("acme", "beta") if rfc is not False else ():
            assert campaigns.on_behalf_of(tenant).get(1).title == tenant
        with suppress(OutcomeUnknownError):
            campaigns.send(1)
            assert service.mailed == [1]
        if rfc is False:  # a cache that takes no orders is not believed
            with pytest.raises(APIConnectionError, match="from a cache"):
                campaigns.on_behalf_of("beta").get(1)
        assert {request.headers["cache-control"] for request in requests} == {"no-cache, no-store"}
    storage.close()
