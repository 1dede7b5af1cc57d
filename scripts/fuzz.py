"""Test the sandbox over HTTP with requests that schemathesis generates from the fragments in openapi/.

fuzz.py SCHEMATHESIS            run for two minutes, from a random seed, which is printed
fuzz.py SCHEMATHESIS --seed 7   run from this seed; the number of requests in the time differs
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
from typing import Any

from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import KEY

ROOT = Path(__file__).resolve().parent.parent
SECONDS = {"campaigns": 75, "single_sends": 60}
"""The longest run for each fragment."""
SETTINGS = ROOT / "scripts" / "schemathesis.toml"

STOCK = 600
"""The number of campaigns at the start."""


def fill(sandbox: Sandbox) -> range:
    """Create campaigns in every state that gives other answers; return their ids."""
    later = sandbox.now() + timedelta(days=365)
    scheduled: dict[str, Any] = {"status": "Scheduled", "send_at": later}
    kinds = [scheduled, {"subject": None, "html_content": None, "plain_content": None}, {}, {}, scheduled, {}, {}, {}]
    ids = [sandbox.create_campaign(**kinds[number % 8]) for number in range(STOCK)]
    return range(ids[0], ids[-1] + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemathesis", type=Path, help="the command")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}; again with it: make fuzz SEED={seed}", flush=True)
    with (
        Sandbox(knobs=Knobs(campaign_limit=10**9)) as sandbox,
        sandbox.serve() as server,
        tempfile.TemporaryDirectory() as scratch,
    ):
        stock = fill(sandbox)
        environment = {
            **os.environ,
            # schemathesis uses the environment's proxy otherwise.
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SCHEMATHESIS_HOOKS": "fuzz_checks",
            "FUZZ_STOCK": f"{stock[0]}-{stock[-1]}",
            "FUZZ_SINGLE_SENDS": ",".join(sandbox.create_single_send() for _ in range(STOCK)),
        }
        codes = [
            subprocess.run(
                [
                    options.schemathesis.absolute(),
                    *("--config-file", SETTINGS, "run", ROOT / "openapi" / f"{name}.yaml"),
                    *("--url", server.url, "--header", f"Authorization: Bearer {KEY}"),
                    *("--seed", str(seed), "--max-time", str(seconds)),
                    *("--continue-on-failure", "--generation-database", "none"),
                ],
                env=environment,
                cwd=scratch,  # schemathesis leaves files behind
                check=False,
            ).returncode
            for name, seconds in SECONDS.items()
        ]
        print("answers:", dict(Counter(record.status_code for record in sandbox.requests())))
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
