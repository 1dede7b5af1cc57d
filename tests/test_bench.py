"""Test that `make bench` runs, in its short form. No test times anything."""

import re
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "scripts" / "bench.py"


def test_the_short_form_runs() -> None:
    command = [sys.executable, str(BENCH), "--quick", "--only", "sync"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tables = ["get, sync", "send, sync"]
    assert [line for line in tables if f"\n{line}" not in done.stdout] == []
    assert re.search(r"^  the SDK +[\d,.]+ +\d+\.\d\d  µs$", done.stdout, re.M)  # with its ratio to httpx
