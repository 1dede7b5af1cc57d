"""The example of a lost answer says what the README says, with SendGrid's own client where it is installed."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_what_each_client_says() -> None:
    command = [sys.executable, str(ROOT / "examples" / "lost_answer.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    shown = [
        line.strip() for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("    by_")
    ]
    assert len(shown) == 2
    assert said == shown[0 if find_spec("sendgrid") else 1 :]
