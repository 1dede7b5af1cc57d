"""Play a case: its operation on the sync or the async client, against a sandbox that goes wrong as the case plans."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Retry, SendGridError
from sendgrid_campaigns.sandbox import Canned, Knobs, Sandbox

START = 1_800_000_000.0
KEY = {"Authorization": "Bearer SG.sandbox"}

Case = Mapping[str, Any]


def new_sandbox(case: Case) -> Sandbox:
    """Return a sandbox that holds what the case begins with."""
    setup = case.get("setup", {})
    sandbox = Sandbox(clock=lambda: START, knobs=Knobs(**setup.get("knobs", {})))
    if fields := {name: value for name, value in setup.get("campaign", {}).items() if name != "key"}:
        send_at = fields.pop("send_at", None)
        sandbox.create_campaign(send_at=None if send_at is None else at(send_at), **fields)
    sandbox.add_key("SG.limited", scopes=setup.get("scopes", ()))
    return sandbox


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def canned(answer: Any) -> Any:
    if not isinstance(answer, Mapping):
        return answer
    body = base64.b64decode(answer.get("body_base64", "")) or answer.get("body", "").encode()
    return Canned(answer["status_code"], answer.get("headers", {}), body * answer.get("body_times", 1))


def act(sandbox: Sandbox, campaign_id: int, do: str, send_at: float = 10_800) -> None:
    """Act as another client of the same key, or in the web interface. The service may refuse the act."""
    if do in ("pause", "cancel"):
        with suppress(ValueError):  # there is no such campaign any more
            sandbox.set_status(campaign_id, "Paused" if do == "pause" else "Canceled")
        return
    method, path, body = {
        "send": ("POST", "/schedules/now", None),
        "schedule": ("POST", "/schedules", {"send_at": int(START + send_at)}),
        "reschedule": ("PATCH", "/schedules", {"send_at": int(START + 20_000)}),
        "unschedule": ("DELETE", "/schedules", None),
        "delete": ("DELETE", "", None),
        "edit": ("PATCH", "", {"subject": "Edited by another client"}),
        "retitle": ("PATCH", "", {"title": "Another title"}),
    }[do]
    with httpx.Client(transport=sandbox.transport(), headers=KEY, base_url="https://sandbox/v3/campaigns/") as http:
        http.request(method, f"{campaign_id}{path}", json=body)


@dataclass
class Played:
    """What came of a case."""

    result: Any = None
    error: SendGridError | None = None
    seconds: float = 0.0
    requests: list[str] = field(default_factory=list[str])
    targets: set[tuple[str, str | None]] = field(default_factory=set[tuple[str, str | None]])
    """The hosts of the requests, and the accounts that the requests were made on behalf of."""

    def note(self, request: httpx.Request) -> None:
        last = request.url.path.rpartition("/")[2]
        named = "campaign" if last.isdigit() else {"schedules": "schedule"}.get(last, last)
        self.requests.append(f"{request.method} {named}")
        self.targets.add((request.url.host, request.headers.get("on-behalf-of")))

    async def note_async(self, request: httpx.Request) -> None:
        self.note(request)

    @property
    def told(self) -> dict[str, Any]:
        """What the call told, in the table's words."""
        facts = ("id", "status", "known_from", "applied", "ready", "title", "status_code", "action", "retry_after")
        told = {name: getattr(self.error or self.result, name, None) for name in facts}
        send_at = self.result if isinstance(self.result, datetime) else getattr(self.result, "send_at", None)
        told["send_at"] = send_at and send_at.timestamp() - START
        told["ids"] = [each.id for each in self.result] if isinstance(self.result, tuple) else None
        told["temporary"] = self.error and self.error.temporary
        told["error"] = type(self.error).__name__ if self.error else None
        kinds = {"SendReceipt": "sent", "Schedule": "scheduled", "CheckResult": "checked", "Outcome": "found out"}
        return {**told, "result": kinds.get(type(self.result).__name__)}


def play(case: Case, sandbox: Sandbox, runner: asyncio.Runner | None) -> Played:
    """Play a case: with a runner, on the async client."""
    setup, arguments, played = case.get("setup", {}), dict(case["arguments"]), Played()
    for fault in case.get("faults", ()):
        sandbox.fault(**{**fault, "answer": canned(fault.get("answer"))})
    for actor in case.get("actors", ()):
        doing = {name: actor[name] for name in ("do", "send_at") if name in actor}
        what = partial(act, campaign_id=arguments.get("campaign_id", 4900), **doing)
        sandbox.act(actor["at"], actor["occurrence"], what, when=actor["when"])
    clock = sandbox.clock()
    # This machine's time of day may be wrong.
    clock.time = lambda: clock.monotonic() + setup.get("clock_off", 0.0)  # type: ignore[method-assign]
    key, retry = "SG.limited" if "scopes" in setup else "SG.sandbox", Retry(**setup.get("patience", {}))
    client_class, http_class, note = (
        (AsyncCampaignsClient, httpx.AsyncClient, played.note_async)
        if runner
        else (CampaignsClient, httpx.Client, played.note)
    )
    http: Any = http_class(transport=sandbox.transport(), event_hooks={"request": [note]})
    client: Any = client_class(key, http_client=http, clock=clock, retry=retry)
    if whose := setup.get("on_behalf_of"):
        account = whose.removeprefix("account-id ")
        client = client.on_behalf_of(account_id=account) if account != whose else client.on_behalf_of(whose)
    if case["operation"] in ("schedule", "reschedule"):
        arguments["send_at"] = at(arguments["send_at"])
    if case["operation"] == "outcome":
        arguments = {"of": arguments["campaign_id"]}
    began = clock.monotonic()
    try:
        result = getattr(client, case["operation"])(**arguments)
        played.result = runner.run(result) if runner else result
    except SendGridError as error:
        played.error = error
    played.seconds = clock.monotonic() - began
    return played
