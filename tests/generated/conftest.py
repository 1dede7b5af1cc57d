"""Run scripts/generate.py in this process."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that runs the script with arguments, and returns its complaint."""
    monkeypatch.syspath_prepend(SCRIPTS)

    def command(*arguments: object) -> str:
        monkeypatch.setattr("sys.argv", ["generate.py", *map(str, arguments)])
        try:
            runpy.run_path(str(SCRIPTS / "generate.py"), run_name="__main__")
        except SystemExit as stopped:
            return str(stopped.code)
        return ""

    return command
