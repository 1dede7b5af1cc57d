"""What a call costs over the library below it, and beside what else one could take. `make bench` runs it.

bench.py                        all of it: some seventeen minutes, and a machine that does nothing else
bench.py --only sync import     these sections
bench.py --quick                two rounds of each: does it run? Its figures say little
bench.py --json FILE            the figures, with every sample, too

Each table's contestants take turns, round by round. A ratio is the median of the ratios in each round. At the end it
says which targets are met; it fails only when it cannot measure. docs/performance.md says what the figures mean.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from benchmark import calls, doubles, fresh, many, memory, paced
from benchmark.calls import FAR, PLAIN, TLS
from benchmark.course import Course, Section, course
from benchmark.figures import Table, Target

SECTIONS: Mapping[str, Section] = {
    "sync": calls.sync_section,
    "async": calls.async_section,
    "import": fresh.import_section,
    "cold": fresh.cold_section,
    "concurrency": many.concurrency_section,
    "memory": memory.memory_section,
    "pace": paced.pace_section,
    "sandbox": doubles.sandbox_section,
}
"""In the order in which they are run. One more: a function in a room of benchmark/, a line here, targets below."""


def _get_over_httpx(colour: str, where: str) -> Target:
    named = calls.title("get", colour, where)
    return Target(f"{named}: the facade over httpx", 1.15, (named, "the facade"), (named, "httpx"))


def _official_over_facade(where: str, limit: float) -> Target:
    named = calls.title("get", "sync", where)
    text = f"{named}: the official client over the facade"
    return Target(text, limit, (named, "sendgrid"), (named, "the facade"), least=True)


def _paced(where: str) -> Iterator[Target]:
    for workers in (paced.PACED_1, paced.PACED_32):
        job, limited = f"a job, {where}", f"answers that were 429, {where}"
        yield Target(f"{job}, {workers}: over the least there can be", 1.05, (job, workers), (job, paced.LEAST))
        yield Target(f"{job}, {workers}: percent of answers that were 429", 1, (limited, workers))


TARGETS: Sequence[Target] = (
    *(_get_over_httpx(colour, where) for colour in ("sync", "async") for where in (PLAIN, TLS)),
    _official_over_facade(TLS, 4),
    _official_over_facade(FAR, 2.5),
    Target("import sendgrid_campaigns over httpx", 1.3, (fresh.IMPORTS, fresh.PACKAGE), (fresh.IMPORTS, fresh.HTTPX)),
    Target("import of its client over httpx", 1.3, (fresh.IMPORTS, fresh.FACADE), (fresh.IMPORTS, fresh.HTTPX)),
    Target("cold start: the facade over httpx", 1.25, (fresh.COLD, "the facade"), (fresh.COLD, "httpx")),
    Target(
        "rate with 32 in flight: the facade on aiohttp over httpx",
        4,
        (many.title(32), "the facade on aiohttp"),
        (many.title(32), "httpx"),
        least=True,
    ),
    Target(
        "the facade on aiohttp: its rate with 512 in flight over that with 32",
        0.8,
        (many.title(512), "the facade on aiohttp"),
        (many.title(32), "the facade on aiohttp"),
        least=True,
    ),
    Target("memory at the end over that at first", 1.05, (memory.GROWTH, "at the end"), (memory.GROWTH, "at first")),
    Target("descriptors left behind", 0, (memory.LEFT, "descriptors")),
    Target("threads left behind", 0, (memory.LEFT, "threads")),
    *(target for where in (paced.VIRTUAL, paced.DOOR) for target in _paced(where)),
    Target("sandbox: sends a second, in process", 3_000, (doubles.IN_PROCESS, doubles.TRANSPORT), least=True),
    Target(
        "sandbox over HTTP: its rate over that of Prism",
        5,
        (doubles.OVER_HTTP, doubles.SANDBOX),
        (doubles.OVER_HTTP, doubles.MOCK),
        least=True,
    ),
)

PEERS = ("httpx", "httpcore", "attrs", "aiohttp", "httpx-aiohttp", "requests", "sendgrid")


def machine() -> dict[str, object]:
    """What the figures depend on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    about = {"python": python, "system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count()}
    return {**about, "versions": {name: metadata.version(name) for name in PEERS}}


def load() -> list[float] | None:
    """Of the last one, five and fifteen minutes; ours is in it, too."""
    return [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None


def measure(names: Sequence[str], given: Course) -> list[Table]:
    tables = []
    for name in names:
        for table in SECTIONS[name](given):
            tables.append(table)
            print(*table.lines(), "", sep="\n", flush=True)
    return tables


def targets(tables: Sequence[Table], of: Sequence[Target] = TARGETS) -> list[str]:
    return ["targets", *(target.line(tables) for target in of)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=[*SECTIONS], metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, and 2,000 sends unless --sends says otherwise"
    )
    parser.add_argument("--sends", type=int, help="of the section memory; 100,000 unless given")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--project", default=sys.executable, metavar="PYTHON", help="of the environment that has the sandbox's server"
    )
    options = parser.parse_args()
    sends = options.sends or (2_000 if options.quick else 100_000)
    about, before, began = machine(), load(), time.monotonic()
    print(f"{about['python']}, {about['cpus']} CPUs; load when it began: {before}", end="\n\n", flush=True)
    with course(options.project, sends, options.quick) as given:
        tables = measure([name for name in SECTIONS if name in options.only], given)
    print(*targets(tables), "", sep="\n")
    print(f"{time.monotonic() - began:.0f} s; load at the end: {load()}")
    if options.json is not None:
        told = {"quick": options.quick, "machine": about, "load": {"before": before, "after": load()}}
        tables_told = [table.as_json() for table in tables]
        targets_told = [target.as_json(tables) for target in TARGETS]
        told |= {"tables": tables_told, "targets": targets_told}
        options.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
