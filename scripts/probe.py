"""Try the assumptions of docs/reliability.md on a service: the sandbox, or the live one, for who has a key.

It makes campaigns for one list, sends some of them, and deletes what it can. The list should hold one address of yours.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import httpx

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY
from sendgrid_campaigns.settings import BASE_URL

NEEDS = ("PROBE_SENDER", "PROBE_LIST", "PROBE_UNSUBSCRIBE_GROUP")
MOVED_WITHIN = 45.0
"""Seconds in which a change must show: the settle window."""


@attrs.frozen
class Seen:
    """What was seen of one assumption."""

    assumption: str
    text: str
    verdict: str
    """`holds` (as far as was tried), `BROKEN`, or `not seen`."""


class Probe:
    """The raw requests: the SDK's own patience would hide what is to be seen."""

    def __init__(self, http: httpx.Client, fields: Mapping[str, Any], now: Callable[[], float]) -> None:
        self.http = http
        self.fields = fields
        self.now = now
        self.made: list[int] = []

    def campaign(self) -> str:
        """The path of a new Draft that lacks nothing."""
        answer = self.http.post("/v3/campaigns", json=self.fields)
        if answer.status_code != 201:
            sys.exit(f"a campaign cannot be made: {answer.status_code} {answer.text[:500]}")
        self.made.append(answer.json()["id"])
        return f"/v3/campaigns/{self.made[-1]}"

    def status(self, path: str) -> str:
        answer = self.http.get(path)
        return str(answer.json().get("status")) if answer.status_code == 200 else f"({answer.status_code})"

    def until(self, path: str, good: Callable[[str], bool], wait: Callable[[float], None]) -> float | None:
        """Seconds until the status is a good one; None when it is not within the settle window."""
        began = self.now()
        while not good(self.status(path)):
            if self.now() - began > MOVED_WITHIN:
                return None
            wait(0.25)
        return self.now() - began

    def clean_up(self) -> None:
        for campaign_id in self.made:
            self.http.delete(f"/v3/campaigns/{campaign_id}")


def a1_one_of_several_sends_passes(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    with ThreadPoolExecutor(8) as pool:
        codes = [*pool.map(lambda _: probe.http.post(f"{path}/schedules/now").status_code, range(8))]
    passed = codes.count(201)
    return Seen("A1", f"8 sends of one campaign at once: {sorted(codes)}", "holds" if passed == 1 else "BROKEN")


def a2_a3_the_status_leaves_draft(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    code = probe.http.post(f"{path}/schedules/now").status_code
    seconds = probe.until(path, lambda status: status != "Draft", wait)
    shown = "not within 45 s" if seconds is None else f"after {seconds:.2f} s"
    return Seen(
        "A2, A3", f"a send answered {code}; a read shows no Draft {shown}", "BROKEN" if seconds is None else "holds"
    )


def a2_an_edit_shows(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    probe.http.patch(path, json={"subject": "edited"})
    began, subject = probe.now(), None
    while subject != "edited" and probe.now() - began <= MOVED_WITHIN:
        subject = probe.http.get(path).json().get("subject")
        wait(0.25)
    return Seen("A2", f"an edit shows after {probe.now() - began:.2f} s", "holds" if subject == "edited" else "BROKEN")


def a5_what_was_limited_did_nothing(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    for number in range(2000):
        if probe.http.patch(path, json={"title": f"probe {number}"}).status_code != 429:
            continue
        wait(61)
        title = str(probe.http.get(path).json().get("title"))
        return Seen("A5", f"edit {number} got 429; later its title is {title!r}", _holds(title != f"probe {number}"))
    return Seen("A5", "2,000 edits in a row met no 429", "not seen")


def a6_unscheduled_is_draft(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    probe.http.post(f"{path}/schedules", json={"send_at": int(probe.now()) + 86_400})
    code = probe.http.delete(f"{path}/schedules").status_code
    seconds = probe.until(path, lambda status: status == "Draft", wait)
    return Seen("A6", f"unscheduling answered {code}; then it is {probe.status(path)!r}", _holds(seconds is not None))


def a7_a_past_time_is_refused(probe: Probe, wait: Callable[[float], None]) -> Seen:
    codes: dict[int, int] = {}
    for past in (601, 300, 60, 1):
        path = probe.campaign()
        codes[past] = probe.http.post(f"{path}/schedules", json={"send_at": int(probe.now()) - past}).status_code
    return Seen("A7", f"seconds past: answer: {codes}", _holds(codes[601] == 400))


def a8_a_deleted_campaign_is_gone(probe: Probe, wait: Callable[[float], None]) -> Seen:
    path = probe.campaign()
    probe.http.post(f"{path}/schedules", json={"send_at": int(probe.now()) + 120})
    code, then = probe.http.delete(path).status_code, probe.status(path)
    text = f"deleting a scheduled one answered {code}; then {then}. Look: in two minutes, no mail must come"
    return Seen("A8", text, _holds(code == 204 and then == "(404)"))


def a9_ids_are_new(probe: Probe, wait: Callable[[float], None]) -> Seen:
    first = probe.campaign()
    probe.http.delete(first)
    second = probe.campaign()
    return Seen("A9", f"{first} was deleted, and the next is {second}", _holds(first != second))


def _holds(true: bool) -> str:
    return "holds" if true else "BROKEN"


PROBES = (
    a1_one_of_several_sends_passes,
    a2_a3_the_status_leaves_draft,
    a2_an_edit_shows,
    a5_what_was_limited_did_nothing,
    a6_unscheduled_is_draft,
    a7_a_past_time_is_refused,
    a8_a_deleted_campaign_is_gone,
    a9_ids_are_new,
)


def look(probe: Probe, wait: Callable[[float], None], skip: str) -> Iterator[Seen]:
    yield from (one(probe, wait) for one in PROBES if not skip or skip not in one.__name__)
    yield Seen("A4", "that a lost copy of a request dies cannot be seen from here", "not seen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--limited", action="store_true", help="try A5, too: thousands of requests, until there is a 429"
    )
    options = parser.parse_args()

    key = os.environ.get("SENDGRID_API_KEY")
    missing = [name for name in NEEDS if not os.environ.get(name, "").isdigit()]
    if key and missing:
        sys.exit(
            f"SENDGRID_API_KEY is set, and {', '.join(missing)} is not: ids of a sender, a list of one address ..."
        )
    sender, audience, group = (int(os.environ[name]) for name in NEEDS) if key else (124451, 110, 42)
    fields = {
        "title": "probe of sendgrid-campaigns",
        "subject": "A probe",
        "sender_id": sender,
        "list_ids": [audience],
        "suppression_group_id": group,
        "plain_content": "A probe of sendgrid-campaigns. [unsubscribe]",
    }
    sandbox = Sandbox()
    transport = None if key else sandbox.transport()
    headers = {"Authorization": f"Bearer {key or KEY}"}
    with httpx.Client(base_url=BASE_URL, transport=transport, headers=headers, timeout=30) as http:
        probe = Probe(http, fields, time.time if key else lambda: sandbox.now().timestamp())
        try:
            seen = [*look(probe, time.sleep if key else sandbox.advance, "" if options.limited else "limited")]
        finally:
            probe.clean_up()
    where = BASE_URL if key else "the sandbox (no SENDGRID_API_KEY): this says nothing about the live service"
    if options.json:
        print(json.dumps({"service": where, "seen": [attrs.asdict(one) for one in seen]}))
    else:
        print(where, *(f"{one.assumption:<7}{one.verdict:<9}{one.text}" for one in seen), sep="\n")
    sys.exit(any(one.verdict == "BROKEN" for one in seen))


if __name__ == "__main__":
    main()
