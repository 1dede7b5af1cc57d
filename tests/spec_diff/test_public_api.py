"""Whether the Python API broke: on copies of the real packages, and the whole command in small repositories."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))
public_api: Any = importlib.import_module("public_api")

Edits = dict[str, list[tuple[str, str]]]

OPERATIONS = "facade/sendgrid_campaigns/operations.py"
CLIENT = "facade/sendgrid_campaigns/client.py"
SETTINGS = "facade/sendgrid_campaigns/settings.py"
CREATE = "generated/sendgrid_campaigns_api/models/create_campaign_request.py"
SEND = "generated/sendgrid_campaigns_api/api/campaigns/send_campaign.py"


@pytest.fixture
def with_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Edits], list[str]]:
    """What is said of copies of both packages, after edits."""

    def said(edits: Edits) -> list[str]:
        for source in ("facade", "generated"):
            shutil.copytree(ROOT / source, tmp_path / source)
        for file, changes in edits.items():
            text = (tmp_path / file).read_text("utf-8")
            for old, new in changes:
                assert old in text, f"{file} holds no {old!r} any more"
                text = text.replace(old, new)
            (tmp_path / file).write_text(text)
        return list(dict.fromkeys(public_api.breaks(ROOT, tmp_path)))

    monkeypatch.setattr(public_api, "EXAMPLES", Path("no-examples"))
    return said


def test_what_breaks_is_named(with_edits: Callable[[Edits], list[str]]) -> None:
    found = with_edits(
        {
            OPERATIONS: [
                ("def get(self, campaign_id: int)", "def get(self, campaign_id: int, why: str)"),
                ("def delete(self, campaign_id: int, *, stop: bool = False)", "def delete(self, campaign_id: int)"),
                ("def check(self", "def inspect(self"),
                ("limit: int = 10", "limit: int = 20"),
                ("-> Steps[datetime | None]", "-> Steps[datetime | int | None]"),
                ("def unschedule(self, campaign_id: int)", "def unschedule(self, campaign_id: bool)"),
            ],
            CLIENT: [("def on_behalf_of(self, /, *, account_id: str)", "def on_behalf_of(self, /, *, account: str)")],
            SETTINGS: [("first_wait: float = 0.5", "first_wait: float")],
            CREATE: [("    subject: None | str | Unset = UNSET\n", "    subject: str\n"), ("ip_pool", "ip_pool_name")],
            SEND: [("def sync(", "def at_once("), ("on_behalf_of: str | Unset = UNSET", "on_behalf_of: str")],
        }
    )
    operations, generated = "sendgrid_campaigns.operations.Operations", "sendgrid_campaigns_api"
    create, send = f"{generated}.models.create_campaign_request.CreateCampaignRequest", f"{generated}.api.campaigns"
    wanted = [
        f"{operations}.get(why): Parameter was added as required",
        f"{operations}.delete(stop): Parameter was removed",
        "sendgrid_campaigns.client.CampaignsClient.check: Public object was removed",
        "sendgrid_campaigns.client.AsyncCampaignsClient.check: Public object was removed",
        f"{operations}.list(limit): Parameter default was changed: 10 -> 20",
        f"{operations}.get_schedule(): type: Steps[datetime | None] -> Steps[datetime | int | None]",
        f"{operations}.unschedule(campaign_id): type: int -> bool",
        "sendgrid_campaigns.client._Client.on_behalf_of: this overload is gone: "
        "on_behalf_of(/, *, account_id: str) -> Self",
        "sendgrid_campaigns.settings.Retry.__init__(first_wait): Parameter is now required",
        f"{create}.__init__(subject): Parameter is now required",
        f"{create}.ip_pool: Public object was removed",
        f"{send}.send_campaign.sync: Public object was removed",
        f"{send}.send_campaign.asyncio(on_behalf_of): Parameter is now required",
    ]
    assert [line for line in wanted if line not in found] == []


def test_what_does_not_break_is_not_named(with_edits: Callable[[Edits], list[str]]) -> None:
    found = with_edits(
        {
            OPERATIONS: [
                ("def get(self, campaign_id: int)", "def get(self, campaign_id: int, *, why: str | None = None)"),
                ("def unschedule(self, campaign_id: int)", "def unschedule(self, campaign_id: int | str)"),
                ("-> Steps[datetime | None]", "-> Steps[datetime]"),
                ("Read one campaign.", "Read a campaign."),
                ("def method(self", "def made(self"),  # nobody imports that
                (
                    "    @operation\n    def get(",
                    "    @operation\n    def got(self) -> Steps[None]: ...\n\n    @operation\n    def get(",
                ),
            ],
            SETTINGS: [("pace: bool = True", "pace: bool = True\n    patience: float = 1.0")],
        }
    )
    assert found == []


# --- the command, in repositories of its own ---

BEFORE = {
    "facade/sendgrid_campaigns/__init__.py": "from sendgrid_campaigns.client import send\n\n__all__ = ['send']\n",
    "facade/sendgrid_campaigns/version.py": '__version__ = "0.1.4"\n',
    "facade/sendgrid_campaigns/client.py": "def send(campaign_id: int, check: bool = False) -> str: ...\n",
    "facade/sendgrid_campaigns/py.typed": "",
}
BROKEN = {"facade/sendgrid_campaigns/client.py": "def send(campaign_id: int) -> str: ...\n"}


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
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
        self.git("tag", "released")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def run(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The exit code, and what was said."""

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["public_api.py", "--root", str(repository.folder), *arguments])
        try:
            public_api.main()
            code: Any = 0
        except SystemExit as stopped:
            code = stopped.code
        return code, "".join(capsys.readouterr())

    return command


def test_nothing_broke(repository: Repository, run: Callable[..., tuple[int, str]]) -> None:
    repository.release(BEFORE)
    repository.write({"facade/sendgrid_campaigns/client.py": BEFORE["facade/sendgrid_campaigns/client.py"] + "x = 1\n"})
    code, said = run("released")
    assert (code, said.splitlines()[-1]) == (0, "The public Python API did not break.")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("0.1.4", "0.1.4", 1),
        ("0.1.4", "0.1.5", 1),
        ("0.1.4", "0.2.0", 0),
        ("0.1.4", "1.0.0", 0),
        ("1.1.4", "1.2.0", 1),
        ("1.1.4", "2.0.0", 0),
        ("0.2.0", "0.1.9", 1),
    ],
)
def test_a_break_needs_a_version(
    repository: Repository, run: Callable[..., tuple[int, str]], old: str, new: str, code: int
) -> None:
    version = "facade/sendgrid_campaigns/version.py"
    repository.release({**BEFORE, version: f'__version__ = "{old}"\n'})
    repository.write({**BROKEN, version: f'__version__ = "{new}"\n'})
    got, said = run("released")
    assert got == code
    assert "  sendgrid_campaigns.client.send(check): Parameter was removed\n" in said
    assert ("does not say so" in said) == bool(code)


def test_a_name_or_a_whole_package_that_is_gone(repository: Repository, run: Callable[..., tuple[int, str]]) -> None:
    repository.release({**BEFORE, "generated/sendgrid_campaigns_api/__init__.py": ""})
    repository.write({"facade/sendgrid_campaigns/__init__.py": "__all__ = []\n"})
    shutil.rmtree(repository.folder / "generated")
    code, said = run("released")
    assert code == 1
    assert "  sendgrid_campaigns.send: Public object was removed\n" in said
    assert "  sendgrid_campaigns_api: it is gone\n" in said


def test_the_examples_of_that_time_are_checked_with_the_code_of_today(
    repository: Repository, run: Callable[..., tuple[int, str]]
) -> None:
    """A class that is no str any more: its name stayed, so that nobody else sees it."""
    client = "facade/sendgrid_campaigns/client.py"
    before = {
        **BEFORE,
        client: "class Receipt(str): ...\n\n\ndef send(campaign_id: int) -> Receipt: ...\n",
        "tests/examples/usage.py": "from sendgrid_campaigns import send\n\nprint(send(4900).upper())\n",
    }
    repository.release(before)
    # Today's examples are mended; it is those of the release that users have.
    repository.write({client: before[client].replace("(str)", ""), "tests/examples/usage.py": ""})
    code, said = run("released")
    assert code == 1
    assert 'tests/examples, mypy: usage.py:3: error: "Receipt" has no attribute "upper"' in said
    assert "tests/examples, pyright: usage.py:3" in said


def test_what_cannot_be_told(repository: Repository, run: Callable[..., tuple[int, str]]) -> None:
    assert run()[0] == 2
    repository.release({"README.md": ""})
    code, said = run("nowhere")
    assert (code, "nowhere is no git ref here" in said) == (2, True)
    code, said = run("released")
    assert (code, "there was nothing yet that could break" in said) == (2, True)
    repository.git("tag", "-d", "released")
    repository.release({**BEFORE, "facade/sendgrid_campaigns/version.py": "__version__ = 'one'\n"})
    code, said = run("released")
    assert (code, "holds no version such as 1.2.3" in said) == (2, True)
