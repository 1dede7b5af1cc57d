"""Run scripts/generate.py in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from doubles import Script

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch, script: Script) -> Callable[..., str]:
    """Return a function that runs the script with arguments, and returns its complaint."""
    monkeypatch.syspath_prepend(SCRIPTS)

    def command(*arguments: object) -> str:
        code, said = script(SCRIPTS / "generate.py", *arguments)
        return said if code else ""

    return command
