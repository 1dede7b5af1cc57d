"""Views with other options, the base URL of the environment, and answers and arguments that cannot be right."""

from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import FakeClock, Server, Style, no


def test_a_view_has_its_own_timeout_and_patience(style: Style, server: Server, clock: FakeClock) -> None:
    server.get(no(503))
    client = style.client(server, clock=clock, timeout=7.0)
    acme = client.on_behalf_of("acme")
    impatient = acme.with_options(timeout=2.0, retry=sg.Retry(attempts=1))
    style.error(sg.ServerError, impatient.get, 4900)
    style.error(sg.ServerError, acme.get, 4900)
    style.error(sg.ServerError, impatient.with_options(retry=sg.Retry(attempts=2)).get, 4900)
    asked = [(each.extensions["timeout"]["read"], each.headers["on-behalf-of"]) for each in server.requests]
    assert asked == [(2.0, "acme")] * 1 + [(7.0, "acme")] * 4 + [(2.0, "acme")] * 2
    assert (client.with_options()._session.timeout, client._session.retry) == (7.0, sg.Retry())


def test_options_that_cannot_be_right(campaigns: Any, style: Style) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"timeout": 0}, {"timeout": "5"}, {"retry": 3})
    for options in wrong:
        with pytest.raises(sg.ConfigurationError, match=next(iter(options)) if "timeout" in options else "Retry"):
            campaigns.with_options(**options)


def test_the_base_url_of_the_environment(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_CAMPAIGNS_BASE_URL", "https://api.eu.sendgrid.com")
    assert "host='api.eu.sendgrid.com'" in repr(style.client(server))
    assert "host='api.sendgrid.com'" in repr(style.client(server, base_url="https://api.sendgrid.com"))
    monkeypatch.setenv("SENDGRID_CAMPAIGNS_BASE_URL", "http://api.sendgrid.com")
    error = style.error(sg.ConfigurationError, style.client_class, "SG.key")
    assert error.summary.startswith("SENDGRID_CAMPAIGNS_BASE_URL is plain http")


@pytest.mark.parametrize(
    ("key", "sandbox", "allowed"), [("SG.sandbox", True, True), ("SG.sandbox", False, False), ("SG.key", True, False)]
)
def test_plain_http_goes_to_a_sandbox_alone(style: Style, key: str, sandbox: bool, allowed: bool) -> None:
    settings: dict[str, Any] = {"base_url": "http://sandbox.internal:8025", "sandbox": sandbox}
    if allowed:
        assert "sandbox.internal:8025" in repr(style.client_class(key, **settings))
    else:
        error = style.error(sg.ConfigurationError, style.client_class, key, **settings)
        assert "base_url is plain http" in error.summary
        assert "sandbox=True, with the sandbox's key" in error.advice


@pytest.mark.parametrize("send_at", ["soon", True, 1e30, [1]])
def test_a_time_that_is_none(campaigns: Any, style: Style, server: Server, send_at: object) -> None:
    server.script["GET schedules"] = [httpx.Response(200, json={"send_at": send_at})]
    error = style.error(sg.InvalidResponseError, campaigns.get_schedule, 4900)
    assert "send_at is" in error.summary


@pytest.mark.parametrize("to", [5, None, [], "", ["a@example.com"] * 11])
def test_addresses_of_a_test_that_cannot_be_right(campaigns: Any, style: Style, to: object) -> None:
    assert "Give 1 to 10 addresses" in style.error(sg.ConfigurationError, campaigns.send_test, 4900, to).advice


@pytest.mark.parametrize("name", ["summary", "advice", "to_dict", "args", "_advice", "status_code"])
def test_what_is_no_fact_of_an_error(name: str) -> None:
    with pytest.raises(TypeError, match=f"NotAppliedError has no {name}"):
        sg.NotAppliedError(**{name: "x"})
