"""The service, as small as it can be and still go wrong: one campaign, its statuses, and time that others move.

tests/simulation holds it against the sandbox, status code by status code.
"""

from bisect import insort
from math import inf
from typing import NamedTuple

import attrs

OTHERS = 0
"""Who is somebody else; the requests of the call that is watched are counted from 1."""

START = 1_000_000.0
"""When a call begins. What was before it, reads may still show."""


@attrs.frozen(kw_only=True)
class Rules:
    """What the service does where its documents are silent, and how far it is from what is assumed of it."""

    lead: float = 0.0
    """Seconds from the acceptance of a send until mail goes out."""
    duration: float = 60.0
    tolerance: float = 0.0
    """Seconds by which a time may be past and is still taken. A7: at most 300; infinite: any past time is taken."""
    ahead: float = 0.0
    """Seconds by which the service's clock is ahead of the client's."""
    dated: float = 0.0
    """Seconds by which the clock that dates answers is ahead of the service's: of something that stands before it."""
    jump: float = 0.0
    """Seconds by which the client's clock is set on, or back, a second after the call began."""
    unscheduled: str = "Draft"
    unschedule_draft: int = 204
    leaves_late: float = 0.0
    """A3: seconds for which reads still show the Draft that a campaign no more is."""
    oldest: float = 0.0
    """A2: seconds that a read is old at most."""
    race: float = 0.0
    """A1 off: seconds after a send in which another is accepted, too."""
    runs_on: bool = False
    """A8 off: what is deleted is mailed all the same."""
    reuses: bool = False
    """A9 off: a deleted campaign's id may be given to a new one."""


class Snapshot(NamedTuple):
    """What the campaign was like from some time on."""

    since: float
    visible: float
    """Since when reads may show it."""
    status: str
    send_at: float | None
    title: str
    exists: bool
    made: int
    """How many campaigns there are that carry the marker of a create."""
    life: int
    """Which campaign of this id it is."""


class Event(NamedTuple):
    """Something that will reach the service: a late copy of ours, or what somebody else does."""

    at: float
    what: str
    value: float | str
    who: int


class World:
    """One campaign. Whatever happens to it goes through `handle`, and time goes on through `advance`."""

    def __init__(self, rules: Rules, status: str = "Draft", due: float | None = None, title: str = "before") -> None:
        """due: in how many seconds after START."""
        self.rules = rules
        self.now = began = START - 3600
        self.status = status
        self.send_at = None if due is None else START + rules.ahead + due
        """By the service's clock."""
        self.title = title
        self.exists = True
        self.made = 0
        self.life = 1
        self.by = self.edited_by = self.deleted_by = OTHERS
        """Who caused the status, the title, the end."""
        self.ours = 0
        """How many requests of ours have had an effect."""
        self.created = self.tests = 0
        self._accepted: float | None = None
        """When a send was."""
        self.ran_on = False
        """Whether mail goes on of a campaign that was deleted."""
        going = status in ("In Progress", "Sent")
        self.mailings: list[tuple[float, int, int]] = [(began, OTHERS, 1)] if going else []
        """When, by whom, in which life."""
        self.events: list[Event] = []
        self.until = began if status == "In Progress" else inf
        self.snapshots: list[Snapshot] = []
        self._note()

    # --- time ---

    def advance(self, seconds: float) -> None:
        """Let time pass, and happen what falls into it, in order."""
        end = self.now + seconds
        while self._next <= end:
            self.now = max(self.now, self._next)
            if self._due() <= self.now:
                self._fall_due()
            else:
                event = self.events.pop(0)
                self.handle(event.what, event.value, event.who)
                self._plan()
        self.now = end

    def later(self, at: float, what: str, value: float | str, who: int) -> None:
        """Let something reach the service at a time to come."""
        insort(self.events, Event(at, what, value, who))
        self._plan()

    def time(self) -> float:
        """The service's clock."""
        return self.now + self.rules.ahead

    def _due(self) -> float:
        if self.status == "Scheduled" and self.send_at is not None:
            return self.send_at - self.rules.ahead
        return self.until if self.status == "In Progress" else inf

    def _plan(self) -> None:
        self._next = min(self._due(), self.events[0].at if self.events else inf)

    def _fall_due(self) -> None:
        if self.status == "Scheduled":
            self._mail()
            self.until = self.now + self.rules.duration
            self.status = "In Progress"
        else:
            self.status = "Sent"
        self._note()

    def _mail(self) -> None:
        self.mailings.append((self.now, self.by, self.life))

    # --- requests ---

    def handle(self, what: str, value: float | str, who: int) -> int:
        """A request, or a click in the web interface: what it does, and the status code that it is answered."""
        while self._due() <= self.now:
            self._fall_due()
        code = self._answer(what, value, who)
        if code < 300:
            self.ours += who > OTHERS
            self._note()
        return code

    def _answer(self, what: str, value: float | str, who: int) -> int:
        rules, status = self.rules, self.status
        if what == "create":
            self.made += 1
            self.created += who > OTHERS
            return 201
        if what == "anew" and rules.reuses and not self.exists:
            self.exists, self.life = True, self.life + 1
            self._set("Draft", None, who)
            return 201
        if not self.exists:
            return 404
        if what == "delete":
            self.ran_on = rules.runs_on and status in ("Scheduled", "In Progress")
            if self.ran_on and status == "Scheduled":
                self._mail()
            self.exists, self.deleted_by = False, who
            self._set("", None, OTHERS)
            return 204
        if what == "test":
            self.tests += who > OTHERS
            return 201
        if what == "update":
            if status != "Draft":
                return 403
            self.title, self.edited_by = str(value), who
            return 200
        if what == "send":
            if self._accepted is not None and self.now < self._accepted + rules.race:
                self.mailings.append((self.now, who, self.life))
                return 201
            if status != "Draft":
                return 403
            self._set("Scheduled", self.time() + rules.lead, who)
            self._accepted = self.now
            return 201
        if what in ("schedule", "reschedule"):
            if status != ("Draft" if what == "schedule" else "Scheduled"):
                return 403
            if float(value) <= self.time() - rules.tolerance:
                return 400
            self._set("Scheduled", float(value), who)
            return 201 if what == "schedule" else 200
        if what == "unschedule":
            if status == "Scheduled":
                self._set(rules.unscheduled, None, who)
                return 204
            return rules.unschedule_draft if status == "Draft" else 403
        # The web interface:
        if what == "pause" and status in ("Scheduled", "In Progress"):
            self.status, self._accepted = "Paused", None
            return 200
        if what == "cancel" and status in ("Scheduled", "In Progress", "Paused"):
            self.status, self._accepted = "Canceled", None
            return 200
        return 403

    def _set(self, status: str, send_at: float | None, who: int) -> None:
        self.status, self.send_at, self.by = status, send_at, who
        self._accepted = None

    def _note(self) -> None:
        last = self.snapshots[-1] if self.snapshots else None
        leaves = last is not None and last.status == "Draft" != self.status
        visible = max(self.now + (self.rules.leaves_late if leaves else 0.0), last.visible if last else 0.0)
        self._plan()
        self.snapshots.append(
            Snapshot(self.now, visible, self.status, self.send_at, self.title, self.exists, self.made, self.life)
        )

    # --- what reads show ---

    def seen(self, age: float) -> Snapshot:
        """What a read shows that is so old."""
        then = self.now - age
        for snapshot in reversed(self.snapshots):
            if snapshot.visible <= then:
                return snapshot
        return self.snapshots[0]

    def visible(self) -> list[Snapshot]:
        """Everything that a read may show now under A2, the newest first, each look of it once."""
        then = self.now - self.rules.oldest
        shown: list[Snapshot] = []
        for snapshot in reversed(self.snapshots):
            if snapshot.visible <= self.now:
                if all(snapshot[2:] != other[2:] for other in shown):
                    shown.append(snapshot)
                if snapshot.visible <= then:
                    break
        return shown
