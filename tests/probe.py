"""Try the assumptions of docs/reliability.md on a service: on the sandbox or, with an API key, on the real service.

The probe creates campaigns or single sends for one list, sends some of them and deletes the rest. Give a list with your
address alone. An integer is a list of campaigns, a UUID one of single sends. On the sandbox, both are tried.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY, READY, READY_SINGLE_SEND

BASE_URL = "https://api.sendgrid.com"
IDS = {
    "PROBE_SENDER": "sender_id",
    "PROBE_LIST": "list_ids",
    "PROBE_UNSUBSCRIBE_GROUP": "suppression_group_id",
}
"""Environment variables that hold ids, and the fields that take the ids."""
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
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
    made: list[str] = field(default_factory=list[str])
    path: ClassVar[str] = "/v3/campaigns"

    def draft(self, **changes: Any) -> str:
        """Create a complete draft, but for some fields, and return its path."""
        answer = self.http.post(self.path, json={**self.fields, **changes})
        if answer.status_code != 201:
            sys.exit(f"a draft cannot be created: {answer.status_code} {answer.text[:500]}")
        self.made.append(f"{self.path}/{answer.json()['id']}")
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
        path = self.draft()
        with ThreadPoolExecutor(8) as pool:
            codes = [*pool.map(lambda _: self.http.post(f"{path}/schedules/now").status_code, range(8))]
        yield "A1", codes.count(201) == 1, f"8 sends of one campaign at once: {sorted(codes)}"

        path = self.draft()
        code = self.http.post(f"{path}/schedules/now").status_code
        holds, when = self.shown(path, "status", lambda status: status != "Draft")
        yield "A2, A3", holds, f"a send answered {code}; a read shows another status than Draft {when}"

        path = self.draft()
        self.http.patch(path, json={"subject": "edited"})
        holds, when = self.shown(path, "subject", lambda subject: subject == "edited")
        yield "A2", holds, f"an edit shows {when}"

        yield "A4", None, "whether a lost copy of a request dies cannot be seen by a client"
        yield self.limited_request_did_nothing() if limited else ("A5", None, "not tried without --limited")

        path = self.draft()
        self.schedule(path, 86_400)
        code = self.http.delete(f"{path}/schedules").status_code
        holds, _ = self.shown(path, "status", lambda status: status == "Draft")
        yield "A6", holds, f"unscheduling answered {code}; then the status is {self.read(path, 'status')!r}"

        by_age = {past: self.schedule(self.draft(), -past) for past in (601, 300, 60, 1)}
        yield "A7", by_age[601] == 400, f"seconds in the past: answer: {by_age}"

        path = self.draft()
        self.schedule(path, 120)
        code, then = self.http.delete(path).status_code, self.read(path, "status")
        text = f"deleting a scheduled campaign answered {code}; then {then}. In two minutes, no mail must come"
        yield "A8", code == 204 and then == "(404)", text

        first = self.draft()
        self.http.delete(first)
        second = self.draft()
        yield "A9", first != second, f"{first} was deleted, and the next campaign is {second}"

    def limited_request_did_nothing(self) -> Seen:
        path = self.draft()
        for number in range(2000):
            if self.http.patch(path, json={"title": f"probe {number}"}).status_code == 429:
                self.sleep(61)
                title = self.read(path, "title")
                return "A5", title != f"probe {number}", f"edit {number} got 429; later the title is {title!r}"
        return "A5", None, "2,000 edits in a row met no 429"


class SingleSendsProbe(Probe):
    """The same of single sends: SS1 to SS12. `fields` are a body, with its parts."""

    path: ClassVar[str] = "/v3/marketing/singlesends"

    def put(self, path: str, seconds: float | None) -> int:
        """Schedule for so many seconds from now; None: for `now`. Return the status code."""
        time = None if seconds is None else datetime.fromtimestamp(int(self.now() + seconds), UTC)
        send_at = "now" if time is None else time.isoformat().replace("+00:00", "Z")
        return self.http.put(f"{path}/schedule", json={"send_at": send_at}).status_code

    def unschedule(self, path: str) -> int:
        return self.http.delete(f"{path}/schedule").status_code

    def triggered(self) -> tuple[str, int, bool, str]:
        """Send a draft now; return its path, the status code, and whether and when it was triggered."""
        path = self.draft()
        return path, self.put(path, None), *self.shown(path, "status", "triggered".__eq__)

    def mailed(self, path: str) -> bool:
        """Tell whether there are counts of mail. The service has them some time after the mail."""
        answer = self.http.get(f"/v3/marketing/stats/singlesends/{path.rpartition('/')[2]}")
        found: Any = answer.json().get("results") if answer.status_code == 200 else None
        return bool(found and found[0].get("stats", {}).get("requests"))

    def run(self, limited: bool = False, subuser: str | None = None) -> Iterator[Seen]:
        """Run every probe. subuser: whom to act for in a read; None: SS8 is not tried."""
        path, code, is_triggered, when = self.triggered()
        again = self.put(path, DAY)
        if again == 201:
            self.unschedule(path)
        text = f"triggered {when}; scheduling it again answered {again}"
        yield "SS1", again != 201 if is_triggered else None, text

        path = self.draft()
        first, second = self.put(path, 120), self.put(path, DAY)
        send_at = self.read(path, "send_at")
        self.sleep(300)
        status, mailed = self.read(path, "status"), self.mailed(path)
        self.unschedule(path)
        text = (
            f"two times answered {first}, {second}; the later is {send_at}. After the first, {status!r}, mail: {mailed}"
        )
        yield "SS2", (first, second, status, mailed) == (201, 201, "scheduled", False), text

        path = self.draft()
        code = self.put(path, None)
        holds, when = self.shown(path, "status", lambda status: status != "draft")
        yield "SS3", holds, f"scheduling for now answered {code}; a read shows another status than draft {when}"

        send_at = self.read(path, "send_at")
        yield "SS5", send_at != "None" if holds else None, f"after that, send_at is {send_at}"

        by_age = {past: self.put(self.draft(), -past) for past in (601, 300, 60, 1)}
        yield "SS4", by_age[601] != 201, f"seconds in the past: answer: {by_age}"

        path, _, is_triggered, _ = self.triggered()
        sent = self.unschedule(path) if is_triggered else None
        path = self.draft()
        self.put(path, DAY)
        code = self.unschedule(path)
        holds, _ = self.shown(path, "status", "draft".__eq__)
        text = f"unscheduling answered {code}, then {self.read(path, 'status')!r}; of a triggered one, {sent}"
        yield "SS6", holds and sent != 200, text

        path = self.draft()
        self.put(path, 120)
        code, then = self.http.delete(path).status_code, self.read(path, "status")
        yield (
            "SS7",
            code == 204 and then == "(404)",
            f"deleting a scheduled one answered {code}; then {then}. {NO_MAIL}",
        )

        yield self.acts_for(subuser) if subuser else ("SS8", None, "not tried without PROBE_SUBUSER")

        unknown = self.http.post(self.path, json={**self.fields, "send_to": {"list_ids": [str(uuid4())]}})
        code = unknown.status_code
        if code == 201:
            self.made.append(path := f"{self.path}/{unknown.json()['id']}")
            scheduled = self.put(path, DAY)
            self.unschedule(path)
            yield "SS9", False, f"an unknown list is taken by create; scheduling answered {scheduled}"
        else:
            yield "SS9", True, f"a create with an unknown list answered {code}"

        path = self.draft()
        self.put(path, DAY)
        code = self.http.patch(path, json={"name": "edited"}).status_code
        self.unschedule(path)
        yield "SS10", code >= 400, f"updating a scheduled one answered {code}; the name is {self.read(path, 'name')!r}"

        path = self.draft(email_config={**self.fields["email_config"], "html_content": "<p>A probe."})
        code = self.put(path, DAY)
        self.unschedule(path)
        yield "SS11", code >= 400, f"scheduling contents without an unsubscribe tag answered {code}"

        yield self.counts_of_requests()

    def acts_for(self, subuser: str) -> Seen:
        lists = [
            self.http.get("/v3/marketing/lists", params={"page_size": 1000}, headers=headers)
            for headers in ({}, {"on-behalf-of": subuser})
        ]
        codes = [answer.status_code for answer in lists]
        if codes != [200, 200]:
            return "SS8", False, f"reading lists, without on-behalf-of and with it, answered {codes}"
        own, its = ({each["id"] for each in answer.json()["result"] or ()} for answer in lists)
        holds = own != its and not own & its if own or its else None
        return "SS8", holds, f"own lists: {len(own)}; with on-behalf-of: {len(its)}, of which {len(own & its)} are own"

    def counts_of_requests(self) -> Seen:
        paths = ("/v3/scopes", "/v3/marketing/lists", "/v3/scopes")
        left = [self.http.get(path).headers.get("x-ratelimit-remaining", "") for path in paths]
        if not all(each.isdigit() for each in left):
            return "SS12", None, f"no header tells how many requests are left: {left}"
        one_count = int(left[0]) - int(left[2]) >= 2
        return "SS12", one_count, f"requests left after a read of scopes, lists, scopes: {', '.join(left)}"


DAY = 86_400.0
NO_MAIL = "In two minutes, no mail must come"


def given() -> tuple[type[Probe], dict[str, Any]]:
    """Return which probe the environment's ids are for, and the ids as fields."""
    uuid = re.fullmatch(UUID, os.environ.get("PROBE_LIST", ""))
    good = {"PROBE_LIST": f"[0-9]+|{UUID}"}
    if missing := [name for name in IDS if not re.fullmatch(good.get(name, "[0-9]+"), os.environ.get(name, ""))]:
        sys.exit(f"SENDGRID_API_KEY is set, and {', '.join(missing)} is not: ids of a sender, a list, a group")
    ids: dict[str, Any] = {field: os.environ[name] for name, field in IDS.items()}
    ids = {field: value if uuid and field == "list_ids" else int(value) for field, value in ids.items()}
    return SingleSendsProbe if uuid else Probe, {**ids, "list_ids": [ids["list_ids"]]}


def body(kind: type[Probe], ids: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a complete draft, with these ids."""
    name = "probe of sendgrid-campaigns"
    if kind is Probe:
        return {**READY, "title": name, "plain_content": "A probe. [unsubscribe]", **ids}
    fields = {**READY_SINGLE_SEND, **ids}
    config = {each: fields[each] for each in ("subject", "sender_id", "suppression_group_id", "html_content")}
    return {"name": name, "send_to": {"list_ids": fields["list_ids"]}, "email_config": config}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limited", action="store_true", help="try A5 too: thousands of requests, until a 429")
    options = parser.parse_args()
    key = os.environ.get("SENDGRID_API_KEY")
    chosen = [given()] if key else [(Probe, dict[str, Any]()), (SingleSendsProbe, dict[str, Any]())]
    sandbox = Sandbox()
    transport = None if key else sandbox.transport()
    now, sleep = (time.time, time.sleep) if key else (lambda: sandbox.now().timestamp(), sandbox.advance)
    headers, seen = {"Authorization": f"Bearer {key or KEY}"}, list[Seen]()
    more = {"subuser": os.environ.get("PROBE_SUBUSER") if key else "acme"}
    with httpx.Client(base_url=BASE_URL, transport=transport, headers=headers, timeout=30) as http:
        for kind, ids in chosen:
            probe = kind(http, body(kind, ids), now, sleep)
            try:
                seen += probe.run(options.limited, **({} if kind is Probe else more))
            finally:
                for path in probe.made:
                    http.delete(path)
    where = BASE_URL if key else "the sandbox (no SENDGRID_API_KEY): this says nothing about the real service"
    words = {True: "holds", False: "BROKEN", None: "not seen"}
    print(where, *(f"{assumption:<7}{words[holds]:<9}{text}" for assumption, holds, text in seen), sep="\n")
    sys.exit(any(holds is False for _, holds, _ in seen))


if __name__ == "__main__":
    main()
