"""Settings: what is refused before any request, what the refusal says, and what a client shows of itself."""

import asyncio
import copy
import enum
import math
import pickle
from typing import Any

import httpx
import pytest

from doubles import Server, Style
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Clock, ConfigurationError, Retry


def refusal(style: Style, *arguments: Any, **named: Any) -> str:
    error: ConfigurationError = style.error(ConfigurationError, style.client_class, *arguments, **named)
    assert isinstance(error, ValueError)
    assert error.remedy
    assert "No request was made." in error.advice
    return str(error)


KEYS = ["", " ", "SG.key\n", "SG.\r\nkey", "SG. key", "SG.kéy", "SG.\x00", '"SG.key"', "SG.\\n", "<SG.key>", 5, b"SG.key"]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_a_key_that_is_none(style: Style, key: Any) -> None:
    text = refusal(style, key)
    assert text.startswith("api_key ")
    assert not isinstance(key, str) or len(key) < 3 or key not in text


def test_the_key_of_the_environment(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set SENDGRID_API_KEY in the environment" in refusal(style)
    for value, text in (("", "SENDGRID_API_KEY is empty"), ("SG.key\n", "SENDGRID_API_KEY holds a space, a line break")):
        monkeypatch.setenv("SENDGRID_API_KEY", value)
        assert refusal(style).startswith(text)
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.environment")
    style.do(style.client(server, None).get, 4900)
    assert server.requests[0].headers["authorization"] == "Bearer SG.environment"


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        *[
            (f"http://{host}", "plain http")
            for host in ("api.sendgrid.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com")
        ],
        ("https://user:password@api.sendgrid.com", "a user name or a password"),
        ("https://user@api.sendgrid.com", "a user name or a password"),
        *[(f"https://api.sendgrid.com{end}", "a query or a fragment") for end in ("?x=1", "/?", "/#x", "/#")],
        *[(f"https://api.sendgrid.com{end}", "ends in /v3") for end in ("/v3", "/v3/", "/gateway/v3")],
        *[
            (url, "no http(s) URL")
            for url in ("api.sendgrid.com", "ftp://api.sendgrid.com", "https://", "https://[", "https://xn--a")
        ],
        *[(url, "no http(s) URL") for url in ("https://a b", "https://a/\ud800", "", None, 5, b"https://a")],
        *[(f"https://a:{port}", "no http(s) URL") for port in ("99999", "0", "-1", "x")],
    ],
    ids=repr,
)
def test_a_base_url_that_is_not_safe(style: Style, base_url: Any, problem: str) -> None:
    text = refusal(style, "SG.key", base_url=base_url)
    assert problem in text
    assert "password@" not in text
    assert "https://api.sendgrid.com" in text


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://api.eu.sendgrid.com", "api.eu.sendgrid.com"),
        ("https://gateway.example:8443/v3/sendgrid/", "gateway.example:8443"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_base_url_that_is(style: Style, server: Server, base_url: str, host: str) -> None:
    client = style.client(server, base_url=base_url)
    assert repr(client) == f"{style.client_class.__name__}(host={host!r}, on_behalf_of=None)"
    style.do(client.on_behalf_of("acme").get, 4900)
    assert str(server.requests[0].url) == f"{base_url.rstrip('/')}/v3/campaigns/4900"
    assert "on_behalf_of='acme'" in repr(client.on_behalf_of("acme"))


@pytest.mark.parametrize("name", ["", " acme", "acme ", "\tacme", "ac\nme", "ac\r\nme", "ac\x00me", "acmé", 5, b"acme"])
@pytest.mark.parametrize("way", ["subuser", "account_id"])
def test_on_behalf_of_nobody(style: Style, campaigns: Any, server: Server, way: str, name: Any) -> None:
    error = style.error(ConfigurationError, campaigns.on_behalf_of, **{way: name})
    assert str(error).startswith("on_behalf_of(): ")
    assert error.remedy
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "named", "text"),
    [
        *[((name,), {}, "(account_id=...) with the id alone") for name in ("account-id A1", "Account-Id A", "account-id")],
        ((), {"account_id": "account-id A123"}, "Give the id alone"),
        (("acme",), {"account_id": "A123"}, "not both"),
        ((), {}, "not both"),
    ],
    ids=str,
)
def test_on_behalf_of_one_account(campaigns: Any, style: Style, arguments: Any, named: Any, text: str) -> None:
    assert text in str(style.error(ConfigurationError, campaigns.on_behalf_of, *arguments, **named))


@pytest.mark.parametrize("seconds", [0, -1, 1e10, 10**400, math.inf, math.nan, None, "30", True])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_no_wait_without_an_end(style: Style, name: str, seconds: Any) -> None:
    assert "a positive number of seconds" in refusal(style, "SG.key", **{name: seconds})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("attempts", value) for value in (0, -1, True, 1.5, None, 2**63)],
        *[(name, value) for name in ("deadline", "settle") for value in (0, -1, math.inf, math.nan, None, "9", True)],
    ],
)
def test_retry_settings_that_are_none(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^Retry\({name}\) is"):
        Retry(**{name: value})
    assert Retry(attempts=1, deadline=0.5, settle=1) == Retry(1, 0.5, 1)


def test_what_is_no_retry_and_no_clock(style: Style) -> None:
    assert "Give a sendgrid_campaigns.Retry" in refusal(style, "SG.key", retry=3)
    assert "Give a sendgrid_campaigns.Clock" in refusal(style, "SG.key", clock=object())


def test_the_clock() -> None:
    clock = Clock()
    assert clock.time() > 1.7e9
    assert clock.monotonic() <= clock.monotonic()
    assert all(0 <= clock.random() < 1 for _ in range(100))
    clock.sleep(0)
    asyncio.run(clock.sleep_async(0))


def test_an_http_client_of_another_class_is_named() -> None:
    class Client:  # as of a fork of httpx
        __module__ = "httpx2"

    for client_class, wrong, text in (
        (CampaignsClient, httpx.AsyncClient(), "http_client is a httpx.AsyncClient. Give an httpx.Client."),
        (AsyncCampaignsClient, httpx.Client(), "http_client is a httpx.Client. Give an httpx.AsyncClient."),
        (CampaignsClient, Client(), "http_client is a httpx2."),
    ):
        with pytest.raises(ConfigurationError) as raised:
            client_class("SG.key", http_client=wrong)  # type: ignore[arg-type]
        assert text.partition(". ")[0] in raised.value.problem
        assert text.partition(". ")[2] in raised.value.remedy


class Name(str, enum.Enum):  # noqa: UP042 - not a StrEnum: its text is its name
    ACME = "acme"


def test_subclasses_stand_for_their_values(style: Style, server: Server) -> None:
    campaigns = style.client(server, Name.ACME)
    style.do(campaigns.on_behalf_of(Name.ACME).get, 4900)
    style.do(campaigns.on_behalf_of(account_id=Name.ACME).get, 4900)
    assert [request.headers["on-behalf-of"] for request in server.requests] == ["acme", "account-id acme"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer acme"}


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "ftp://x"), ("SSL_CERT_FILE", "/nowhere/at/all")])
def test_an_environment_that_httpx_cannot_take(
    style: Style, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "Look at HTTPS_PROXY" in refusal(style, "SG.key")


def test_a_client_shows_no_key_and_is_not_pickled(style: Style) -> None:
    campaigns = style.client_class("SG.very-secret-key-of-a-test")
    view = campaigns.on_behalf_of("acme")
    shown = "".join(map(repr, (campaigns, view, *vars(campaigns).values(), *vars(campaigns._exchange).values())))
    assert "very-secret" not in shown
    for client in (campaigns, view):
        with pytest.raises(TypeError, match="is not pickled"):
            pickle.dumps(client)
        for copied in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="is not pickled"):
                copied(client)
    style.close(campaigns)


def test_a_view_closes_nothing_and_a_closed_client_says_so(style: Style) -> None:
    campaigns = style.client_class("SG.key")
    acme = campaigns.on_behalf_of("acme")
    style.close(acme)
    assert not campaigns._exchange._http.is_closed
    style.close(campaigns)
    style.close(campaigns)
    for client in (campaigns, acme):
        error = style.error(ConfigurationError, client.send, 4900)
        assert "this client is closed" in error.problem
        assert not hasattr(error, "__notes__")
