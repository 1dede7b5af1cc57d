"""What is refused before any request, and what the refusal says."""

import copy
import enum
import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import httpx
import pytest

from doubles import Colour, Server
from sendgrid_campaigns import KEEP, AsyncCampaignsClient, CampaignsClient, ConfigurationError, Retry


def refusal(colour: Colour, *arguments: Any, **named: Any) -> str:
    error: ConfigurationError = colour.error(ConfigurationError, colour.client_class, *arguments, **named)
    assert isinstance(error, ValueError)
    assert error.remedy
    return str(error)


@pytest.mark.parametrize("campaign_id", [0, -1, True, "4900", "4900/../x", "1#x", 1.5, None, 2**63, [4900]], ids=repr)
@pytest.mark.parametrize("operation", ["get", "send"])
def test_an_id_that_is_none(
    colour: Colour, campaigns: Any, server: Server, operation: str, campaign_id: object
) -> None:
    error = colour.error(ConfigurationError, getattr(campaigns, operation), campaign_id)
    assert repr(campaign_id) in str(error)
    assert len(str(error)) < 200
    assert "positive int, such as 4900" in str(error)
    assert server.requests == []


@pytest.mark.parametrize(
    "key",
    ["", " ", "SG.key\n", "SG.\r\nkey", "SG. key", "SG.kéy", "SG.\x00", '"SG.key"', "SG.\\n", 5, b"SG.key"],
    ids=repr,
)
def test_a_key_that_is_none(colour: Colour, key: Any) -> None:
    text = refusal(colour, key)
    assert text.startswith("api_key ")
    assert "key\n" not in text


def test_no_key_at_all(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set SENDGRID_API_KEY in the environment" in refusal(colour)
    monkeypatch.setenv("SENDGRID_API_KEY", "")
    assert refusal(colour).startswith("SENDGRID_API_KEY is empty")
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.key\n")
    assert refusal(colour).startswith("SENDGRID_API_KEY holds a space, a line break")


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        ("http://api.sendgrid.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("https://user:password@api.sendgrid.com", "a user name or a password"),
        ("https://user@api.sendgrid.com", "a user name or a password"),
        ("https://api.sendgrid.com?x=1", "a query or a fragment"),
        ("https://api.sendgrid.com/?", "a query or a fragment"),
        ("https://api.sendgrid.com/#x", "a query or a fragment"),
        ("https://api.sendgrid.com/#", "a query or a fragment"),
        ("api.sendgrid.com", "no http(s) URL"),
        ("ftp://api.sendgrid.com", "no http(s) URL"),
        ("https://", "no http(s) URL"),
        ("https://[", "no http(s) URL"),
        ("https://xn--a", "no http(s) URL"),
        ("https://a/\ud800", "no http(s) URL"),
        ("https://a:99999", "no http(s) URL"),
        ("https://a:0", "no http(s) URL"),
        ("https://a:-1", "no http(s) URL"),
        ("", "no http(s) URL"),
        (None, "no http(s) URL"),
        (5, "no http(s) URL"),
    ],
)
def test_a_base_url_that_is_not_safe(colour: Colour, base_url: Any, problem: str) -> None:
    text = refusal(colour, "SG.key", base_url=base_url)
    assert problem in text
    assert "password@" not in text
    assert "https://api.sendgrid.com" in text


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.eu.sendgrid.com",
        "https://gateway.example:8443/sendgrid/",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ],
)
def test_a_base_url_that_is(colour: Colour, base_url: str) -> None:
    client = colour.client_class("SG.key", base_url=base_url)
    assert repr(client) == f"{type(client).__name__}(base_url={base_url.rstrip('/')!r}, on_behalf_of=None)"
    colour.close(client)


@pytest.mark.parametrize("name", ["", " acme", "acme ", "\tacme", "ac\nme", "ac\r\nme", "ac\x00me", "acmé", 5, b"acme"])
@pytest.mark.parametrize("way", ["subuser", "account_id"])
def test_on_behalf_of_nobody(colour: Colour, campaigns: Any, server: Server, way: str, name: Any) -> None:
    arguments = ((name,), {}) if way == "subuser" else ((), {"account_id": name})
    error = colour.error(ConfigurationError, campaigns.on_behalf_of, *arguments[0], **arguments[1])
    assert str(error).startswith("on_behalf_of(): ")
    assert error.remedy
    assert server.requests == []


@pytest.mark.parametrize("name", ["account-id A123", "Account-Id A123", "account-id"])
def test_a_customer_account_given_as_a_subuser(colour: Colour, campaigns: Any, name: str) -> None:
    error = colour.error(ConfigurationError, campaigns.on_behalf_of, name)
    assert "on_behalf_of(account_id=...) with the id alone" in str(error)


def test_an_account_id_given_as_the_header(colour: Colour, campaigns: Any) -> None:
    error = colour.error(ConfigurationError, campaigns.on_behalf_of, account_id="account-id A123")
    assert "Give the id alone" in str(error)


def test_on_behalf_of_one_account(colour: Colour, campaigns: Any) -> None:
    assert "not both" in str(colour.error(ConfigurationError, campaigns.on_behalf_of, "acme", account_id="A123"))
    assert "not both" in str(colour.error(ConfigurationError, campaigns.on_behalf_of))


@pytest.mark.parametrize("seconds", [0, -1, 1e10, 10**400, math.inf, math.nan, None, "30", True])
@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
def test_no_waiting_for_ever(colour: Colour, name: str, seconds: Any) -> None:
    assert "a positive number of seconds" in refusal(colour, "SG.key", **{name: seconds})


@pytest.mark.parametrize(
    "settings",
    [
        {"attempts": 0},
        {"attempts": True},
        {"attempts": 1.5},
        {"deadline": 0},
        {"deadline": math.inf},
        {"first_wait": -1},
    ],
    ids=str,
)
def test_retry_settings_that_are_none(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^Retry\("):
        Retry(**settings)


def test_the_other_colours_http_client() -> None:
    with pytest.raises(ConfigurationError, match=r"Give an httpx\.Client"):
        CampaignsClient("SG.key", http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"Give an httpx\.AsyncClient"):
        AsyncCampaignsClient("SG.key", http_client=httpx.Client())  # type: ignore[arg-type]


class Name(str, enum.Enum):  # noqa: UP042 - not a StrEnum: its text is its name
    ACME = "acme"


class Number(int):
    """An int that says one thing and becomes another."""

    def __int__(self) -> int:
        return -5

    def __str__(self) -> str:
        return "1/../2"


def test_subclasses_stand_for_their_values(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, Name.ACME)
    colour.do(campaigns.on_behalf_of(Name.ACME).get, Number(4900))
    colour.do(campaigns.on_behalf_of(account_id=Name.ACME).get, 4900)
    assert [request.headers["on-behalf-of"] for request in server.requests] == ["acme", "account-id acme"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer acme"}
    assert {request.url.path for request in server.requests} == {"/v3/campaigns/4900"}


def test_a_value_that_has_no_repr(colour: Colour, campaigns: Any) -> None:
    error = colour.error(ConfigurationError, campaigns.get, 10**5_000)
    assert "campaign_id is of type int" in str(error)


def test_what_is_no_retry_and_no_clock(colour: Colour) -> None:
    assert "Give a sendgrid_campaigns.Retry" in refusal(colour, "SG.key", retry=3)
    assert "Give a sendgrid_campaigns.Clock" in refusal(colour, "SG.key", clock=object())


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "ftp://x"), ("SSL_CERT_FILE", "/nowhere/at/all")])
def test_an_environment_that_httpx_cannot_take(
    colour: Colour, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "Look at HTTPS_PROXY" in refusal(colour, "SG.key")


def test_no_proxy_is_shown_the_key_over_plain_http(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = colour.client_class("SG.key", base_url="http://localhost:9")
    assert [transport for transport in client._http._mounts.values() if transport is not None] == []
    colour.close(client)
    client = colour.client_class("SG.key")
    assert [transport for transport in client._http._mounts.values() if transport is not None]
    colour.close(client)


def test_a_client_stays_in_its_process(colour: Colour, campaigns: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert "before this process was forked" in str(colour.error(ConfigurationError, campaigns.get, 4900))


def test_a_copy_closes_nothing(colour: Colour) -> None:
    campaigns = colour.client_class("SG.key")
    colour.close(copy.copy(campaigns))
    assert not campaigns._http.is_closed
    colour.close(campaigns)


def test_a_closed_client_says_so(colour: Colour) -> None:
    campaigns = colour.client_class("SG.key")
    acme = campaigns.on_behalf_of("acme")
    colour.close(campaigns)
    for client in (campaigns, acme):
        assert "is closed" in str(colour.error(ConfigurationError, client.send, 4900))


class NoOffset(tzinfo):
    """A zone that does not know."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = tzname = utcoffset  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("operation", "arguments", "named"),
    [
        ("create", ("x",), {"editor": "word"}),
        ("create", (KEEP,), {}),
        ("create", ("x",), {"subject": KEEP}),
        ("send_test", (4900, None), {}),
        ("send_test", (4900, 5), {}),
        ("list", (), {"limit": 10**5_000}),
        ("list", (), {"offset": 2**63}),
        ("schedule", (4900, datetime(2100, 1, 1, tzinfo=NoOffset())), {}),
        ("schedule", (4900, datetime.fromtimestamp(1_800_000_000.9, UTC)), {}),
        ("schedule", (4900, datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))), {}),
        ("reschedule", (4900, datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))), {}),
        ("create", ("x",), {"sender_id": 10**5_000}),
        ("create", ("x",), {"list_ids": b"no"}),
    ],
)
def test_arguments_that_are_none(
    colour: Colour, campaigns: Any, server: Server, operation: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    colour.error(ConfigurationError, getattr(campaigns, operation), *arguments, **named)
    assert server.requests == []
