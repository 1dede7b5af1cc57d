"""Section `memory`: does a process that sends all day grow, and does a closed client leave anything behind?

memory.py URL SENDS   in a process of its own, where nothing but the facade is. Prints what it saw, as JSON.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the fresh process has this file's folder to look in, and loads no more than it measures
    from benchmark.course import Course
    from benchmark.figures import Table

WARM_UP = 2_000
GROWTH, LEFT = "resident memory of a process that sends", "left behind by a closed client"
PROC = Path("/proc/self")


def resident() -> int:
    """Bytes, after a collection: garbage that is not collected yet is no growth."""
    gc.collect()
    pages = int((PROC / "statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def held() -> dict[str, int]:
    gc.collect()
    return {"descriptors": len(os.listdir(PROC / "fd")), "threads": len(os.listdir(PROC / "task"))}


def measure(url: str, sends: int) -> dict[str, int]:
    from sendgrid_campaigns import CampaignsClient

    before = held()
    with CampaignsClient("SG.benchmark", base_url=url) as campaigns:
        for _ in range(WARM_UP):
            campaigns.send(4900)
        warm = resident()
        for number in range(sends):
            if number % 1_000 == 0:
                print(number, flush=True)
            campaigns.send(4900)
        end = resident()
    after = held()
    return {"warm": warm, "end": end, **{name: after[name] - before[name] for name in before}}


def memory_section(course: "Course") -> "Iterator[Table]":
    from benchmark.figures import Table, tell

    if not (PROC / "statm").exists():
        print("memory: there is no /proc to read it from", file=sys.stderr)
        return
    command = [sys.executable, __file__, course.plain, str(course.sends)]
    said = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for said in running.stdout:
            if said.strip().isdigit():
                tell(f"memory: {int(said):,} of {course.sends:,} sends")
    if running.returncode:
        raise SystemExit("memory: the process that sends has failed")
    found: dict[str, int] = json.loads(said)
    after = f"after {WARM_UP:,} sends"
    rows = {"at first": [float(found["warm"])], "at the end": [float(found["end"])]}
    note = f"at first: {after}; at the end: {course.sends:,} later"
    yield Table("memory", GROWTH, "MB", rows, "at first", note)
    yield Table("memory", LEFT, "", {name: [float(found[name])] for name in ("descriptors", "threads")})


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
