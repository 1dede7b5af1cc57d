"""Section `memory`: the growth of a process that sends all day, and what a closed client leaves open.

memory.py URL SENDS   measure in this process, and print JSON
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the measured process loads nothing else
    from benchmark.course import Course
    from benchmark.figures import Table

WARM_UP = 2_000
PROC = Path("/proc/self")


def resident() -> int:
    """Return bytes, after a collection."""
    gc.collect()
    return int((PROC / "statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def left_open() -> dict[str, int]:
    gc.collect()
    return {"descriptors": len(os.listdir(PROC / "fd")), "threads": len(os.listdir(PROC / "task"))}


def measure(url: str, sends: int) -> dict[str, int]:
    from sendgrid_campaigns import CampaignsClient

    before = left_open()
    with CampaignsClient("SG.benchmark", base_url=url) as campaigns:
        for _ in range(WARM_UP):
            campaigns.send(4900)
        first = resident()
        for _ in range(sends):
            campaigns.send(4900)
        last = resident()
    after = left_open()
    return {"first": first, "last": last, **{name: after[name] - before[name] for name in before}}


def memory_section(course: "Course") -> "Iterator[Table]":
    from benchmark.course import PLAIN
    from benchmark.figures import Table

    sends = 200 if course.quick else 100_000
    command = [sys.executable, __file__, course.urls[PLAIN], str(sends)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    rows = {"at first": [float(found["first"])], "at the end": [float(found["last"])]}
    note = f"at first: after {WARM_UP:,} sends; at the end: {sends:,} sends later"
    yield Table("resident memory of a process that sends", "MB", rows, "at first", [note])
    yield Table("left open by a closed client", "", {name: [float(found[name])] for name in ("descriptors", "threads")})


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
