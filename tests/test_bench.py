"""Test that `make bench` runs, in its short form, and draws. No test times anything."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_short_form_runs_and_draws(tmp_path: Path) -> None:
    images = tmp_path / "images"
    command = [sys.executable, str(SCRIPTS / "bench.py"), "--quick", "--images", str(images), "--only", "sync", "crowd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tables = ["get, sync", "send, sync", "20 sends at 100 ms"]
    assert [line for line in tables if f"\n{line}" not in done.stdout] == []
    assert re.search(r"^  the SDK +[\d,.]+ +\d+\.\d\d  µs$", done.stdout, re.M)  # with its ratio to httpx
    over = [float(found) for found in re.findall(r"^  .* +[\d,.]+ +(\d+\.\d\d)  s$", done.stdout, re.M)]
    assert (len(over), min(over)) == (8, 1.0)  # of the crowd: nobody is faster than "at best"
    assert "no receipt" not in done.stdout
    assert "100 ms away" not in done.stdout  # the slow server is for the crowd alone
    drawn = {path.name: ElementTree.parse(path).getroot() for path in images.iterdir()}  # noqa: S314 - its own
    texts = {name: [text.text for text in root.iter(f"{SVG}text")] for name, root in drawn.items()}
    assert texts.keys() == {"call.svg", "crowd.svg"}
    assert texts["call.svg"][:3] == ["one get, over bare httpx", "httpx, plain http", "1.00"]
    assert texts["crowd.svg"][:3] == ["20 sends at 100 ms, until all have ended", "at best", "0.20 s"]
    for name, root in drawn.items():
        assert len(texts[name]) == 1 + 2 * len(root.findall(f"{SVG}rect"))


def test_a_job_in_virtual_time_waits_no_longer_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    from benchmark.sandboxed import in_virtual_time

    seconds, requests = (table.samples for table in in_virtual_time(sends=7, limit=5, window=60))
    assert seconds == {"send, at best": [120], "send": [120], "ensure_sent, at best": [60], "ensure_sent": [60]}
    assert requests == {"send, at best": [14], "send": [14], "ensure_sent, at best": [7], "ensure_sent": [7]}
