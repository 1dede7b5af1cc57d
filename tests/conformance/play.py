"""Playing a case: the operation in one colour against a sandbox that goes wrong as planned, and all that came of it."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs
import httpx

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Retry, SendGridError
from sendgrid_campaigns.sandbox import Canned, Knobs, Sandbox
from sendgrid_campaigns.sandbox.client import SandboxClock
from sendgrid_campaigns.sandbox.transport import SandboxTransport

START = 1_800_000_000.0
HOUR = 3600
OURS = ("client", "late copy", "second copy")

Case = Mapping[str, Any]
Step = tuple[Any, ...]


# --- what is watched ---


class Watched(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The sandbox's transport, which notes what is asked for, and the statuses that whole answers show."""

    def __init__(self, inner: SandboxTransport, steps: list[Step]) -> None:
        self._inner = inner
        self._steps = steps
        self.hosts: set[str] = set()
        self.behalves: set[str | None] = set()

    def _ask(self, request: httpx.Request) -> None:
        self._steps.append((request.method, request.url.path))
        self.hosts.add(request.url.host)
        self.behalves.add(request.headers.get("on-behalf-of"))

    def _saw(self, response: httpx.Response) -> httpx.Response:
        # An answer that is on its way as planned is a stream, which only the client may read.
        if response.is_stream_consumed and response.status_code == 200:
            said = json.loads(response.content)
            if "status" in said:
                self._steps.append(("status", said["id"], said["status"]))
        return response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._ask(request)
        return self._saw(self._inner.handle_request(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._ask(request)
        return self._saw(await self._inner.handle_async_request(request))


class WatchedClock(SandboxClock):
    """The sandbox's time, in which waits are noted; what time of day it is may be wrong."""

    def __init__(self, sandbox: Sandbox, steps: list[Step], off: float = 0.0) -> None:
        super().__init__(sandbox._now, sandbox.advance)
        self._steps = steps
        self._off = off

    def time(self) -> float:
        return super().time() + self._off

    def sleep(self, seconds: float) -> None:
        self._steps.append(("wait", seconds))
        super().sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


# --- setting up ---


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def canned(answer: Any) -> Any:
    if not isinstance(answer, Mapping):
        return answer
    body = base64.b64decode(answer.get("body_base64", "")) or answer.get("body", "").encode()
    return Canned(answer["status_code"], answer.get("headers", {}), body * answer.get("body_times", 1))


def somebody(sandbox: Sandbox, campaign_id: int, do: str, send_at: float) -> None:
    """What somebody else does. The service may refuse it, as anybody's."""
    with httpx.Client(transport=sandbox.transport(), headers={"Authorization": "Bearer SG.sandbox"}) as http:
        url = f"https://sandbox/v3/campaigns/{campaign_id}"
        match do:
            case "send":
                http.post(f"{url}/schedules/now")
            case "schedule":
                http.post(f"{url}/schedules", json={"send_at": int(START + send_at)})
            case "unschedule":
                http.delete(f"{url}/schedules")
            case "delete":
                http.delete(url)
            case "edit":
                http.patch(url, json={"subject": "Edited by somebody else"})
            case "pause" | "cancel":
                sandbox.set_status(campaign_id, "Paused" if do == "pause" else "Canceled")
            case _:
                raise ValueError(do)


def prepare(sandbox: Sandbox, case: Case) -> list[str]:
    """Plan all of it. Returns what others will have done, as they do it."""
    setup = case.get("setup", {})
    if made := setup.get("campaign"):
        fields = {key: value for key, value in made.items() if key != "key"}
        send_at = fields.pop("send_at", None)
        sandbox.create_campaign(send_at=None if send_at is None else at(send_at), **fields)
    if (scopes := setup.get("scopes")) is not None:
        sandbox.add_key("SG.limited", scopes=scopes)
    for fault in case.get("faults", ()):
        sandbox.fault(**{**fault, "answer": canned(fault.get("answer"))})
    acts: list[str] = []
    campaign_id = case["arguments"].get("campaign_id", 4900)
    for actor in case.get("actors", ()):

        def act(sandbox: Sandbox, do: str = actor["do"], send_at: float = actor.get("send_at", 10_800)) -> None:
            acts.append(do)
            somebody(sandbox, campaign_id, do, send_at)

        sandbox.act(actor["at"], actor.get("occurrence", 1), act, when=actor["when"])
    for outage in case.get("outages", ()):
        how = {key: outage[key] for key in ("answer", "ending") if key in outage}
        begin = partial(Sandbox.outage, seconds=outage["seconds"], **how)
        if "at" in outage:
            sandbox.act(outage["at"], outage["occurrence"], begin, when=outage["when"])
        else:
            begin(sandbox)
    return acts


# --- playing ---


@attrs.frozen
class Played:
    """What came of a case."""

    result: Any
    error: SendGridError | None
    steps: list[Step]
    """Requests, statuses seen and waits, in order."""
    seconds: float
    hosts: set[str]
    behalves: set[str | None]
    mailings: list[Any]
    acts: list[str]
    """What others have done."""
    sandbox: Sandbox

    @property
    def requests(self) -> list[str]:
        return [label(*step) for step in self.steps if step[0].isupper()]

    @property
    def attempts(self) -> tuple[Any, ...] | None:
        """None where the result does not carry them."""
        return getattr(self.error or self.result, "attempts", None)

    @property
    def trace(self) -> tuple[Any, ...]:
        """What must be the same in both colours."""
        return self.steps, self.attempts, described(self.result, self.error), self.error, len(self.mailings)


def label(method: str, path: str) -> str:
    last = path.rpartition("/")[2]
    return f"{method} {'campaign' if last.isdigit() else {'schedules': 'schedule'}.get(last, last)}"


def call(client: Any, case: Case) -> Callable[[], Any]:
    arguments = dict(case["arguments"])
    if case["operation"] in ("schedule", "reschedule"):
        arguments["send_at"] = at(arguments["send_at"])
    return partial(getattr(client, case["operation"]), **arguments)


def play(case: Case, sandbox: Sandbox, runner: asyncio.Runner | None) -> Played:
    """Play a case: with a runner, on the client for asyncio."""
    setup = case.get("setup", {})
    acts = prepare(sandbox, case)
    steps: list[Step] = []
    transport = Watched(sandbox.transport(), steps)
    client_class: Any = AsyncCampaignsClient if runner else CampaignsClient
    http = (httpx.AsyncClient if runner else httpx.Client)(transport=transport)
    client = client_class(
        "SG.limited" if "scopes" in setup else "SG.sandbox",
        http_client=http,
        clock=WatchedClock(sandbox, steps, setup.get("clock_off", 0.0)),
        retry=Retry(**setup.get("patience", {})),
    )
    if whose := setup.get("on_behalf_of"):
        account = whose.removeprefix("account-id ")
        client = client.on_behalf_of(account_id=account) if account != whose else client.on_behalf_of(whose)
    began, result, error = sandbox._now(), None, None
    try:
        asked = call(client, case)
        result = runner.run(asked()) if runner else asked()
    except SendGridError as raised:
        error = raised
    seconds = sandbox._now() - began
    watched = transport.hosts, transport.behalves
    return Played(result, error, steps, seconds, *watched, sandbox.mailings(), acts, sandbox)


def knobs(case: Case) -> Knobs:
    return Knobs(**case.get("setup", {}).get("knobs", {}))


# --- in the table's words ---


def described(result: Any, error: SendGridError | None) -> dict[str, Any]:
    """A result or an error as the table says it."""
    if error is not None:
        facts = {"error": type(error).__name__}
        for name in ("status", "status_code", "action", "retry_after"):
            facts[name] = getattr(error, name, None)
        return facts
    kind = type(result).__name__
    match kind:
        case "SendReceipt":
            kept = {"status": result.status, "known_from": result.known_from}
            return {"result": "sent", "id": result.id, **kept}
        case "Schedule":
            send_at = (result.send_at - at(0)).total_seconds()
            kept = {"status": result.status, "known_from": result.known_from, "send_at": send_at}
            return {"result": "scheduled", **kept}
        case "Campaign":
            return {"id": result.id, "status": result.status, "subject": result.subject}
        case "CheckResult":
            return {"result": "checked", "ready": result.ready}
        case "Outcome":
            return {"result": "found out", "applied": result.applied, "status": result.status}
        case "tuple":
            return {"result": "listed", "ids": [campaign.id for campaign in result]}
        case "datetime":
            return {"result": "read", "send_at": (result - at(0)).total_seconds()}
    assert result is None
    return {}


def unrolled(requests: Any) -> list[str]:
    """The requests of a case, with what is repeated written out."""
    rolled = [[item] if isinstance(item, str) else unrolled(item["of"]) * item["times"] for item in requests]
    return [request for group in rolled for request in group]
