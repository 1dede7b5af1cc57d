"""Test scripts/propose.sh on a clone with a local origin and a fake `gh`."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = shlex.quote(str(Path(__file__).parents[1] / "scripts" / "propose.sh"))

Run = Callable[[str], str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a shell command in a clone with a committed file in generated/. `gh` writes its arguments to ../asked."""
    clone, commands = tmp_path / "clone", tmp_path / "bin"
    clone.mkdir()
    commands.mkdir()
    (commands / "gh").write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>../asked\n')
    (commands / "gh").chmod(0o755)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(command: str) -> str:
        shell = ["bash", "-euc", command]
        done = subprocess.run(shell, cwd=clone, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(
        "git init -q --bare -b main ../origin; git clone -q ../origin .; git checkout -q -b main;"
        "git config user.name x; git config user.email x@example.com;"
        "mkdir generated; echo old >generated/client.py; touch ../asked;"
        "git add .; git commit -qm begin; git push -q origin main main:feature"
    )
    return run


def branches(run: Run) -> dict[str, str]:
    """Return the origin's branches, each with the subject of its last commit."""
    listed = run("git -C ../origin for-each-ref --format='%(refname:short)=%(subject)' refs/heads")
    return dict(line.split("=") for line in listed.splitlines())


def test_a_change_on_a_branch_is_committed_to_the_branch(run: Run) -> None:
    run(f"echo new >generated/client.py; echo new >generated/models.py; echo x >left-over; {SCRIPT} feature")
    assert branches(run) == {"main": "begin", "feature": "make generate"}
    assert run("git show --name-only --format= HEAD").split() == ["generated/client.py", "generated/models.py"]
    assert run("cat ../asked") == "auth setup-git\n"


def test_a_change_on_main_becomes_a_pull_request(run: Run) -> None:
    run(f"echo new >generated/models.py; {SCRIPT} main")
    proposed = "regenerate/" + run("git rev-parse --short HEAD").strip()
    assert branches(run) == {"main": "begin", "feature": "begin", proposed: "make generate"}
    assert f"pr create --head {proposed} --base main" in run("cat ../asked")


def test_no_change_is_no_commit(run: Run) -> None:
    assert "nothing to commit" in run(f"{SCRIPT} feature")
    assert branches(run) == {"main": "begin", "feature": "begin"}
    assert run("cat ../asked") == ""
