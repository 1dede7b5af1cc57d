"""Every write with its arguments, and the words by which tables of tests name answers."""

import json
from dataclasses import dataclass, field
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


NEW = {"title": "March Newsletter", "subject": "Spring"}
EDITED = {**DRAFT, "subject": "Spring"}
MADE = Campaign(id=4900, title="March Newsletter", status="Draft")
WRITES = {
    "create": Write("create", "created", ("March Newsletter",), {"subject": "Spring"}, NEW, answer=DRAFT, result=MADE),
    "update": Write(
        *("update", "updated", (4900,), {"subject": "Spring"}, {"subject": "Spring"}, "Draft", "Edited", 200, EDITED),
        Campaign(id=4900, title="March Newsletter", status="Draft", subject="Spring"),
    ),
    "delete": Write("delete", "deleted", before="Draft", applied="404", code=204),
    "schedule": Write(
        *("schedule", "scheduled", (4900, SOON), {}, {"send_at": AT}, "Draft", "Scheduled@3600", 201, TIMED),
        Schedule(4900, SOON, "Scheduled"),
    ),
    "reschedule": Write(
        *(
            "reschedule",
            "rescheduled",
            (4900, SOON),
            {},
            {"send_at": AT},
            "Scheduled@3660",
            "Scheduled@3600",
            200,
            TIMED,
        ),
        Schedule(4900, SOON, "Scheduled"),
    ),
    "unschedule": Write("unschedule", "unscheduled", before="Scheduled@3660", applied="Draft", code=204),
    "send": Write(
        *("send", "sent", (4900,), {}, None, "Draft", "In_Progress", 201, ACCEPTED), SendReceipt(4900, "Scheduled")
    ),
    "send_test": Write(
        *("send_test", "sent as a test", (4900, "a@example.com"), {}, {"to": "a@example.com"}, "", "", 201),
        {"to": "a@example.com"},
    ),
}
every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
every_read_back = pytest.mark.parametrize(
    "write", [each for each in WRITES.values() if each.before], ids=lambda w: w.name
)

_ERRORS = {
    "lost": httpx.ReadTimeout("slow"),
    "reset": httpx.ReadError("reset"),
    "refused": httpx.ConnectError("refused"),
}


def reply(word: str, write: Write | None = None) -> Reply:
    """Return the answer that a word of a table names.

    ok: the write's success · another: the same about another campaign · empty, junk: success without a readable body
    404, 429@7: the service's refusal (with a Retry-After) or a bare status · html403: a page of something in front
    lost, reset, refused: no answer · Draft, In_Progress, Scheduled@60, Edited, Unset: a read of a campaign in this state
    """
    word, _, seconds = word.partition("@")
    if word in _ERRORS:
        return _ERRORS[word]
    if word[0].isupper():
        status = None if word == "Unset" else word.replace("_", " ").replace("Edited", "Draft").replace("None", "")
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
    bodies = {"another": json.dumps({**(write.answer or {}), "id": 4901}), "empty": "", "junk": "[5]"}
    return write.good if word == "ok" else httpx.Response(write.code, content=bodies[word])


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
