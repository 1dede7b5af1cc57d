"""Test that the probe reports each assumption that a sandbox breaks."""

from collections import defaultdict
from typing import Any

import httpx
import pytest

from probe import Probe, SingleSendsProbe, body
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import KEY


def results(kind: type[Probe], knobs: dict[str, Any], **options: Any) -> dict[str, set[bool | None]]:
    sandbox = Sandbox(knobs=Knobs(**knobs), clock=lambda: 1_800_000_000.0)
    headers = {"Authorization": f"Bearer {KEY}"}
    found: dict[str, set[bool | None]] = defaultdict(set)
    with httpx.Client(transport=sandbox.transport(), base_url="https://sandbox", headers=headers) as http:
        probe = kind(http, body(kind, {}), lambda: sandbox.now().timestamp(), sandbox.advance)
        for assumptions, holds, _ in probe.run(**options):
            for assumption in assumptions.split(", "):
                found[assumption].add(holds)
    return found


def test_every_assumption_is_tried() -> None:
    found = results(Probe, {"rate_limit": 300, "rate_window": 60}, limited=True)
    assert found == {f"A{number}": {True if number != 4 else None} for number in range(1, 10)}


def test_every_assumption_about_single_sends_is_tried() -> None:
    found = results(SingleSendsProbe, {"rate_limit": 300}, subuser="acme")
    assert found == {f"SS{number}": {True} for number in range(1, 13)}
    found = results(SingleSendsProbe, {})  # without a Subuser, and without headers of a rate limit
    assert [name for name, holds in found.items() if holds != {True}] == ["SS8", "SS12"]
    assert found["SS8"] == found["SS12"] == {None}


@pytest.mark.parametrize(
    ("assumption", "knobs"),
    [
        ("A1", {"race": 60.0}),
        ("A2", {"staleness": 60.0}),
        ("A3", {"leaves_draft_after": 60.0}),
        ("A5", {"rate_limit": 300, "executes_limited": True}),
        ("A6", {"unscheduled_status": "Canceled"}),
        ("A7", {"past_tolerance": float("inf")}),
        ("A9", {"reuses_ids": True}),
        ("SS1", {"schedules_triggered": True}),
        ("SS2", {"schedule_moves": False}),
        ("SS3", {"leaves_draft_after": 60.0}),
        ("SS4", {"past_tolerance": float("inf")}),
        ("SS5", {"now_reads_back": None}),
        ("SS6", {"unscheduled_status": "Canceled"}),
        ("SS6", {"unschedule_triggered": 200}),
        ("SS8", {"single_sends_on_behalf_of": "parent"}),
        ("SS8", {"single_sends_on_behalf_of": 403}),
        ("SS9", {"audience_checked_at": "schedule"}),
        ("SS10", {"updates_scheduled": True}),
        ("SS11", {"needs_unsubscribe_tag": False}),
        ("SS12", {"rate_limit": 300, "single_sends_rate_limit": 100}),
    ],
)
def test_a_broken_assumption_is_seen(assumption: str, knobs: dict[str, Any]) -> None:
    if assumption.startswith("SS"):
        found = results(SingleSendsProbe, knobs, subuser="acme")
        assert [name for name, holds in found.items() if False in holds] == [assumption]
    else:
        assert False in results(Probe, knobs, limited=assumption == "A5")[assumption]
