"""A server quotes the key in every spelling and place: the key shows up in no text, log, pickle or traceback."""

import asyncio
import json
import pickle
import signal
import socket
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import rich.traceback
import sentry_sdk
from sentry_sdk.serializer import serialize
from sentry_sdk.utils import event_from_exception

from sendgrid_campaigns import AsyncSingleSendsClient, Retry, SendGridError, SingleSendsClient
from sockets.kinds import Kind
from sockets.raw import Request, serve
from sockets.stage import Shifted

_KEY = b"SG.canary-7d1f0cQ.hL2rTq9vXw3-zBn_K8mYp4sDe6uJ".decode
"""The key; a function, so that no global of a frame holds it."""
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "cut behind": lambda key: key[:-3],
    "cut before": lambda key: key[3:],
    "JSON escapes": lambda key: "".join(f"\\u{ord(each):04x}" for each in key),
    "percent signs": lambda key: "".join(f"%{ord(each):02x}" for each in key),
    "percent signs for some": lambda key: quote(key, safe="").replace("-", "%2D").replace(".", "%2e"),
    "base64": lambda key: b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of a pair": lambda key: b64encode(f"api:{key}".encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
}
NAMES = ("X-Echo", "Date", "Retry-After", "X-RateLimit-Reset", "Content-Encoding")
PLACES: dict[str, str] = {
    "a refusal": '400 X\r\n\r\n{"errors":[{"message":"no KEY","field":"KEY","help":{"KEY":"KEY"}}],"id":"KEY"}',
    "a page": "404 X\r\n\r\n<html>KEY</html>",
    "a campaign": '200 X\r\n\r\n{"id":1,"status":"Draft","title":"KEY","x":{"KEY":["KEY"]}}',
    "a status": '200 X\r\n\r\n{"id":1,"status":"no KEY"}',
    "a wrong type": '200 X\r\n\r\n{"id":1,"status":5,"list_ids":["KEY"]}',
    "headers": "503 X\r\n" + "".join(f"{name}: KEY\r\n" for name in NAMES) + "\r\n",
    "a reason": "500 KEY\r\n\r\n",
    "a broken status line": "9x9 KEY\r\n\r\n",
    "a broken header": "200 X\r\nKEY\r\n\r\n",
    "a broken chunk": "200 X\r\nTransfer-Encoding: chunked\r\n\r\nKEY\r\n",
    "an unfinished body": "200 X\r\nContent-Length: 9999\r\n\r\nKEY",
}
"""Answers, behind `HTTP/1.1 `."""
SENTRY = sentry_sdk.Client(default_integrations=False, max_value_length=10**6).options


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", _KEY())


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(1, "sendgrid_campaigns")
    return caplog


def leaks(text: str) -> list[str]:
    """Return the spellings of which a text holds a third."""
    found = []
    for name, spell in SPELLINGS.items():
        said = spell(_KEY())
        size = len(said) // 3
        if any(said[start : start + size] in text for start in range(0, len(said) - size + 1, size // 2)):
            found.append(name)
    return found


def shown(error: BaseException) -> Iterator[str]:
    """Yield what logs and debuggers may show of an exception, and of those it is chained to."""
    yield pickle.dumps((type(error), error.args)).decode("latin-1")
    chained, seen = [error], set[int]()
    while chained:
        each = chained.pop()
        seen.add(id(each))
        yield f"{each} {each!r} {each.args} {vars(each)}"
        if isinstance(each, SendGridError):
            yield json.dumps(each.to_dict()) + pickle.dumps(each).decode("latin-1")
        more = (each.__cause__, each.__context__, *getattr(each, "exceptions", ()))
        chained += [one for one in more if one is not None and id(one) not in seen]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname}: {name} = {value!r} {_inside(value)}"


def tracked(error: BaseException) -> Iterator[str]:
    """Yield what Sentry and rich show of an exception, with the locals of all frames."""
    event, _ = event_from_exception(error, client_options=SENTRY)
    yield json.dumps(serialize(event), default=repr)
    # All that rich shows, but for lines of source code: to lay it out takes most of a second.
    shown = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=None
    )
    yield repr(shown.trace)


def _inside(value: object) -> str:
    """Show what is inside of a library's object: those show little of themselves."""
    ours = type(value).__module__.startswith(("sendgrid_campaigns", "sockets", "builtins", "_pytest"))
    return "" if ours else repr(getattr(value, "__dict__", ""))


def told(kind: Kind, call: str, id: Any, place: str, spelling: str, *, thorough: bool) -> list[str]:
    """Return what a call shows, of a server that quotes the key, and that leaks the key."""

    def handle(connection: socket.socket, request: Request) -> bool:
        said = SPELLINGS[spelling](request.headers["authorization"].removeprefix("Bearer "))
        answer = PLACES[place].replace("KEY", said).replace('"id":1', f'"id":{json.dumps(id)}')
        connection.sendall(b"HTTP/1.1 " + answer.encode())
        return False

    settings: dict[str, Any] = {
        "api_key": None,
        "clock": Shifted(),
        "retry": Retry(attempts=2, settle=0.1),
        "timeout": 0.3 if place == "an unfinished body" else 9,
    }
    with serve(handle) as (url, _):
        try:
            found = kind.use(lambda client: getattr(client, call)(id), base_url=url, **settings)
            texts = [repr(found), json.dumps(found.to_dict()), pickle.dumps(found).decode("latin-1")]
        except Exception as error:
            texts = [*shown(error), *(tracked(error) if thorough else ())]
    return [text[:2000] for text in texts if leaks(text)]


@pytest.mark.parametrize("place", PLACES)
def test_the_key_shows_up_nowhere(kind: Kind, place: str, log: pytest.LogCaptureFixture) -> None:
    for spelling in SPELLINGS:
        for call in ("get", *["ensure_sent"] * (spelling == "plain")):
            thorough = spelling + call == "plainget"
            assert not told(kind, call, 1, place, spelling, thorough=thorough), f"{spelling}, {call}"
    assert not leaks(log.text)


@pytest.mark.parametrize("client", [SingleSendsClient, AsyncSingleSendsClient])
def test_nor_of_single_sends(client: Any, log: pytest.LogCaptureFixture) -> None:
    kind, id = Kind(client, lambda client: None), "27c21bbf-a12c-440b-b8bf-c526975328ca"
    for place in PLACES:
        for call in ("get", "ensure_sent", "stats"):
            assert not told(kind, call, id, place, "plain", thorough=False), f"{place}, {call}"
    assert not leaks(log.text)


@pytest.mark.parametrize(
    "said", ["", 'HTTP/1.1 400 {0}\r\nX: {0}\r\nContent-Length: 999\r\n\r\n{{"errors": [{{"message": "{0}"']
)
def test_nor_when_a_call_is_ended_in_flight(kind: Kind, said: str, log: pytest.LogCaptureFixture) -> None:
    came = threading.Event()

    def handle(connection: socket.socket, request: Request) -> None:
        connection.sendall(said.format(request.headers["authorization"]).encode())
        came.set()
        connection.recv(1)  # until the client closes the connection

    def interrupt(signal: int, frame: object) -> None:
        raise KeyboardInterrupt

    async def cancelled(campaigns: Any) -> None:
        task = asyncio.create_task(campaigns.ensure_sent(1))
        await asyncio.to_thread(came.wait)
        async with asyncio.timeout(0.05):
            await task

    def limited(campaigns: Any) -> None:
        threading.Thread(target=lambda: came.wait() and signal.setitimer(signal.ITIMER_REAL, 0.05)).start()
        campaigns.ensure_sent(1)

    before = signal.signal(signal.SIGALRM, interrupt)
    with serve(handle) as (url, _), pytest.raises((KeyboardInterrupt, TimeoutError)) as raised:
        kind.use(cancelled if kind.is_async else limited, api_key=None, base_url=url)
    signal.signal(signal.SIGALRM, before)
    assert not [text[:3000] for text in (*shown(raised.value), *tracked(raised.value)) if leaks(text)]
    assert "it is unknown whether" in log.text
    assert not leaks(log.text)
