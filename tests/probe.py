"""Try the assumptions of docs/reliability.md on a service: on the sandbox or, with an API key, on the real service.

The probe creates campaigns for one list, sends some of them and deletes the rest. Give a list with your address alone.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY, READY

BASE_URL = "https://api.sendgrid.com"
IDS = {
    "PROBE_SENDER": "sender_id",
    "PROBE_LIST": "list_ids",
    "PROBE_UNSUBSCRIBE_GROUP": "suppression_group_id",
}
"""Environment variables that hold ids, and the campaign fields that take the ids."""
WINDOW = 45.0
"""Seconds in which a change must show: the read-back window."""


class Seen(NamedTuple):
    """One observation."""

    assumption: str
    text: str
    verdict: str
    """`holds` (as far as tried), `BROKEN`, or `not seen`."""


def verdict(holds: bool) -> str:
    return "holds" if holds else "BROKEN"


def after(seconds: float | None) -> str:
    return f"not within {WINDOW:.0f} s" if seconds is None else f"after {seconds:.2f} s"


class Probe:
    """Probes of raw requests: the SDK's own retries would hide the service's behaviour."""

    def __init__(
        self, http: httpx.Client, fields: Mapping[str, Any], now: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.http = http
        self.fields = fields
        self.now = now
        self.sleep = sleep
        self.made: list[int] = []

    def campaign(self) -> str:
        """Create a complete Draft and return its path."""
        answer = self.http.post("/v3/campaigns", json=self.fields)
        if answer.status_code != 201:
            sys.exit(f"a campaign cannot be created: {answer.status_code} {answer.text[:500]}")
        self.made.append(answer.json()["id"])
        return f"/v3/campaigns/{self.made[-1]}"

    def schedule(self, path: str, seconds: int) -> int:
        return self.http.post(f"{path}/schedules", json={"send_at": int(self.now()) + seconds}).status_code

    def field(self, path: str, name: str) -> str:
        answer = self.http.get(path)
        return str(answer.json().get(name)) if answer.status_code == 200 else f"({answer.status_code})"

    def until(self, path: str, name: str, good: Callable[[str], bool]) -> float | None:
        """Return the seconds until a field has a good value; None when the window ends first."""
        began = self.now()
        while not good(self.field(path, name)):
            if self.now() - began > WINDOW:
                return None
            self.sleep(0.25)
        return self.now() - began

    def run(self, limited: bool) -> Iterator[Seen]:
        """Run every probe. limited: with the probe of A5, which sends thousands of requests until a 429."""
        yield self.one_of_several_sends_passes()
        yield self.status_leaves_draft()
        yield self.edit_shows()
        if limited:
            yield self.limited_request_did_nothing()
        yield self.unscheduled_is_draft()
        yield self.past_time_is_refused()
        yield self.deleted_campaign_is_gone()
        yield self.ids_are_new()
        yield Seen("A4", "whether a lost copy of a request dies cannot be seen by a client", "not seen")

    def clean_up(self) -> None:
        for campaign_id in self.made:
            self.http.delete(f"/v3/campaigns/{campaign_id}")

    def one_of_several_sends_passes(self) -> Seen:
        path = self.campaign()
        with ThreadPoolExecutor(8) as pool:
            codes = [*pool.map(lambda _: self.http.post(f"{path}/schedules/now").status_code, range(8))]
        return Seen("A1", f"8 sends of one campaign at once: {sorted(codes)}", verdict(codes.count(201) == 1))

    def status_leaves_draft(self) -> Seen:
        path = self.campaign()
        code = self.http.post(f"{path}/schedules/now").status_code
        seconds = self.until(path, "status", lambda status: status != "Draft")
        text = f"a send answered {code}; a read shows another status than Draft {after(seconds)}"
        return Seen("A2, A3", text, verdict(seconds is not None))

    def edit_shows(self) -> Seen:
        path = self.campaign()
        self.http.patch(path, json={"subject": "edited"})
        seconds = self.until(path, "subject", lambda subject: subject == "edited")
        return Seen("A2", f"an edit shows {after(seconds)}", verdict(seconds is not None))

    def limited_request_did_nothing(self) -> Seen:
        path = self.campaign()
        for number in range(2000):
            if self.http.patch(path, json={"title": f"probe {number}"}).status_code == 429:
                self.sleep(61)
                title = self.field(path, "title")
                text = f"edit {number} got 429; later the title is {title!r}"
                return Seen("A5", text, verdict(title != f"probe {number}"))
        return Seen("A5", "2,000 edits in a row met no 429", "not seen")

    def unscheduled_is_draft(self) -> Seen:
        path = self.campaign()
        self.schedule(path, 86_400)
        code = self.http.delete(f"{path}/schedules").status_code
        seconds = self.until(path, "status", lambda status: status == "Draft")
        text = f"unscheduling answered {code}; then the status is {self.field(path, 'status')!r}"
        return Seen("A6", text, verdict(seconds is not None))

    def past_time_is_refused(self) -> Seen:
        codes = {past: self.schedule(self.campaign(), -past) for past in (601, 300, 60, 1)}
        return Seen("A7", f"seconds in the past: answer: {codes}", verdict(codes[601] == 400))

    def deleted_campaign_is_gone(self) -> Seen:
        path = self.campaign()
        self.schedule(path, 120)
        code, then = self.http.delete(path).status_code, self.field(path, "status")
        text = f"deleting a scheduled campaign answered {code}; then {then}. In two minutes, no mail must come"
        return Seen("A8", text, verdict(code == 204 and then == "(404)"))

    def ids_are_new(self) -> Seen:
        first = self.campaign()
        self.http.delete(first)
        second = self.campaign()
        return Seen("A9", f"{first} was deleted, and the next campaign is {second}", verdict(first != second))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limited", action="store_true", help="try A5 too: thousands of requests, until a 429")
    options = parser.parse_args()
    fields = {**READY, "title": "probe of sendgrid-campaigns", "plain_content": "A probe. [unsubscribe]"}
    if key := os.environ.get("SENDGRID_API_KEY"):
        if missing := [name for name in IDS if not os.environ.get(name, "").isdigit()]:
            sys.exit(f"SENDGRID_API_KEY is set, and {', '.join(missing)} is not: ids of a sender, a list, a group")
        for name, field in IDS.items():
            fields[field] = [int(os.environ[name])] if field == "list_ids" else int(os.environ[name])
    sandbox = Sandbox()
    transport = None if key else sandbox.transport()
    now, sleep = (time.time, time.sleep) if key else (lambda: sandbox.now().timestamp(), sandbox.advance)
    headers = {"Authorization": f"Bearer {key or KEY}"}
    with httpx.Client(base_url=BASE_URL, transport=transport, headers=headers, timeout=30) as http:
        probe = Probe(http, fields, now, sleep)
        try:
            seen = [*probe.run(options.limited)]
        finally:
            probe.clean_up()
    where = BASE_URL if key else "the sandbox (no SENDGRID_API_KEY): this says nothing about the real service"
    print(where, *(f"{one.assumption:<7}{one.verdict:<9}{one.text}" for one in seen), sep="\n")
    sys.exit(any(one.verdict == "BROKEN" for one in seen))


if __name__ == "__main__":
    main()
