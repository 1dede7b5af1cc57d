"""The request on the wire, to the byte, as pytest-httpx sees it."""

import asyncio

import httpx
import pytest
from pytest_httpx import HTTPXMock

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, __version__

NOW = "https://api.sendgrid.com/v3/campaigns/4900/schedules/now"


@pytest.fixture
def answers(httpx_mock: HTTPXMock) -> HTTPXMock:
    httpx_mock.add_response(method="GET", json={"id": 4900, "status": "Draft"}, is_reusable=True)
    httpx_mock.add_response(method="POST", url=NOW, status_code=201, json={"id": 4900, "status": "Scheduled"})
    return httpx_mock


def headers(request: httpx.Request) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in request.headers.raw]


ALWAYS = [
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip"),
    (b"user-agent", f"sendgrid-campaigns/{__version__} httpx/{httpx.__version__}".encode()),
]


def check(requests: list[httpx.Request], behalf: list[tuple[bytes, bytes]]) -> None:
    read, sent = requests
    assert (read.method, str(read.url)) == ("GET", "https://api.sendgrid.com/v3/campaigns/4900")
    assert (sent.method, str(sent.url)) == ("POST", NOW)
    key = [(b"authorization", b"Bearer SG.wire")]
    host = [(b"host", b"api.sendgrid.com")]
    # No body: HTTP says so by a length of 0 (RFC 9110, 8.6), and there is nothing for a Content-Type to describe.
    assert headers(sent) == host + [(b"content-length", b"0")] + ALWAYS + behalf + key
    assert headers(read) == host + ALWAYS + behalf + key
    assert sent.content == read.content == b""


def test_for_the_account_itself(answers: HTTPXMock) -> None:
    with CampaignsClient("SG.wire") as campaigns:
        campaigns.send(4900)
    check(answers.get_requests(), behalf=[])


def test_for_a_subuser(answers: HTTPXMock) -> None:
    with CampaignsClient("SG.wire") as campaigns:
        campaigns.on_behalf_of("acme@example.com").send(4900)
    check(answers.get_requests(), behalf=[(b"on-behalf-of", b"acme@example.com")])


def test_for_a_customer_account(answers: HTTPXMock) -> None:
    with CampaignsClient("SG.wire") as campaigns:
        campaigns.on_behalf_of(account_id="A123").send(4900)
    check(answers.get_requests(), behalf=[(b"on-behalf-of", b"account-id A123")])


def test_from_asyncio(answers: HTTPXMock) -> None:
    async def main() -> None:
        async with AsyncCampaignsClient("SG.wire") as campaigns:
            await campaigns.on_behalf_of("acme").send(4900)

    asyncio.run(main())
    check(answers.get_requests(), behalf=[(b"on-behalf-of", b"acme")])


def test_the_key_of_the_environment(answers: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.wire")
    with CampaignsClient() as campaigns:
        campaigns.send(4900)
    check(answers.get_requests(), behalf=[])


def test_a_base_url_with_a_path(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url="https://gateway.example/4900/v3/campaigns/4900", json={"id": 4900, "status": "Sent"})
    with CampaignsClient("SG.wire", base_url="https://gateway.example/4900/") as campaigns:
        assert campaigns.get(4900).status == "Sent"


def test_nothing_of_the_callers_http_client_reaches_the_wire(answers: HTTPXMock) -> None:
    theirs = httpx.Client(
        headers={"on-behalf-of": "somebody else", "x-theirs": "1"},
        cookies={"session": "theirs"},
        params={"theirs": "1"},
        auth=("user", "password"),
        base_url="https://elsewhere.example/v9",
        follow_redirects=True,
    )
    with CampaignsClient("SG.wire", http_client=theirs) as campaigns:
        campaigns.send(4900)
    check(answers.get_requests(), behalf=[])
    assert not theirs.is_closed
