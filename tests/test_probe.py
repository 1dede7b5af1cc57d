"""Test that the probe reports each assumption that a sandbox breaks."""

from collections import defaultdict
from typing import Any

import httpx
import pytest

from probe import Probe
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import KEY, READY


def results(knobs: Knobs, *, limited: bool) -> dict[str, set[bool | None]]:
    sandbox = Sandbox(knobs=knobs, clock=lambda: 1_800_000_000.0)
    headers = {"Authorization": f"Bearer {KEY}"}
    found: dict[str, set[bool | None]] = defaultdict(set)
    with httpx.Client(transport=sandbox.transport(), base_url="https://sandbox", headers=headers) as http:
        for assumptions, holds, _ in Probe(http, READY, lambda: sandbox.now().timestamp(), sandbox.advance).run(
            limited
        ):
            for assumption in assumptions.split(", "):
                found[assumption].add(holds)
    return found


def test_every_assumption_is_tried() -> None:
    found = results(Knobs(rate_limit=300, rate_window=60), limited=True)
    assert found == {f"A{number}": {True if number != 4 else None} for number in range(1, 10)}


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
def test_a_broken_assumption_is_seen(assumption: str, knobs: dict[str, Any]) -> None:
    assert False in results(Knobs(**knobs), limited=assumption == "A5")[assumption]
