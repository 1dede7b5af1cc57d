"""Sections `import` and `cold`: processes that have just been started, as a cron job or a function is."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from benchmark.contestants import HEADERS, ID, KEY, STATUS
from benchmark.course import Course
from benchmark.figures import Table, in_rounds

IMPORTS, COLD = "import", "cold start to the first receipt, TLS"
HTTPX, PACKAGE = "import httpx", "import sendgrid_campaigns"
FACADE = "from sendgrid_campaigns import CampaignsClient"
STATEMENTS = (
    HTTPX,
    PACKAGE,
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


def run(course: Course, program: str, trusted: Path | None = None) -> str:
    """What a fresh interpreter prints. Its folder has no modules in it: with -c, that is where it looks first."""
    command = [sys.executable, "-c", program, course.tls]
    environment = {**os.environ, **({"SSL_CERT_FILE": str(trusted)} if trusted else {})}
    done = subprocess.run(command, cwd=course.folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def import_section(course: Course) -> Iterator[Table]:
    def sampler(statement: str) -> Callable[[], float]:
        clock = "from time import perf_counter\nbegan = perf_counter()\n{}\nprint(perf_counter() - began)"
        return lambda: float(run(course, clock.format(statement)))

    # The round that is thrown away compiles the bytecode.
    samples = in_rounds(IMPORTS, {each: sampler(each) for each in STATEMENTS}, course.rounds(ROUNDS))
    yield Table("import", IMPORTS, "ms", samples, HTTPX)


def cold_section(course: Course) -> Iterator[Table]:
    import certifi

    # In the field, httpx reads certifi's certificates for each client that is made; and so it does here.
    field = course.folder / "field.pem"
    field.write_bytes(Path(certifi.where()).read_bytes() + (course.folder / "trusted.pem").read_bytes())
    trusts = {"httpx": field, "the facade": field}

    def sampler(name: str, program: str) -> Callable[[], float]:
        def sample() -> float:
            began = perf_counter()
            printed = run(course, program, trusts.get(name))
            seconds = perf_counter() - began
            if printed != (STATUS if "print" in program else ""):
                raise SystemExit(f"a fresh process printed {printed!r}: that is no measurement")
            return seconds

        return sample

    samples = in_rounds(COLD, {name: sampler(name, text) for name, text in PROGRAMS.items()}, course.rounds(ROUNDS))
    yield Table("cold", COLD, "ms", samples, "httpx")
