"""Sections `import`, `cold` and `memory`: fresh processes, such as cron jobs, and a process that sends all day."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from time import perf_counter

from benchmark.contestants import HEADERS, KEY, SDK
from benchmark.course import PLAIN, TLS, Course
from benchmark.figures import Table, in_rounds

PACKAGES = ("httpx", "sendgrid_campaigns", "sendgrid", "requests", "aiohttp")
ROUNDS = 25

PROGRAMS = {
    "python that does nothing": "print('Scheduled')",
    "httpx": f"""\
import sys, httpx
path = sys.argv[1] + "/v3/campaigns/4900"
with httpx.Client(headers={HEADERS}) as http:
    assert http.get(path).raise_for_status().json()["status"] == "Draft"
    print(http.post(path + "/schedules/now").raise_for_status().json()["status"])
""",
    "sendgrid": f"""\
import json, sys, sendgrid
campaigns = sendgrid.SendGridAPIClient("{KEY}", host=sys.argv[1]).client.campaigns
print(json.loads(campaigns._(4900).schedules.now.post().body)["status"])
""",
    SDK: f"""\
import sys
from sendgrid_campaigns import CampaignsClient
with CampaignsClient("{KEY}", base_url=sys.argv[1]) as campaigns:
    print(campaigns.send(4900).status)
""",
}

WARM_UP = 2_000
GROWTH = f"""\
import gc, os, sys
from sendgrid_campaigns import CampaignsClient
with CampaignsClient("{KEY}", base_url=sys.argv[1]) as campaigns:
    for sends in ({WARM_UP}, int(sys.argv[2])):
        for _ in range(sends):
            campaigns.send(4900)
        gc.collect()
        print(int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
"""


def run(course: Course, program: str, *arguments: str, **environment: str) -> str:
    """Return the output of a fresh interpreter. Its folder holds no modules, because `python -c` looks there first."""
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, cwd=course.folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def import_section(course: Course) -> Iterator[Table]:
    def sample(package: str) -> float:
        program = f"from time import perf_counter as now\nbegan = now()\nimport {package}\nprint(now() - began)"
        return float(run(course, program))

    # The warm-up compiles the bytecode.
    samples = in_rounds({package: partial(sample, package) for package in PACKAGES}, course.rounds(ROUNDS))
    yield Table("import", "ms", samples, "httpx")


def cold_section(course: Course) -> Iterator[Table]:
    def sample(name: str) -> float:
        # httpx loads certifi's certificates for each client.
        trusted = str(course.folder / ("many.pem" if name in ("httpx", SDK) else "trusted.pem"))
        began = perf_counter()
        printed = run(course, PROGRAMS[name], course.urls[TLS], SSL_CERT_FILE=trusted)
        seconds = perf_counter() - began
        if printed != "Scheduled":
            raise SystemExit(f"{name}: a fresh process printed {printed!r}")
        return seconds

    samples = in_rounds({name: partial(sample, name) for name in PROGRAMS}, course.rounds(ROUNDS))
    yield Table("cold start to the first receipt, TLS", "ms", samples, "httpx")


def memory_section(course: Course) -> Iterator[Table]:
    sends = 200 if course.quick else 100_000
    first, last = map(float, run(course, GROWTH, course.urls[PLAIN], str(sends)).split())
    note = f"at first: after {WARM_UP:,} sends; at the end: {sends:,} sends later"
    rows = {"at first": [first], "at the end": [last]}
    yield Table("resident memory of a process that sends", "MB", rows, "at first", [note])
