"""Log records: what a call logs, with the campaign in the text and the facts as `extra`, and never the key."""

import logging
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import FakeClock, Server, Style, no


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG, "sendgrid_campaigns")
    return lambda: [(each.levelname, each.phase, each.getMessage()) for each in caplog.records]


def test_a_send_in_doubt(style: Style, server: Server, clock: FakeClock, records: Any, caplog: Any) -> None:
    server.post(httpx.ReadTimeout("slow"))
    client = style.client(server, clock=clock, retry=sg.Retry(attempts=1, settle=1)).on_behalf_of("acme")
    style.error(sg.OutcomeUnknownError, client.send, 4900)
    found = records()
    begin, end = [text for _, phase, text in found if phase == "read-back"]
    assert begin.endswith("reading back what became of the write")
    assert "as before the write" in end
    assert [each[:2] for each in found if each[0] != "DEBUG"] == [*[("INFO", "read-back")] * 2, ("WARNING", "unknown")]
    assert found[-1][2].startswith("campaign 4900: it is unknown whether campaign 4900 was sent: ")
    assert all("campaign 4900" in text for *_, text in found)
    last = vars(caplog.records[-1])
    route = "/v3/campaigns/{campaign_id}"
    facts = ("campaign_id", "on_behalf_of", "action", "host", "method", "route", "status_code", "proof", "attempt")
    assert [last[name] for name in facts] == [
        *(4900, "acme", "sent", "api.sendgrid.com", "GET", route, 200, "accepted", len(server.requests)),
    ]
    assert "SG.key" not in repr([vars(each) for each in caplog.records])


def test_a_read_that_is_repeated(style: Style, server: Server, clock: FakeClock, records: Any) -> None:
    server.get(no(503), no(429, X_RateLimit_Reset="30"), httpx.Response(200, json={"id": 4900, "status": "Draft"}))
    style.do(style.client(server, clock=clock).get, 4900)
    assert [(level, phase) for level, phase, _ in records()] == [
        *[("DEBUG", "attempt"), ("INFO", "retry")] * 2,
        ("DEBUG", "attempt"),
    ]


def test_a_wait_for_the_rate_limit(style: Style, server: Server, clock: FakeClock, records: Any) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}
    server.get(httpx.Response(200, json={"id": 4900, "status": "Draft"}, headers=headers))
    client = style.client(server, clock=clock)
    style.do(client.get, 4900)
    style.do(client.get, 4900)
    assert ("INFO", "rate limit", "campaign 4900: waiting 30.0 s for the rate limit") in records()
