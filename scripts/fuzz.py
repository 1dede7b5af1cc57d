"""Throw what schemathesis makes of openapi/campaigns.yaml at the sandbox's HTTP door, and fail when the two disagree.

fuzz.py SCHEMATHESIS            for a minute, from a seed that it prints
fuzz.py SCHEMATHESIS --seed 7   from that seed; how far it gets in the time differs
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import KEY

ROOT = Path(__file__).resolve().parent.parent
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
SETTINGS = ROOT / "scripts" / "schemathesis.toml"

STOCK = 600
"""Campaigns to begin with: the fuzzer deletes, sends and schedules them."""


def fill(sandbox: Sandbox) -> range:
    """Give the parent account campaigns in each state that answers something else; return their ids."""
    later = sandbox.now() + timedelta(days=365)
    ids = []
    for i in range(STOCK):
        if i % 4 == 0:
            ids.append(sandbox.create_campaign(status="Scheduled", send_at=later))
        elif i % 8 == 1:
            ids.append(sandbox.create_campaign(subject=None, html_content=None, plain_content=None))
        else:
            ids.append(sandbox.create_campaign())
    return range(ids[0], ids[-1] + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemathesis", type=Path, help="the command")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds", type=int, default=75)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}; again with it: make fuzz SEED={seed}", flush=True)
    # No limit: how many campaigns a run makes is not what is looked at.
    with (
        Sandbox(knobs=Knobs(campaign_limit=10**9)) as sandbox,
        sandbox.serve() as server,
        tempfile.TemporaryDirectory() as scratch,
    ):
        stock = fill(sandbox)
        done = subprocess.run(
            [
                options.schemathesis.absolute(),
                *("--config-file", SETTINGS, "run", FRAGMENT),
                *("--url", server.url, "--header", f"Authorization: Bearer {KEY}"),
                *("--seed", str(seed), "--max-time", str(options.seconds)),
                *("--continue-on-failure", "--generation-database", "none"),
            ],
            env={
                **os.environ,
                **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),  # it takes the environment's proxy otherwise
                "PYTHONPATH": str(Path(__file__).parent),
                "PYTHONDONTWRITEBYTECODE": "1",
                "SCHEMATHESIS_HOOKS": "fuzz_checks",
                "FUZZ_STOCK": f"{stock[0]}-{stock[-1]}",
            },
            cwd=scratch,  # it leaves files behind
            check=False,
        )
        answers = Counter((record.method, record.status_code) for record in sandbox.requests())
    print("answered:", ", ".join(f"{method} {code} x{count}" for (method, code), count in sorted(answers.items())))
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
