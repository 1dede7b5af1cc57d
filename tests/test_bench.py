"""Test that `make bench` runs, in its short form. No test times anything."""

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "scripts" / "bench.py"


def test_the_short_form_runs() -> None:
    command = [sys.executable, str(BENCH), "--quick", "--only", "sync", "sandbox"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured, _, targets = done.stdout.partition("targets\n")
    tables = ["get, sync", "send, sync", "the sandbox in process", "the sandbox over HTTP"]
    assert [line for line in tables if f"\n{line}" not in measured] == []
    (target,) = (line for line in targets.splitlines() if "get, sync, plain http: the SDK / httpx" in line)
    assert target.endswith("met")
