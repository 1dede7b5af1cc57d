"""Helpers of the sandbox's tests: a sandbox with a fixed clock, requests by plain HTTP, and sync and async clients."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns_api import operations as api

START = 1_800_000_000.0
AT = int(START) + 7_200
"""The `send_at` of the bodies below."""
HEADERS = {"Authorization": "Bearer SG.sandbox"}


EFFECTS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "none": ({"effect": "none"}, []),
    "done": ({"effect": "done"}, [("POST", 201, "client")]),
    "late": ({"effect": "late", "delay": 30}, [("POST", 201, "late copy")]),
    "twice": ({"effect": "twice"}, [("POST", 201, "client"), ("POST", 403, "second copy")]),
}
"""The arguments of a send's fault for each effect, and the requests that the service then handles."""


@dataclass(frozen=True)
class Operation:
    of: api.Operation[Any]
    body: Any = None
    status: str = "Draft"
    """A status in which the service accepts the operation."""

    @property
    def name(self) -> str:
        return self.of.name.replace("_campaigns", "").replace("_campaign", "")

    @property
    def scope(self) -> str:
        names = {"GET": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}
        return f"marketing_campaigns.{names[self.of.method]}"


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation(api.CREATE_CAMPAIGN, {"title": "A new one"}),
        Operation(api.LIST_CAMPAIGNS),
        Operation(api.GET_CAMPAIGN),
        Operation(api.UPDATE_CAMPAIGN, {"subject": "Changed"}),
        Operation(api.DELETE_CAMPAIGN),
        Operation(api.SCHEDULE_CAMPAIGN, {"send_at": AT}),
        Operation(api.RESCHEDULE_CAMPAIGN, {"send_at": AT}, status="Scheduled"),
        Operation(api.GET_CAMPAIGN_SCHEDULE),
        Operation(api.UNSCHEDULE_CAMPAIGN, status="Scheduled"),
        Operation(api.SEND_CAMPAIGN),
        Operation(api.SEND_TEST_CAMPAIGN, {"to": "a@example.com"}),
    )
}


class FixedSandbox(Sandbox):
    """A sandbox whose clock only `advance` moves, with shorthands for requests in process."""

    def __init__(self, path: str | Path | None = None, *, start: float = START, **knobs: Any) -> None:
        super().__init__(path, clock=lambda: start, knobs=Knobs(**knobs))
        self._http = httpx.Client(transport=self.transport(), trust_env=False)

    def ask(self, method: str, path: str = "", *, key: str = "SG.sandbox", **given: Any) -> httpx.Response:
        """Send one request; `path` follows /v3/campaigns, or is a whole URL."""
        headers = {"Authorization": f"Bearer {key}", **given.pop("headers", {})}
        url = path if path.startswith("http") else f"https://api.sendgrid.com/v3/campaigns{path}"
        return self._http.request(method, url, headers=headers, **given)

    def do(self, name: str, id: int = 4900, body: Any = ..., **given: Any) -> httpx.Response:
        """Send the request of an operation, by default with its usual body."""
        operation = OPERATIONS[name]
        body = operation.body if body is ... else body
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://api.sendgrid.com{operation.of.path.format(campaign_id=id)}"
        return self.ask(operation.of.method, url, content=content, **given)

    def send(self) -> int:
        return self.do("send").status_code

    def wait(self, seconds: float) -> Self:
        self.advance(seconds)
        return self

    def status(self, id: int = 4900) -> str | None:
        """Return the status that a read shows; None when the read finds no campaign."""
        answer = self.do("get", id)
        return answer.json()["status"] if answer.status_code == 200 else None

    def play(self, script: str) -> None:
        """Run steps separated by `;` for campaign 4900, and check each result.

        An operation is followed by the expected status code, or by `lost` for a lost answer; between them may stand a
        `send_at` in seconds from now. Other steps: `wait` seconds, `set` a status, and the expected `status`,
        `scheduled` time, `listed` campaigns and `mailed` times.
        """
        for step in script.split(";"):
            name, *words = step.split()
            if name == "wait":
                self.advance(float(words[0]))
            elif name == "set":
                self.set_status(4900, words[0])
            elif name in OPERATIONS:
                body = {"send_at": int(self.time + float(words[0]))} if len(words) > 1 else ...
                try:
                    found = str(self.do(name, body=body).status_code)
                except httpx.TransportError:
                    found = "lost"
                assert (step, found) == (step, words[-1])
            else:
                found = self.look(name)
                assert (step, found) == (step, " ".join(words))

    def look(self, name: str) -> str:
        if name == "mailed":
            return " ".join(f"{seconds:g}" for seconds in self.mailed)
        if name == "listed":
            return ", ".join(f"{item['id']} {item['status']}" for item in self.do("list").json()["result"])
        if name == "scheduled":
            send_at = self.do("get_schedule").json().get("send_at")
            return "None" if send_at is None else f"{send_at - START:g}"
        assert name == "status"
        return str(self.status())

    @property
    def time(self) -> float:
        return self.now().timestamp()

    @property
    def mailed(self) -> list[float]:
        """The times of the mailings, in seconds from START."""
        return [mailing.at.timestamp() - START for mailing in self.mailings()]

    @property
    def ledger(self) -> list[tuple[str, int, str]]:
        return [(request.method, request.status_code, request.origin) for request in self.requests()]
