"""Measure calls of this SDK beside httpx, SendGrid's own client and other clients. `make bench` runs this program.

bench.py                        every section: some ten minutes, on a machine that does nothing else
bench.py --only sync import     these sections
bench.py --quick                one short round of each, to see that everything runs
bench.py --images docs/images   also draw the sections `sync` and `crowd`

The clients of a table take turns, round by round; a ratio is the median of the ratios of each round. The program fails
only when a measurement fails. docs/performance.md explains the figures.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from benchmark import calls, crowd, fresh, plots, sandboxed
from benchmark.course import Course, course
from benchmark.figures import Table

SECTIONS: dict[str, Callable[[Course], Iterator[Table]]] = {
    "sync": calls.sync_section,
    "async": calls.async_section,
    "import": fresh.import_section,
    "cold": fresh.cold_section,
    "concurrency": calls.concurrency_section,
    "crowd": crowd.crowd_section,
    "memory": fresh.memory_section,
    "job": sandboxed.job_section,
    "sandbox": sandboxed.sandbox_section,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=[*SECTIONS], metavar="SECTION", help=", ".join(SECTIONS)
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each section")
    parser.add_argument("--project", default=sys.executable, metavar="PYTHON", help="of the project's environment")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="draw into this folder")
    options = parser.parse_args()
    peers = [name for name in ("httpx", "aiohttp", "requests", "sendgrid") if find_spec(name)]
    versions = (f"{name} {metadata.version(name)}" for name in peers)
    load = f"{os.cpu_count()} cpus, load {os.getloadavg()[0]:.2f}"
    print(f"python {platform.python_version()}", load, *versions, sep=", ", end="\n\n", flush=True)
    with course(options.project, options.quick) as given:
        for name in options.only:
            tables = []
            for table in SECTIONS[name](given):
                print(*table.lines(), "", sep="\n", flush=True)
                tables.append(table)
            if options.images:
                plots.draw(name, tables, options.images)


if __name__ == "__main__":
    main()
