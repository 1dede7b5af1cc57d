"""scripts/probe.py finds each assumption broken that it can see, on a sandbox that breaks it."""

import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest

from sendgrid_campaigns.sandbox import Knobs, Sandbox

PROBE = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "probe.py"))
FIELDS = {
    "title": "probe",
    "subject": "A probe",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "[unsubscribe]",
}


def seen(knobs: Knobs, skip: str = "") -> dict[str, set[str]]:
    """The verdicts on each assumption."""
    sandbox = Sandbox(knobs=knobs, clock=lambda: 1_800_000_000.0)
    headers = {"Authorization": "Bearer SG.sandbox"}
    verdicts: dict[str, set[str]] = {}
    with httpx.Client(transport=sandbox.transport(), base_url="https://sandbox", headers=headers) as http:
        probe = PROBE["Probe"](http, FIELDS, lambda: sandbox.now().timestamp())
        for one in PROBE["look"](probe, sandbox.advance, skip):
            for assumption in one.assumption.split(", "):
                verdicts.setdefault(assumption, set()).add(one.verdict)
    return verdicts


def test_every_assumption_is_looked_at_and_holds_where_it_does() -> None:
    verdicts = seen(Knobs(rate_limit=300, rate_window=60))
    assert [*verdicts] == ["A1", "A2", "A3", "A5", "A6", "A7", "A8", "A9", "A4"]
    assert {name for name, found in verdicts.items() if found != {"holds"}} == {"A4"}


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
    ],
)
def test_what_is_broken_is_seen(assumption: str, knobs: dict[str, Any]) -> None:
    assert "BROKEN" in seen(Knobs(**knobs), "" if assumption == "A5" else "limited")[assumption]
