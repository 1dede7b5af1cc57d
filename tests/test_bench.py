"""Test that `make bench` runs, in its short form. No test times anything."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "scripts" / "bench.py"


def test_the_short_form_runs(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, str(BENCH), "--quick", "--only", "sync", "sandbox", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "get, sync, plain http: the SDK / httpx" in done.stdout.partition("targets\n")[2]
    tables = json.loads(file.read_text("utf-8"))["tables"]
    assert len(tables) == 4
    assert all(sample > 0 for table in tables for samples in table["samples"].values() for sample in samples)
