"""Try the assumptions of docs/reliability.md on a service: on the sandbox or, with an API key, on the real service.

The probe creates campaigns for one list, sends some of them and deletes the rest. Give a list with your address alone.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

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


Seen = tuple[str, bool | None, str]
"""One observation: the assumptions, whether they hold (as far as tried; None: not seen), and a text."""


@dataclass
class Probe:
    """Probes of raw requests: the SDK's own retries would hide the service's behaviour."""

    http: httpx.Client
    fields: Mapping[str, Any]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    made: list[str] = field(default_factory=list)

    def campaign(self) -> str:
        """Create a complete Draft and return its path."""
        answer = self.http.post("/v3/campaigns", json=self.fields)
        if answer.status_code != 201:
            sys.exit(f"a campaign cannot be created: {answer.status_code} {answer.text[:500]}")
        self.made.append(f"/v3/campaigns/{answer.json()['id']}")
        return self.made[-1]

    def schedule(self, path: str, seconds: int) -> int:
        return self.http.post(f"{path}/schedules", json={"send_at": int(self.now()) + seconds}).status_code

    def read(self, path: str, name: str) -> str:
        answer = self.http.get(path)
        return str(answer.json().get(name)) if answer.status_code == 200 else f"({answer.status_code})"

    def shown(self, path: str, name: str, good: Callable[[str], bool]) -> tuple[bool, str]:
        """Tell whether a field gets a good value within the window, and after how many seconds."""
        began = self.now()
        while not good(self.read(path, name)):
            if self.now() - began > WINDOW:
                return False, f"not within {WINDOW:.0f} s"
            self.sleep(0.25)
        return True, f"after {self.now() - began:.2f} s"

    def run(self, limited: bool) -> Iterator[Seen]:
        """Run every probe. limited: with the probe of A5, which sends thousands of requests until a 429."""
        path = self.campaign()
        with ThreadPoolExecutor(8) as pool:
            codes = [*pool.map(lambda _: self.http.post(f"{path}/schedules/now").status_code, range(8))]
        yield "A1", codes.count(201) == 1, f"8 sends of one campaign at once: {sorted(codes)}"

        path = self.campaign()
        code = self.http.post(f"{path}/schedules/now").status_code
        holds, when = self.shown(path, "status", lambda status: status != "Draft")
        yield "A2, A3", holds, f"a send answered {code}; a read shows another status than Draft {when}"

        path = self.campaign()
        self.http.patch(path, json={"subject": "edited"})
        holds, when = self.shown(path, "subject", lambda subject: subject == "edited")
        yield "A2", holds, f"an edit shows {when}"

        yield "A4", None, "whether a lost copy of a request dies cannot be seen by a client"
        yield self.limited_request_did_nothing() if limited else ("A5", None, "not tried without --limited")

        path = self.campaign()
        self.schedule(path, 86_400)
        code = self.http.delete(f"{path}/schedules").status_code
        holds, _ = self.shown(path, "status", lambda status: status == "Draft")
        yield "A6", holds, f"unscheduling answered {code}; then the status is {self.read(path, 'status')!r}"

        by_age = {past: self.schedule(self.campaign(), -past) for past in (601, 300, 60, 1)}
        yield "A7", by_age[601] == 400, f"seconds in the past: answer: {by_age}"

        path = self.campaign()
        self.schedule(path, 120)
        code, then = self.http.delete(path).status_code, self.read(path, "status")
        text = f"deleting a scheduled campaign answered {code}; then {then}. In two minutes, no mail must come"
        yield "A8", code == 204 and then == "(404)", text

        first = self.campaign()
        self.http.delete(first)
        second = self.campaign()
        yield "A9", first != second, f"{first} was deleted, and the next campaign is {second}"

    def limited_request_did_nothing(self) -> Seen:
        path = self.campaign()
        for number in range(2000):
            if self.http.patch(path, json={"title": f"probe {number}"}).status_code == 429:
                self.sleep(61)
                title = self.read(path, "title")
                return "A5", title != f"probe {number}", f"edit {number} got 429; later the title is {title!r}"
        return "A5", None, "2,000 edits in a row met no 429"


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
            for path in probe.made:
                http.delete(path)
    where = BASE_URL if key else "the sandbox (no SENDGRID_API_KEY): this says nothing about the real service"
    words = {True: "holds", False: "BROKEN", None: "not seen"}
    print(where, *(f"{assumption:<7}{words[holds]:<9}{text}" for assumption, holds, text in seen), sep="\n")
    sys.exit(any(holds is False for _, holds, _ in seen))


if __name__ == "__main__":
    main()
