"""Settings: what is refused before any request, what the refusal says, and what a client shows of itself."""

import asyncio
import copy
import enum
import math
import pickle
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import Server, Style, cases, http_client_of
from sendgrid_campaigns.errors import shown


def refusal(style: Style, *arguments: Any, **named: Any) -> str:
    error: sg.ConfigurationError = style.error(sg.ConfigurationError, style.client_class, *arguments, **named)
    assert error.hint
    assert "No request was made." in error.advice
    return str(error)


def test_the_key_of_the_environment(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set SENDGRID_API_KEY" in refusal(style)
    for value, text in (
        ("", "SENDGRID_API_KEY is empty"),
        ("SG.key\n", "SENDGRID_API_KEY holds a space, a line break"),
    ):
        monkeypatch.setenv("SENDGRID_API_KEY", value)
        assert refusal(style).startswith(text)
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.environment")
    style.do(style.client(server, None).get, 4900)
    assert server.requests[0].headers["authorization"] == "Bearer SG.environment"


class Client:
    """As of a fork of httpx."""

    __module__ = "httpx2"

    def __repr__(self) -> str:
        return "Client()"


API = "https://api.sendgrid.com"
NO_KEYS = ("", " ", "SG.key\n", "SG.\r\nkey", "SG. key", "SG.kéy", "SG.\x00", '"SG.key"', "SG.\\n", "<SG.key>")
UNSAFE: dict[str, list[Any]] = {
    "plain http": [f"http://{host}" for host in ("api.sendgrid.com", "10.0.0.1", "localhost.a.com", "127.0.0.1.a.com")],
    "a user name, a query or a fragment": [
        *["https://user:password@api.sendgrid.com", "https://user@api.sendgrid.com"],
        *[f"{API}{end}" for end in ("?x=1", "/?", "/#x", "/#")],
    ],
    "ends in /v3": [f"{API}{end}" for end in ("/v3", "/v3/", "/gateway/v3")],
    "no http(s) URL": [
        *["api.sendgrid.com", "ftp://api.sendgrid.com", "https://", "https://[", "https://xn--a", "https://a b", ""],
        *["https://a/\ud800", *[f"https://a:{port}" for port in ("99999", "0", "-1", "x")], 5, b"https://a"],
    ],
}
NO_SECONDS = (0, -1, 1e10, 10**400, math.inf, math.nan, None, "30", True)
NO_COUNTS = (0, -1, True, 2.5, None, "7", 2**63)


@cases(
    "name value text",
    *[("api_key", key, "api_key ") for key in NO_KEYS],
    *[("api_key", key, "api_key is empty or no text") for key in (5, b"SG.key")],
    *[("base_url", base_url, problem) for problem, base_urls in UNSAFE.items() for base_url in base_urls],
    *[(name, value, f"{name} is {shown(value)}") for name in ("timeout", "connect_timeout") for value in NO_SECONDS],
    *[("max_connections", value, "max_connections is") for value in NO_COUNTS],
    ("retry", 3, "Give sendgrid_campaigns.Retry"),
    ("clock", 3, "Give sendgrid_campaigns.Clock"),
    ("http_client", Client(), "http_client is a httpx2.Client\nNo request was made. Give an httpx."),
)
def test_settings_that_are_refused(style: Style, name: str, value: Any, text: str) -> None:
    said = refusal(style, **{"api_key": "SG.key", name: value})
    assert text in said
    assert "password@" not in said
    assert name != "base_url" or API in said
    assert name != "api_key" or len(str(value)) < 3 or str(value) not in said


def test_the_client_of_the_other_style(style: Style) -> None:
    other = httpx.Client() if style.is_async else httpx.AsyncClient()
    said = refusal(style, "SG.key", http_client=other)
    assert f"http_client is a {type(other).__module__}.{type(other).__name__}\n" in said
    assert f"Give an httpx.{style.http_class.__name__}." in said


@cases(
    "name values",
    *[(name, NO_SECONDS) for name in ("deadline", "settle")],
    ("attempts", NO_COUNTS),
)
def test_retries_that_are_refused(name: str, values: Any) -> None:
    for value in values:
        with pytest.raises(sg.ConfigurationError, match=rf"^Retry\({name}\) is"):
            sg.Retry(**{name: value})


@cases(
    "base_url host",
    ("https://api.eu.sendgrid.com", "api.eu.sendgrid.com"),
    ("https://gateway.example:8443/v3/sendgrid/", "gateway.example:8443"),
    *[(f"http://{host}", host) for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000")],
)
def test_a_base_url_that_is(style: Style, server: Server, base_url: str, host: str) -> None:
    client = style.client(server, base_url=base_url)
    assert repr(client) == f"{style.client_class.__name__}(host={host!r}, on_behalf_of=None)"
    style.do(client.on_behalf_of("acme").get, 4900)
    assert str(server.requests[0].url) == f"{base_url.rstrip('/')}/v3/campaigns/4900"
    assert "on_behalf_of='acme'" in repr(client.on_behalf_of("acme"))


def test_on_behalf_of_nobody(style: Style, campaigns: Any, server: Server) -> None:
    names = ("", " acme", "acme ", "\tacme", "ac\nme", "ac\r\nme", "ac\x00me", "acmé", 5, b"acme")
    wrong: list[tuple[dict[str, Any], str]] = [
        *[({way: name}, "on_behalf_of(): ") for way in ("subuser", "account_id") for name in names],
        *[
            ({"subuser": name}, "(account_id=...) with the id alone")
            for name in ("account-id A1", "Account-Id", "account-id")
        ],
        ({"account_id": "account-id A123"}, "Give the id alone"),
        *[(named, "not both") for named in ({"subuser": "acme", "account_id": "A123"}, {})],
    ]
    for named, text in wrong:
        assert text in str(style.error(sg.ConfigurationError, campaigns.on_behalf_of, **named)), named
    assert server.requests == []


def test_the_clock() -> None:
    clock = sg.Clock()
    assert clock.time() > 1.7e9
    assert clock.monotonic() <= clock.monotonic()
    assert all(0 <= clock.random() < 1 for _ in range(100))
    clock.sleep(0)
    asyncio.run(clock.sleep_async(0))


class Name(str, enum.Enum):  # noqa: UP042 - not a StrEnum: its text is its name
    ACME = "acme"


def test_subclasses_stand_for_their_values(style: Style, server: Server) -> None:
    campaigns = style.client(server, Name.ACME)
    style.do(campaigns.on_behalf_of(Name.ACME).get, 4900)
    style.do(campaigns.on_behalf_of(account_id=Name.ACME).get, 4900)
    assert [request.headers["on-behalf-of"] for request in server.requests] == ["acme", "account-id acme"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer acme"}


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "ftp://x"), ("SSL_CERT_FILE", "/nowhere/at/all")])
def test_an_environment_that_httpx_cannot_take(style: Style, monkeypatch: Any, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert "Look at HTTPS_PROXY" in refusal(style, "SG.key")


def test_a_client_shows_no_key_and_is_not_pickled(style: Style) -> None:
    campaigns = style.client_class("SG.very-secret-key-of-a-test")
    view = campaigns.on_behalf_of("acme")
    values = (campaigns, view, *vars(campaigns).values(), *vars(campaigns._exchange).values())
    assert "very-secret" not in "".join(map(repr, values))
    for client in (campaigns, view):
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="is not pickled"):
                copied(client)
    style.close(campaigns)


def test_a_view_closes_nothing_and_a_closed_client_says_so(style: Style) -> None:
    campaigns = style.client_class("SG.key")
    acme = campaigns.on_behalf_of("acme")
    style.close(acme)
    assert not http_client_of(campaigns).is_closed
    for _ in range(2):
        style.close(campaigns)
    for client in (campaigns, acme):
        assert "this client is closed" in style.error(sg.ConfigurationError, client.send, 4900).cause
