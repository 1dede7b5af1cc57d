"""What `make propose` leaves in the repository it pushes to, with a stand-in for GitHub's command."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "propose.sh"


class Checkout:
    """A clone with generated/ in it, its origin, and a `gh` that writes down what it was asked."""

    def __init__(self, root: Path) -> None:
        self.root = root / "clone"
        self.asked = root / "asked"
        gh = root / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{self.asked}"\n')
        gh.chmod(0o755)
        self.environment = {
            "PATH": f"{gh.parent}:{os.environ['PATH']}",
            "HOME": str(root),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.root.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(root / "origin"))
        self.git("clone", "--quiet", str(root / "origin"), ".")
        self.git("checkout", "--quiet", "-b", "main")
        (self.root / "generated").mkdir()
        (self.root / "generated" / "client.py").write_text("old")
        self.git("config", "user.name", "somebody")
        self.git("config", "user.email", "somebody@example.com")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "begin")
        self.git("push", "--quiet", "origin", "main", "main:feature")

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments)

    def run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def branches(self) -> dict[str, str]:
        """Of the origin: each branch with the subject of its last commit."""
        heads = self.git("ls-remote", "--heads", "origin").splitlines()
        self.git("fetch", "--quiet", "origin")
        return {
            name.removeprefix("refs/heads/"): self.git("log", "-1", "--format=%s", commit).strip()
            for commit, name in (head.split("\t") for head in heads)
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_change_on_a_branch_is_committed_to_the_branch(checkout: Checkout) -> None:
    (checkout.root / "generated" / "client.py").write_text("new")
    checkout.run(str(SCRIPT), "feature")
    assert checkout.branches() == {"main": "begin", "feature": "make generate"}
    assert checkout.asked.read_text() == "auth setup-git\n"


def test_a_change_on_main_becomes_a_pull_request(checkout: Checkout) -> None:
    (checkout.root / "generated" / "client.py").write_text("new")
    checkout.run(str(SCRIPT), "main")
    (proposed,) = checkout.branches().keys() - {"main", "feature"}
    assert proposed == f"regenerate/{checkout.git('rev-parse', '--short', 'HEAD').strip()}"
    assert checkout.branches() == {"main": "begin", "feature": "begin", proposed: "make generate"}
    assert f"pr create --head {proposed} --base main" in checkout.asked.read_text()


def test_a_new_file_is_a_change(checkout: Checkout) -> None:
    (checkout.root / "generated" / "models.py").write_text("new")
    checkout.run(str(SCRIPT), "feature")
    assert checkout.branches()["feature"] == "make generate"


def test_only_generated_is_committed(checkout: Checkout) -> None:
    (checkout.root / "generated" / "client.py").write_text("new")
    (checkout.root / "left over").write_text("by a test")
    checkout.run(str(SCRIPT), "feature")
    assert checkout.git("show", "--name-only", "--format=", "HEAD").split() == ["generated/client.py"]


def test_no_change_is_no_commit(checkout: Checkout) -> None:
    assert "nothing to commit" in checkout.run(str(SCRIPT), "feature")
    assert checkout.branches() == {"main": "begin", "feature": "begin"}
    assert not checkout.asked.exists()
