"""Test scripts/public_api.py in small repositories."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from doubles import Script
from spec_diff.reader import load

ROOT = Path(__file__).parents[1]
CASES: dict[str, Any] = load(Path(__file__).with_suffix(".yaml").with_stem("public_api").read_text("utf-8"))

CLIENT = "facade/sendgrid_campaigns/client.py"
VERSION = "facade/sendgrid_campaigns/version.py"
BEFORE = {
    "facade/sendgrid_campaigns/__init__.py": "from sendgrid_campaigns.client import send\n\n__all__ = ['send']\n",
    VERSION: '__version__ = "0.1.4"\n',
    CLIENT: "def send(campaign_id: int, check: bool = False) -> str: ...\n",
    "facade/sendgrid_campaigns/py.typed": "",
}


class Repository:
    """A git repository, and the script run on it."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.folder, self.script = folder, script
        self.git("init", "-q")

    def git(self, *arguments: str) -> None:
        me = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        command = ["git", "-C", str(self.folder), *me, *arguments]
        subprocess.run(command, check=True)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)

    def release(self, files: dict[str, str]) -> None:
        self.write(files)
        self.git("add", ".")
        self.git("commit", "-q", "-m", "x")
        self.git("tag", "--force", "released")

    def check(self, *arguments: str) -> tuple[int, str]:
        return self.script(ROOT / "scripts" / "public_api.py", "--root", self.folder, *arguments)


@pytest.fixture
def repository(tmp_path: Path, script: Script) -> Repository:
    return Repository(tmp_path, script)


@pytest.mark.parametrize("case", CASES)
def test_every_break_is_named(repository: Repository, case: str) -> None:
    repository.release({**CASES[case]["before"], VERSION: BEFORE[VERSION]})
    repository.write(CASES[case]["after"])
    code, said = repository.check("released")
    assert sorted(re.findall(r"^  (.+)", said, re.M)) == sorted(CASES[case]["says"])
    assert code == bool(CASES[case]["says"])


def test_the_real_packages(repository: Repository) -> None:
    for source in ("facade", "generated"):
        shutil.copytree(ROOT / source, repository.folder / source, ignore=shutil.ignore_patterns("__pycache__"))
    repository.release({})
    assert repository.check("released")[1].endswith("The public Python API did not break.\n")
    for module in (repository.folder / "facade").rglob("*.py"):
        module.write_text(re.sub(r"def unschedule\b", "def stop", module.read_text("utf-8")))
    (repository.folder / "generated/sendgrid_campaigns_api/api/campaigns/send_campaign.py").write_text("")
    _, said = repository.check("released")
    assert re.search(r"\.CampaignsClient\.unschedule: Public object was removed", said)
    assert re.search(r"\.AsyncCampaignsClient\.unschedule: Public object was removed", said)
    assert "  sendgrid_campaigns_api.api.campaigns.send_campaign.sync: Public object was removed\n" in said


SAYS_SO = ["0.1.4 0.2.0", "0.1.4 1.0.0", "1.1.4 2.0.0"]


@pytest.mark.parametrize("versions", [*SAYS_SO, "0.1.4 0.1.4", "0.1.4 0.1.5", "1.1.4 1.2.0", "0.2.0 0.1.9"])
def test_a_break_needs_a_version(repository: Repository, versions: str) -> None:
    (old, new), code = versions.split(), versions not in SAYS_SO
    repository.release({**BEFORE, VERSION: f'__version__ = "{old}"\n'})
    repository.write({CLIENT: "def send(campaign_id: int) -> str: ...\n", VERSION: f'__version__ = "{new}"\n'})
    got, said = repository.check("released")
    assert got == code
    assert "  sendgrid_campaigns.client.send(check): Parameter was removed\n" in said
    assert ("does not say so" in said) == code


@pytest.mark.parametrize("package", ["sendgrid_campaigns_api", "sendgrid_single_sends_api"])
def test_a_package_that_is_gone(repository: Repository, package: str) -> None:
    repository.release({**BEFORE, f"generated/{package}/__init__.py": ""})
    shutil.rmtree(repository.folder / "generated")
    code, said = repository.check("released")
    assert (code, f"  {package}: the package is gone\n" in said) == (1, True)


def test_the_examples_of_the_release_are_checked_with_the_code_of_today(repository: Repository) -> None:
    """A class loses its base class: no name and no signature changes."""
    receipt = "class Receipt(str): ...\n\n\ndef send(campaign_id: int) -> Receipt: ...\n"
    usage = "from sendgrid_campaigns import send\n\nprint(send(4900).upper())\n"
    repository.release({**BEFORE, CLIENT: receipt, "tests/examples/usage.py": usage})
    repository.write({CLIENT: receipt.replace("(str)", ""), "tests/examples/usage.py": ""})
    code, said = repository.check("released")
    assert code == 1
    assert 'tests/examples, mypy: usage.py:3: error: "Receipt" has no attribute "upper"' in said
    assert "tests/examples, pyright: usage.py:3" in said


def test_two_that_cannot_be_compared(repository: Repository) -> None:
    assert repository.check()[0] == 2
    repository.release({"README.md": ""})
    for ref, message in {"nowhere": "nowhere is no git ref here", "released": f"released holds no {VERSION}"}.items():
        code, said = repository.check(ref)
        assert (code, message in said) == (2, True)
    repository.release({**BEFORE, VERSION: "__version__ = 'one'\n"})
    code, said = repository.check("released")
    assert (code, "holds no version such as 1.2.3" in said) == (2, True)
