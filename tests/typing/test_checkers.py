"""Type checkers see the package as a user's program does: installed, without this project's settings."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MISTAKES = Path(__file__).with_name("mistakes.py")
ROOT = Path(__file__).parents[2]
USAGE = ROOT / "tests" / "examples" / "usage.py"

Report = tuple[str, int, str]
"""File, line, and what the checker says."""


def run(module: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # 1: errors were found
    return done.stdout


def mypy(folder: Path) -> list[Report]:
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'user'}"
    output = run("mypy", "--strict", "--output=json", cache, USAGE.name, MISTAKES.name, cwd=folder)
    found = map(json.loads, output.splitlines())
    return [(each["file"], each["line"], each["message"]) for each in found if each["severity"] == "error"]


def pyright(folder: Path) -> list[Report]:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    output = run("pyright", "--outputjson", f"--pythonpath={sys.executable}", USAGE.name, MISTAKES.name, cwd=folder)
    found = json.loads(output)["generalDiagnostics"]
    return [(Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"]) for each in found]


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_usage_is_right_and_each_mistake_is_named(checker: Callable[[Path], list[Report]], tmp_path: Path) -> None:
    for source in (USAGE, MISTAKES):
        shutil.copy(source, tmp_path)
    lines = enumerate(MISTAKES.read_text().splitlines(), 1)
    expected = {number: said[1] for number, line in lines if (said := re.search("# says (.*)", line))}
    reports = checker(tmp_path)
    assert {(file, line) for file, line, _ in reports} == {(MISTAKES.name, line) for line in expected}, reports
    unnamed = {
        line: words
        for line, words in expected.items()
        if not any(words in message for _, at, message in reports if at == line)
    }
    assert not unnamed, reports
