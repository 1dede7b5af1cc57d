"""The key shows up nowhere: not in any repr or str, in no log, in no traceback with locals, in no pickle."""

import copy
import io
import logging
import pickle
import traceback
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from doubles import DRAFT, Colour, Server
from sendgrid_campaigns import ConfigurationError, NotInDraftError, SendGridError

CANARY = "SG.canary-7d1f0c"


def tell_tale(request: httpx.Request) -> httpx.Response:
    """What some proxies do: quote the request's headers in their answer."""
    quoted = dict(request.headers.items())
    return httpx.Response(400, json={"errors": [{"field": "authorization", "message": f"what is {quoted}?"}]})


def tell_tale_text(request: httpx.Request) -> httpx.Response:
    return httpx.Response(404, text=f"no such thing: {request.headers['Authorization']}")


def tell_tale_escaped(request: httpx.Request) -> httpx.Response:
    """JSON has more than one way to spell a key."""
    key = request.headers["Authorization"].removeprefix("Bearer ")
    spelt = "".join(f"\\u{ord(character):04x}" for character in key)
    body = '{"errors": [{"message": "no KEY", "field": "KEY", "help": {"KEY": ["KEY"]}}], "id": "KEY"}'
    return httpx.Response(400, content=body.replace("KEY", spelt).encode())


def tell_tale_raise(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError(f"lost {request.headers['Authorization']}", request=request)


ENDINGS: dict[str, dict[str, list[Any]]] = {
    "sent": {},
    "not a draft": {"GET": [httpx.Response(200, json={**DRAFT, "status": "Sent"})]},
    "unreadable": {"GET": [httpx.Response(200, text="<html>")]},
    "quoted in a body": {"POST": [tell_tale]},
    "quoted and escaped": {"POST": [tell_tale_escaped]},
    "quoted at a cut": {"GET": [httpx.Response(200, json={**DRAFT, "status": 5, "list_ids": ["a" * 170 + CANARY]})]},
    "quoted in a text": {"POST": [tell_tale_text]},
    "quoted in an exception": {"POST": [tell_tale_raise]},
    "never left": {"POST": [httpx.ConnectError(f"could not send Bearer {CANARY}")]},
    "unreadable and quoted": {"GET": [httpx.Response(200, json={"id": CANARY})]},
    "limited": {"POST": [httpx.Response(429, headers={"Retry-After": "100"})]},
    "doubt": {"POST": [httpx.Response(500)]},
    "forbidden": {"POST": [httpx.Response(403)]},
    "server error": {"GET": [httpx.Response(500)]},
}


def in_frames_of_ours(error: BaseException) -> str:
    """The traceback with the locals of our own frames, through every error that it chains."""
    shown = []
    following: BaseException | None = error
    while following is not None:
        summary = traceback.TracebackException.from_exception(following, capture_locals=True)
        for frame in summary.stack:
            if "/facade/sendgrid_campaigns/" in frame.filename:
                shown.append(f"{frame.name}: {frame.locals}")
        following = following.__cause__ or following.__context__
    return "\n".join(shown)


OPERATIONS: dict[str, tuple[Any, ...]] = {
    "create": ("A title",),
    "list": (),
    "get": (4900,),
    "check": (4900,),
    "update": (4900,),
    "delete": (4900,),
    "schedule": (4900, datetime(2100, 1, 1, tzinfo=UTC)),
    "reschedule": (4900, datetime(2100, 1, 1, tzinfo=UTC)),
    "get_schedule": (4900,),
    "unschedule": (4900,),
    "send": (4900,),
    "send_test": (4900, "me@example.com"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_calls(colour: Colour, server: Server, ending: str, operation: str) -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("sendgrid_campaigns")
    logger.addHandler(handler)
    logger.setLevel(1)
    server.script.update({method: list(lines) for method, lines in ENDINGS[ending].items()})
    for method in ("PATCH", "DELETE"):
        server.script[method] = list(server.script["POST"])
    campaigns = colour.client(server, CANARY).on_behalf_of("acme")
    shown: list[str] = [repr(campaigns), str(campaigns), repr(campaigns._settings), repr(vars(campaigns))]
    pickled: list[bytes] = []
    try:
        changes = {"subject": "News"} if operation == "update" else {}
        result = colour.do(getattr(campaigns, operation), *OPERATIONS[operation], **changes)
        shown += [repr(result), str(result)]
        pickled.append(pickle.dumps(result))
    except SendGridError as error:
        # Everything that hangs on the error, as a debugger or an error tracker would show it.
        shown += [repr(error), str(error), repr(vars(error)), repr(error.args), in_frames_of_ours(error)]
        assert "_run" in shown[-1]
        assert "_fetch" not in shown[-1]
        pickled.append(pickle.dumps(error))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert log.getvalue()
    assert CANARY not in log.getvalue()
    assert not [text for text in shown if CANARY in text]
    assert not [data for data in pickled if CANARY.encode() in data]


def test_a_status_that_quotes_it(colour: Colour, server: Server) -> None:
    server.get(httpx.Response(200, json={**DRAFT, "status": f"no {CANARY}"}))
    error = colour.error(NotInDraftError, colour.client(server, CANARY).send, 4900)
    assert error.status == "no (the API key)"
    assert CANARY not in in_frames_of_ours(error) + str(error)


@pytest.mark.parametrize("key", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}é"])
def test_a_refused_key(colour: Colour, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", key)
    for arguments in ((key,), ()):
        error = colour.error(ConfigurationError, colour.client_class, *arguments)
        assert CANARY not in in_frames_of_ours(error) + str(error) + repr(error) + repr(vars(error))
        assert "__init__" in in_frames_of_ours(error)
        assert CANARY.encode() not in pickle.dumps(error)


def test_settings_refused_beside_a_good_key(colour: Colour) -> None:
    error = colour.error(ConfigurationError, colour.client_class, CANARY, base_url="http://example.com")
    assert CANARY not in in_frames_of_ours(error)


def test_nothing_that_holds_the_key_is_pickled(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, CANARY)
    for holder in (campaigns, campaigns.on_behalf_of("acme"), campaigns._settings, campaigns._settings.key):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(holder)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(campaigns)


def test_one_debug_line_for_each_attempt(
    colour: Colour, campaigns: Any, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sendgrid_campaigns")
    server.post(httpx.ConnectError("refused"), httpx.Response(201, json={"id": 4900, "status": "Scheduled"}))
    colour.do(campaigns.send, 4900)
    lines = [record.getMessage() for record in caplog.records if record.name == "sendgrid_campaigns"]
    assert lines == [
        "GET /v3/campaigns/{campaign_id}: 200 in 0 ms, attempt 1",
        "POST /v3/campaigns/{campaign_id}/schedules/now: ConnectError: refused in 0 ms, attempt 1",
        "POST /v3/campaigns/{campaign_id}/schedules/now: 201 in 0 ms, attempt 2",
    ]
