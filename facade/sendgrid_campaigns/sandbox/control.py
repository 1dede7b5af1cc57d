"""The control API of the served sandbox, `/_sandbox/...`: JSON for the public methods of `Sandbox`.

control.yaml, beside this file, describes the API. Here is no second implementation: each operation checks its fields
and calls the method that its name says.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from sendgrid_campaigns.sandbox import example
from sendgrid_campaigns.sandbox.faults import Canned, Fault, Network, check_among, in_seconds
from sendgrid_campaigns.sandbox.service import Reply, Request, operation

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox import Sandbox

PREFIX = "/_sandbox/"

LARGEST_BODY = 2**20
"""The largest body of a control request, in bytes."""

_LARGEST_NUMBER = 2**53 - 1
"""The largest integer that every language reads from JSON."""

_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

Fields = Mapping[str, Any]


class Control:
    """The operations of the control API on a sandbox.

    version: returns a value that changes when the sandbox's overview may have changed.
    """

    def __init__(self, sandbox: "Sandbox", network: Network, version: Callable[[], object]) -> None:
        self._sandbox = sandbox
        self._network = network
        self.version: Callable[[], object] = version
        self.overview: Callable[[], dict[str, Any]] = sandbox.overview

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Return the answer to one request whose path begins with PREFIX."""
        name = path.removeprefix(PREFIX)
        reads, writes = self._reads(), self._writes()
        if name not in reads | writes:
            return refused(
                404, f"{path} is nothing here: there are {', '.join(PREFIX + each for each in reads | writes)}"
            )
        allowed = "GET" if name in reads else "POST"
        if method != allowed:
            return refused(405, f"{path} takes {allowed}, not {method}", allow=allowed)
        try:
            if name in reads:
                return as_json(reads[name](query))
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            # A page of another site may send other types without asking the browser's leave.
            if kind != "application/json":
                return refused(415, "send the header Content-Type: application/json, and a JSON object as the body")
            if len(body) > LARGEST_BODY:
                return refused(413, f"the body has {len(body)} bytes, and {LARGEST_BODY} are the most")
            writes[name](_parsed(body))
            return as_json(self._sandbox.overview())
        except (TypeError, ValueError, RecursionError) as error:
            return refused(400, f"{name}: {error}")

    def _reads(self) -> dict[str, Callable[[Mapping[str, str]], object]]:
        return {"state": self._state, "mailings": self._mailings, "requests": self._requests}

    def _writes(self) -> dict[str, Callable[[Fields], object]]:
        return {
            "advance": self._advance,
            "fault": self._fault,
            "act": self._act,
            "account": self._account,
            "knobs": self._set_knobs,
            "forget": self._forget,
            "reset": self._reset,
        }

    # --- reading ---

    def _state(self, query: Mapping[str, str]) -> object:
        _check_names(query)
        return self._sandbox.overview()

    def _mailings(self, query: Mapping[str, str]) -> object:
        _check_names(query, "campaign_id", "number")
        number, campaign_id = _asked(query, "number"), _asked(query, "campaign_id")
        found = self._sandbox.mailings(campaign_id)
        return {"mailings": [asdict(each) for each in found if number in (None, each.number)]}

    def _requests(self, query: Mapping[str, str]) -> object:
        _check_names(query, "number", "after")
        number, after = _asked(query, "number"), _asked(query, "after") or 0
        found = self._sandbox.requests()
        return {"requests": [asdict(each) for each in found if number in (None, each.number) and each.number > after]}

    # --- steering ---

    def _advance(self, given: Fields) -> None:
        _check_names(given, "seconds")
        if "seconds" not in given:
            raise ValueError('say by how much, such as {"seconds": 3600}')
        self._sandbox.advance(given["seconds"])

    def _fault(self, given: Fields) -> None:
        _check_names(given, "operation", "occurrence", "times", "effect", "delay", "answer", "ending")
        if "operation" not in given:
            raise ValueError('say of which operation, such as {"operation": "send", "ending": "reset"}')
        plan = dict(given)
        _integer(plan, "occurrence", 1_000_000)
        _integer(plan, "times", 1000)
        if isinstance(answer := plan.get("answer"), dict):
            plan["answer"] = _canned(cast(Fields, answer))
        of_fault: dict[str, Any] = {**plan, "delay": in_seconds("delay", plan.get("delay", 0.0))}
        fault = Fault(**{name: value for name, value in of_fault.items() if name not in ("occurrence", "times")})
        if use := fault.alternative_to("serve()"):
            raise ValueError(f"this server cannot play {fault}; {use} of the Python package can")
        self._sandbox.fault(**plan)

    def _act(self, given: Fields) -> None:
        _check_names(given, "operation", "occurrence", "when", "request", "set_status")
        if ("request" in given) == ("set_status" in given):
            raise ValueError('say what the other client does: give either "request" or "set_status"')
        asked = self._request(given["request"]) if "request" in given else self._status(given["set_status"])
        if "operation" in given:
            _integer(given, "occurrence", 1_000_000)

            def later(sandbox: object) -> None:
                with suppress(ValueError):  # the campaign may be gone by then
                    asked()

            self._sandbox.act(given["operation"], given.get("occurrence", 1), later, when=given.get("when", "before"))
        elif given.keys() & {"occurrence", "when"}:
            raise ValueError('say of which operation, such as {"operation": "get"}; without one, it is done now')
        else:
            self._network.run([asked])

    def _request(self, given: Any) -> Callable[[], object]:
        """Return a function that makes a request of another client."""
        given = _object("request", given)
        _check_names(given, "method", "path", "on_behalf_of", "body")
        method, path = _text(given, "method"), _text(given, "path")
        if operation(method, path.partition("?")[0]) is None:
            raise ValueError(
                f"{method} {path} is no operation of the API, such as POST /v3/campaigns/4900/schedules/now"
            )
        headers = {"authorization": f"Bearer {example.KEY}", "content-type": "application/json"}
        if given.get("on_behalf_of") is not None:
            headers["on-behalf-of"] = _text(given, "on_behalf_of")
        path, _, query = path.partition("?")
        request = Request(
            method=method,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=json.dumps(given["body"]).encode() if "body" in given else b"",
        )
        return lambda: self._network.carry(self._network.plan(operation(method, path), "transport()"), request)

    def _status(self, given: Any) -> Callable[[], object]:
        """Return a function that sets a campaign's status."""
        given = _object("set_status", given)
        _check_names(given, "campaign_id", "status")
        _integer(given, "campaign_id", _LARGEST_NUMBER)
        campaign_id, status = given.get("campaign_id", 0), _text(given, "status")
        return lambda: self._sandbox.set_status(campaign_id, status)

    def _account(self, given: Fields) -> None:
        _check_names(given, "subuser", "account_id", "credits")
        if len(given.keys() & {"subuser", "account_id"}) == 2 or not given:
            raise ValueError('name one account: {"subuser": "beta"} or {"account_id": "B7"}; to set credits, or none')
        _integer(given, "credits", _LARGEST_NUMBER, least=0)
        names = {name: _text(given, name) for name in ("subuser", "account_id") if name in given}
        if "credits" in given:
            own = names.get("subuser")
            self._sandbox.set_credits(given["credits"], on_behalf_of=own, account_id=names.get("account_id"))
        elif "subuser" in names:
            self._sandbox.add_subuser(names["subuser"])
        else:
            self._sandbox.add_account(names["account_id"])

    def _set_knobs(self, given: Fields) -> None:
        self._sandbox.set_knobs(**given)

    def _forget(self, given: Fields) -> None:
        _check_names(given)
        self._sandbox.forget_faults()

    def _reset(self, given: Fields) -> None:
        _check_names(given)
        self._sandbox.reset()


# --- answers ---


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"not JSON: {value!r}")


def as_json(value: object) -> Reply:
    """Return an answer of JSON."""
    headers = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Reply(status_code=200, headers=headers, body=json.dumps(value, default=_written).encode())


def refused(status_code: int, problem: str, **headers: str) -> Reply:
    """Return an answer that says in words why a request was refused, in the form of the service's errors."""
    reply = as_json({"errors": [{"field": None, "message": problem}]})
    return Reply(status_code=status_code, headers={**reply.headers, **headers}, body=reply.body)


# --- fields ---


def _parsed(body: bytes) -> dict[str, Any]:
    """Return the fields of a body. Raises ValueError for one that is no JSON object; an empty body has no fields."""
    try:
        given: Any = json.loads(body.decode(), parse_float=_finite, parse_constant=_finite) if body else {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON: {error}") from None
    return _object("the body", given)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number that JSON can hold")
    return number


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is a JSON object, in braces")
    return cast(dict[str, Any], value)


def _check_names(given: Mapping[str, object], *names: str) -> None:
    for name in given:
        if not names:
            raise ValueError(f"{name!r} is not known here: there are no fields")
        check_among("the field", names, name)


def _integer(given: Fields, name: str, most: int, least: int = 1) -> None:
    value = given.get(name, least)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is an integer from {least} to {most}: {value!r}")


def _asked(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is not None and not re.fullmatch("[0-9]{1,15}", text):
        raise ValueError(f"{name} is an integer: {text!r}")
    return None if text is None else int(text)


def _text(given: Fields, name: str) -> str:
    """Return a field that is text for a header or a name: some characters, and none that controls a line."""
    value = given.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not _VALUE.fullmatch(value):
        raise ValueError(f"{name} is a text of 1 to 200 characters of Latin-1: {value!r}")
    return value


def _canned(given: Fields) -> Canned:
    _check_names(given, "status_code", "headers", "body")
    headers, body = _object("headers", given.get("headers", {})), given.get("body", "")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ValueError(f"a header is a name and a text of Latin-1 on one line: {name!r}: {value!r}")
    if not isinstance(body, str):
        raise ValueError('the body of an answer is a text, such as "{}"')
    return Canned(given.get("status_code", 200), headers, body.encode())
