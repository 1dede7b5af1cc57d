"""Read back: poll the state of a resource until the state tells what became of a write. S2 of protocol/__init__.py."""

from typing import Any

from sendgrid_campaigns.protocol.call import Call
from sendgrid_campaigns.protocol.flow import Flow
from sendgrid_campaigns.protocol.goals import Goal, Seen, State
from sendgrid_campaigns.protocol.reading import look

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between two looks of a read-back window: doubled from look to look."""


def read_back(call: Call[Any], goal: Goal, before: State | None = None) -> Flow[tuple[Seen | None, State | None]]:
    """Poll until the state tells what became of a write, or the read-back window or the call ends.

    Returns what was seen, None when the state did not tell; and the last state that was read.
    before: the state as an earlier read-back of the same call saw it.
    """
    call.log("read-back", "reading back what became of the write")
    settle, began, pause, moved = call.session.retry.settle, call.elapsed(), FIRST_PAUSE, False
    last: State | None = None
    same: list[Seen] = []  # what the last looks saw, as long as they saw the same
    tells: Seen | None = None
    while call.left() > 0:
        window_is_over = call.elapsed() - began >= settle
        state = yield from look(call, goal)
        seen = None if state is None else goal.judge(state)
        last = state or last
        if state is not None and seen is Seen.UNCHANGED:
            before = before or state
            if goal.replaces(state) != goal.replaces(before):
                seen = Seen.DIVERGED  # R8: a newer value is another client's, and is not written over
        moved = moved or seen in (Seen.TENTATIVE, Seen.PENDING)
        # R8: once the state has moved, a look that sees it unchanged is a stale read, or somebody has taken it back.
        may_stay = seen in (Seen.TENTATIVE, Seen.EXPIRED) or (seen is Seen.UNCHANGED and not moved)
        same = [*(same if seen in same else ()), seen] if seen is not None and may_stay else []
        stays = len(same) > 1 and (window_is_over or seen is Seen.EXPIRED)
        tells = seen if stays or seen in (Seen.APPLIED, Seen.DIVERGED) else None  # R7
        if tells or window_is_over:
            break
        yield from call.sleep(max(0.0, min(pause, settle - (call.elapsed() - began), call.left())))
        pause = min(2 * pause, LONGEST_PAUSE)
    call.log("read-back", "read back: %s", tells.value if tells else "the reads do not tell")
    return tells, last
