"""A 403 of the legacy API: which product is the key for?"""

from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import Server, Style, cases, no
from sendgrid_campaigns.sandbox import Sandbox

SINGLE = "This key is for Single Sends: use SingleSendsClient."


def scopes(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"scopes": [*names]})


@cases(
    "answer told",
    (scopes("mail.send", "marketing.read"), True),
    (scopes("marketing.read", "marketing_campaigns.read"), False),
    (scopes("mail.send"), False),
    (httpx.Response(200, json={"scopes": None}), False),
    (no(403), False),
    (httpx.Response(200, text="<html>"), False),
    (httpx.ConnectError("refused"), False),
)
def test_a_403_asks_once_for_the_scopes(style: Style, campaigns: Any, server: Server, answer: Any, told: bool) -> None:
    server.get(no(403, "access forbidden"), answer)
    error = style.error(sg.PermissionDeniedError, campaigns.get, 4900)
    assert (SINGLE in error.advice) is told
    assert "access forbidden" in error.summary
    assert [request.url.path for request in server.requests] == ["/v3/campaigns/4900", "/v3/scopes"]
    assert [attempt.route for attempt in error.attempts] == ["/v3/campaigns/{campaign_id}", "/v3/scopes"]


@pytest.mark.parametrize("scope", ["marketing.read", "marketing_campaigns.read"])
def test_in_the_sandbox(style: Style, scope: str) -> None:
    with Sandbox() as sandbox:
        sandbox.add_key("SG.sandbox.new", scopes=[scope])
        error = style.error(sg.PermissionDeniedError, style.of(sandbox, "SG.sandbox.new").create, "May")
        assert (SINGLE in error.advice) is (scope == "marketing.read")
