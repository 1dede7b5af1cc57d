"""Sections `import` and `cold`: processes that have just been started, as a cron job or a function is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

from benchmark.contestants import HEADERS, ID, KEY, STATUS
from benchmark.course import Course
from benchmark.figures import Table, in_rounds

IMPORTS, COLD = "import", "cold start to the first receipt, TLS"
HTTPX, FACADE = "import httpx", "from sendgrid_campaigns import CampaignsClient"
STATEMENTS = (
    HTTPX,
    "import sendgrid_campaigns",
    FACADE,
    "import sendgrid",
    "import requests",
    "import aiohttp",
)
ROUNDS = 25

PROGRAMS = {
    "python that does nothing": "pass",
    "httpx": f"""\
import sys
import httpx
path = sys.argv[1] + "/v3/campaigns/{ID}"
with httpx.Client(headers={HEADERS}) as http:
    answer = http.get(path)
    answer.raise_for_status()
    assert answer.json()["status"] == "Draft"
    answer = http.post(path + "/schedules/now")
    answer.raise_for_status()
    print(answer.json()["status"])
""",
    "sendgrid": f"""\
import json, sys
import sendgrid
campaigns = sendgrid.SendGridAPIClient("{KEY}", host=sys.argv[1]).client.campaigns
print(json.loads(campaigns._({ID}).schedules.now.post().body)["status"])
""",
    "the facade": f"""\
import sys
from sendgrid_campaigns import CampaignsClient
with CampaignsClient("{KEY}", base_url=sys.argv[1]) as campaigns:
    print(campaigns.send({ID}).status)
""",
}


def run(course: Course, program: str) -> str:
    """What a fresh interpreter prints. Its folder has no modules in it: with -c, that is where it looks first."""
    command = [sys.executable, "-c", program, course.tls]
    return subprocess.run(command, cwd=course.folder, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def import_section(course: Course) -> Iterator[Table]:
    def sampler(statement: str) -> Callable[[], float]:
        clock = "from time import perf_counter\nbegan = perf_counter()\n{}\nprint(perf_counter() - began)"
        return lambda: float(run(course, clock.format(statement)))

    # The round that is thrown away compiles the bytecode.
    samples = in_rounds(IMPORTS, {each: sampler(each) for each in STATEMENTS}, course.rounds(ROUNDS))
    yield Table("import", IMPORTS, "ms", samples, HTTPX)


def cold_section(course: Course) -> Iterator[Table]:
    def sampler(program: str) -> Callable[[], float]:
        def sample() -> float:
            began = perf_counter()
            printed = run(course, program)
            seconds = perf_counter() - began
            if printed != (STATUS if "print" in program else ""):
                raise SystemExit(f"a fresh process printed {printed!r}: that is no measurement")
            return seconds

        return sample

    samples = in_rounds(COLD, {name: sampler(text) for name, text in PROGRAMS.items()}, course.rounds(ROUNDS))
    yield Table("cold", COLD, "ms", samples, "httpx")
