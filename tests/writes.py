"""Every write with its arguments, and the words by which tables of tests name answers."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, NOW, Reply, Server, Style, no
from sendgrid_campaigns import Campaign, Schedule, SendReceipt
from sendgrid_campaigns.campaigns import WRITES as DECLARED

AT = NOW + 3600
SOON = datetime.fromtimestamp(AT, UTC)
TIMED = {"id": 4900, "send_at": AT, "status": "Scheduled"}
TAKEN = Schedule(4900, SOON, "Scheduled")


def is_with(status: str | None, **fields: Any) -> httpx.Response:
    """Return the answer to a read of a campaign with this status."""
    return httpx.Response(200, json={**DRAFT, "status": status, **fields})


@dataclass(frozen=True)
class Write:
    """What tests need to know of a write."""

    name: str
    done: str
    arguments: tuple[Any, ...] = (4900,)
    named: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    """On the wire."""
    before: str = ""
    """The state in which the write may be tried; empty when no state is read first."""
    applied: str = ""
    """The state that the write brings about."""
    code: int = 201
    answer: dict[str, Any] | None = None
    """Of success, where it has a body."""
    result: Any = None

    @property
    def declared(self) -> Any:
        return DECLARED[self.done]

    @property
    def method(self) -> str:
        return str(self.declared.operation.method)

    @property
    def good(self) -> httpx.Response:
        return httpx.Response(self.code, content=b"" if self.answer is None else json.dumps(self.answer).encode())

    def do(self, style: Style, campaigns: Any) -> Any:
        return style.do(getattr(campaigns, self.name), *self.arguments, **self.named)


TIME, SENT_AT, SPRING = (4900, SOON), {"send_at": AT}, {"subject": "Spring"}
NEW, EDITED = {"title": "March Newsletter", **SPRING}, {**DRAFT, **SPRING}
MADE = Campaign(id=4900, title="March Newsletter", status="Draft")
SPRUNG = replace(MADE, subject="Spring")
TEST = (4900, "a@example.com")
ALL = (
    Write("create", "created", ("March Newsletter",), SPRING, NEW, answer=DRAFT, result=MADE),
    Write("update", "updated", (4900,), SPRING, SPRING, "Draft", "Edited", 200, EDITED, SPRUNG),
    Write("delete", "deleted", before="Draft", applied="404", code=204),
    Write("schedule", "scheduled", TIME, {}, SENT_AT, "Draft", "Scheduled@3600", 201, TIMED, TAKEN),
    Write("reschedule", "rescheduled", TIME, {}, SENT_AT, "Scheduled@3660", "Scheduled@3600", 200, TIMED, TAKEN),
    Write("unschedule", "unscheduled", before="Scheduled@3660", applied="Draft", code=204),
    Write("send", "sent", (4900,), {}, None, "Draft", "In_Progress", 201, ACCEPTED, SendReceipt(4900, "Scheduled")),
    Write("send_test", "sent as a test", TEST, body={"to": "a@example.com"}, answer={"to": "a@example.com"}),
)
WRITES = {write.name: write for write in ALL}
every_write = pytest.mark.parametrize("write", ALL, ids=WRITES)

LOST, RESET, REFUSED = httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.ConnectError("refused")


def reply(word: str, write: Write | None = None) -> Reply:
    """Return the answer that a word of a table names.

    ok: the write's success
    404, 429@7: the service's refusal (with a Retry-After) or a bare status · html403: a page of something in front
    lost, reset, refused: no answer · Draft, In_Progress, Scheduled@60, Edited: a read shows this state
    """
    word, _, seconds = word.partition("@")
    if word in ("lost", "reset", "refused"):
        return {"lost": LOST, "reset": RESET, "refused": REFUSED}[word]
    if word[0].isupper():
        status = word.replace("_", " ").replace("Edited", "Draft")
        subject = {"subject": "Spring"} if word == "Edited" else {}
        found = is_with(status, **subject)
        found.headers.update({"seconds": seconds} if seconds else {})
        return found
    if word.isdigit():
        code = int(word)
        return no(code, Retry_After=seconds) if 400 <= code < 500 else httpx.Response(code, headers={"Location": "/"})
    if word.startswith("html"):
        return httpx.Response(int(word[4:]), text="<html>no such route</html>", headers={"Retry-After": seconds})
    assert write is not None, word
    return write.good


class Script(Server):
    """Answers reads and writes by words of a table; the schedule is read as of the last state."""

    def __init__(self, reads: str, answers: str, write: Write) -> None:
        super().__init__()
        states = {"before": write.before or "Draft", "applied": write.applied}
        read = [reply(states.get(word, word), write) for word in reads.split()]
        answered = [reply(word, write) for word in answers.split()]
        self.script = {"GET": read, **dict.fromkeys(("POST", "PATCH", "DELETE"), answered)}
        self._seconds: str | None = None

    def reply(self, method: str, path: str) -> Reply:
        if method == "GET" and path.endswith("/schedules"):
            return httpx.Response(200, json={"send_at": None if self._seconds is None else NOW + int(self._seconds)})
        found = super().reply(method, path)
        if method == "GET":
            self._seconds = found.headers.get("seconds") if isinstance(found, httpx.Response) else None
        return found
