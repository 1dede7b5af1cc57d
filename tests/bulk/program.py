"""A program that sends a job's rows, as a user's program does. Killed at any time, and started again.

python -m bulk.program FILE JOURNAL WORKERS    print counts, and the process's memory at a tenth and at the end

The environment variable BEGIN_AT says when to begin: the start of several Python processes is no part of a figure.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from sendgrid_campaigns import CampaignsClient, Retry
from sendgrid_campaigns.bulk import Job, Progress, run

PATIENCE: dict[str, Any] = {"timeout": 5.0, "retry": Retry(deadline=20.0, settle=3.0)}
"""Of the client, so that the lease of a row is short: 60 s."""


def memory() -> int:
    """Return how much memory this process holds, in KiB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def main(file: str, journal: str, workers: str) -> None:
    early = list[int]()

    def note(progress: Progress) -> None:
        if not early and progress.open < progress.total * 0.9:
            early.append(memory())

    with Job.load(file, journal) as job, CampaignsClient(**PATIENCE) as campaigns:
        time.sleep(max(0.0, float(os.environ["BEGIN_AT"]) - time.time()))  # all programs begin with a window
        counts = run(job, campaigns, workers=int(workers), progress=note)
    print(json.dumps({"counts": counts, "memory": [*early, memory()]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
