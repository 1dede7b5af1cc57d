"""The command: what it prints, where, and what it ends with."""

import io
import json
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from pytest_httpx import HTTPXMock

from doubles import DRAFT
from sendgrid_campaigns import __version__, errors
from sendgrid_campaigns.cli import exit_code, main

NOW = "https://api.sendgrid.com/v3/campaigns/4900/schedules/now"


@attrs.frozen
class Ended:
    """How the command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, with a key in the environment and nobody at the keyboard."""
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.cli")
    slept, monotonic = [0.0], time.monotonic
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("time.monotonic", lambda: monotonic() + sum(slept))
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return Ended(int(str(ended.value.code)), *capsys.readouterr())

    return run


def test_send_in_the_sandbox(run: Run) -> None:
    for _ in range(2):  # nothing is kept
        done = run("send", "4900", "--sandbox")
        assert done.exit_code == 0
        assert done.stdout == "id          4900\nstatus      Scheduled\nknown_from  answer\n"
        assert done.stderr == ""


def test_a_file_keeps_the_state(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "play.db")
    assert run("send", "4900", "--sandbox", file).exit_code == 0
    again = run("send", "4900", "--sandbox", file)
    assert again.exit_code == 3
    assert again.stdout == ""
    assert again.stderr.startswith('NotInDraftError: campaign 4900 was not sent: it is "In Progress"')
    assert run("get", "4900", f"--sandbox={file}", "--json").stdout.startswith('{"id": 4900, "status": "In Progress"')


def test_get(run: Run) -> None:
    done = run("get", "4900", "--sandbox")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "id                    4900",
        "status                Draft",
        "title                 March Newsletter",
    ]
    assert "custom_unsubscribe_url" not in done.stdout


def test_json(run: Run) -> None:
    done = run("send", "4900", "--sandbox", "--json")
    assert json.loads(done.stdout) == {"id": 4900, "status": "Scheduled", "known_from": "answer"}
    done = run("get", "4900", "--sandbox", "--json")
    assert json.loads(done.stdout)["list_ids"] == [110, 124]


def test_json_of_an_error(run: Run) -> None:
    done = run("send", "1", "--sandbox", "--json")
    assert (done.exit_code, done.stdout) == (3, "")
    said = json.loads(done.stderr)
    assert (said["error"], said["exit_code"], said["campaign_id"], said["status_code"]) == ("NotFoundError", 3, 1, 404)
    assert said["errors"] == [{"field": None, "message": "not found", "help": None}]
    assert said["text"].startswith("campaign 1 was not sent (404 Not Found)")


@pytest.mark.parametrize(("option", "name", "own"), [("--on-behalf-of", "acme", 4901), ("--account-id", "A123", 4902)])
def test_on_behalf_of(run: Run, option: str, name: str, own: int) -> None:
    assert run("send", str(own), option, name, "--sandbox").exit_code == 0
    assert run("send", "4900", option, name, "--sandbox").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["send", "0", "--sandbox"], "campaign_id is 0"),
        (["send", "4900x", "--sandbox"], "not a valid integer"),
        (["send"], "Missing argument 'ID'"),
        (["send", "--sandbox", "4900"], "--sandbox took 4900 as its state file"),
        (["send", "4900", "--sandbox", "--on-behalf-of", ""], "is empty"),
        (["send", "4900", "--sandbox", "--on-behalf-of", "a", "--account-id", "b"], "give one."),
        (["send", "4900", "--sandbox", "--account-id", ""], "is empty"),
        (["send", "4900", "--sandbox", "/"], "cannot hold a sandbox's state"),
        (["send", "4900", "--sandbox", __file__], "cannot hold a sandbox's state"),
        (["send", "4900", "--sandbox="], "an empty file name"),
        (["send", "--sandbox", "12"], "--sandbox took 12 as its state file"),
        (["sandbox", ""], "an empty file name"),
        (["list", "--sandbox", "--all", "--limit", "5"], "it takes no --limit and no --offset"),
        (["update", "4900", "--sandbox", "--subject", "x", "--clear", "subject"], "it was given a value, too"),
        (["delete", "4900", "--sandbox"], "There is nobody to ask: give --yes"),
        (["schedule", "4900", "--sandbox"], "Missing option '--at'"),
        (["schedule", "4900", "--sandbox", "--at", "tomorrow"], "is no time with a zone"),
        (["schedule", "4900", "--sandbox", "--at", "2099-01-05T10:53"], "is no time with a zone"),
        (["schedule", "4900", "--sandbox", "--at", "2020-01-05T10:53Z"], "which is past"),
        (["update", "4900", "--sandbox"], "nothing to change"),
        (["update", "4900", "--sandbox", "--clear", "title"], "--clear title: it takes categories"),
        (["update", "4900", "--sandbox", "--html", "/nowhere"], "cannot be read"),
        (["create", "--sandbox"], "Missing option '--title'"),
        (["create", "--sandbox", "--title", "x" * 101], "title has 101 characters"),
        (["list", "--sandbox", "--limit", "0"], "limit is 0"),
        (["send-test", "4900", "--sandbox"], "Missing option '--to'"),
        (["send", "4900", "--base-url", "http://example.com"], "plain http"),
        (["send", "4900", "--api-key", "SG.x"], "No such option"),
        (["sent", "4900"], "No such command"),
    ],
)
def test_what_is_wrong_with_the_command(run: Run, arguments: list[str], text: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    said = json.loads(run(*arguments, "--json").stderr)
    assert said["exit_code"] == 2
    assert text in said["text"]


def test_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY")
    done = run("send", "4900")
    assert done.exit_code == 2
    assert "Set SENDGRID_API_KEY in the environment" in done.stderr


def test_the_real_address_and_the_key_of_the_environment(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", url="https://api.sendgrid.com/v3/campaigns/4900", json=DRAFT)
    httpx_mock.add_response(method="POST", url=NOW, status_code=201, json={"id": 4900, "status": "Scheduled"})
    assert run("send", "4900").exit_code == 0
    assert {request.headers["Authorization"] for request in httpx_mock.get_requests()} == {"Bearer SG.cli"}


def test_outcome_unknown_has_a_code_of_its_own(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json=DRAFT, is_reusable=True)
    httpx_mock.add_exception(httpx.ReadTimeout("slow"), method="POST", is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == 5
    assert "it is unknown whether campaign 4900 was sent" in done.stderr


def test_waits_are_told(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json=DRAFT)
    httpx_mock.add_response(method="POST", status_code=429, headers={"Retry-After": "12"}, is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == 4
    assert len(re.findall(r"^waiting 1[234]\.\d s before the next request", done.stderr, re.M)) == 3
    assert "retry after 12 s" in done.stderr


@pytest.mark.parametrize(("method", "code"), [("GET", 130), ("POST", 5)])
def test_an_interruption(run: Run, httpx_mock: HTTPXMock, method: str, code: int) -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        if request.method == method:
            raise KeyboardInterrupt
        return httpx.Response(200, json=DRAFT)

    httpx_mock.add_callback(interrupt, is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == code
    assert ("it is unknown whether campaign 4900 was sent" in done.stderr) is (code == 5)


CODES: dict[type[errors.SendGridError], int] = {
    errors.ConfigurationError: 2,
    errors.APIStatusError: 3,
    errors.BadRequestError: 3,
    errors.AuthenticationError: 3,
    errors.PermissionDeniedError: 3,
    errors.NotInDraftError: 3,
    errors.NotScheduledError: 3,
    errors.NotReadyError: 3,
    errors.StopNotAskedError: 3,
    errors.NotFoundError: 3,
    errors.NotSentError: 4,
    errors.RateLimitError: 4,
    errors.ServerError: 4,
    errors.UnreadableResponseError: 4,
    errors.OutcomeUnknownError: 5,
}


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type)])
def test_every_error_has_its_code(kind: Any) -> None:
    if issubclass(kind, errors.SendGridError) and kind is not errors.SendGridError:
        assert exit_code(kind.__new__(kind)) == CODES[kind]


def test_help(run: Run) -> None:
    shown = run("--help").output
    assert "SENDGRID_API_KEY" in shown
    assert "5    unknown: it may have been done (sent, above all)" in shown
    assert "--sandbox [FILE]" in run("send", "--help").output
    assert __version__ in run("--version").output


# --- every other operation ---


@pytest.fixture
def kept(run: Run, tmp_path: Path) -> Run:
    """The command on a sandbox that keeps its state."""
    file = str(tmp_path / "kept.db")
    return lambda *arguments: run(*arguments, "--sandbox", file)


def test_from_nothing_to_sent(kept: Run, tmp_path: Path) -> None:
    html, plain = tmp_path / "newsletter.html", tmp_path / "newsletter.txt"
    html.write_text("<p>Grüße [unsubscribe]</p>", "utf-8")
    plain.write_text("Grüße [unsubscribe]", "utf-8")
    created = kept("create", "--title", "Mine", "--html", str(html), "--plain", str(plain))
    assert created.stdout.startswith("id             4903\nstatus         Draft\ntitle          Mine\n")
    missing = kept("check", "4903")
    assert missing.exit_code == 3
    assert "  subject: it has none" in missing.stdout
    assert "only the service knows:" in missing.stdout
    refused = kept("send", "4903", "--check")
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (3, "NotReadyError")
    audience = ["--list-id", "110", "--list-id", "124", "--segment-id", "110", "--category", "a", "--category", "b"]
    sender = ["--sender-id", "124451", "--suppression-group-id", "42", "--ip-pool", "marketing"]
    updated = kept("update", "4903", "--subject", "News", *audience, *sender)
    assert "list_ids              110, 124" in updated.stdout
    assert json.loads(kept("get", "4903", "--json").stdout)["categories"] == ["a", "b"]
    assert json.loads(kept("update", "4903", "--clear", "categories", "--json").stdout)["categories"] is None
    assert kept("check", "4903").exit_code == 0
    assert "was sent as a test" in kept("send-test", "4903", "--to", "a@example.com", "--to", "b@example.com").stdout
    scheduled = kept("schedule", "4903", "--at", "2099-01-05T10:53+01:00", "--json")
    assert json.loads(scheduled.stdout) == {
        "id": 4903,
        "send_at": "2099-01-05 09:53:00+00:00",
        "status": "Scheduled",
        "known_from": "answer",
    }
    assert "2099-01-06 09:53:00+00:00" in kept("reschedule", "4903", "--at", "2099-01-06T10:53+01:00").stdout
    assert kept("get-schedule", "4903").stdout == "2099-01-06 09:53:00+00:00\n"
    assert kept("delete", "4903", "--yes").exit_code == 3
    assert kept("unschedule", "4903").stdout == "campaign 4903 was unscheduled\n"
    assert kept("get-schedule", "4903").stdout == "campaign 4903 is not scheduled\n"
    assert "Scheduled" in kept("send", "4903", "--check").stdout
    assert kept("delete", "4903", "--yes", "--stop").stdout == "campaign 4903 was deleted\n"
    assert kept("get", "4903").exit_code == 3


def test_list_is_a_table(kept: Run) -> None:
    for number in range(25):
        kept("create", "--title", f"Number {number}")
    assert kept("list", "--limit", "2").stdout.splitlines() == [
        "ID    STATUS  TITLE      SUBJECT",
        "4927  Draft   Number 24",
        "4926  Draft   Number 23",
    ]
    assert len(kept("list").stdout.splitlines()) == 11
    assert kept("list", "--offset", "25").stdout.splitlines()[1].startswith("4900  Draft   March Newsletter")
    assert [one["id"] for one in json.loads(kept("list", "--all", "--json").stdout)] == [*range(4927, 4902, -1), 4900]


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 130)])
def test_delete_asks_a_person(kept: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    done = kept("delete", "4900")
    assert "Delete campaign 4900?" in done.stderr
    assert done.exit_code == code


def test_no_wait_is_told_in_json(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", status_code=503, is_reusable=True)
    done = run("get", "4900", "--json")
    assert done.exit_code == 4
    assert json.loads(done.stderr)["error"] == "ServerError"


# --- nothing that happens to the output changes what the exit code says ---


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from sendgrid_campaigns.cli import main; main()", *arguments]
    return subprocess.run(command, check=False, text=True, stdin=subprocess.DEVNULL, **options)


@pytest.mark.parametrize(("campaign_id", "code"), [("4900", 0), ("1", 3)])
def test_a_full_disk(campaign_id: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        assert process("send", campaign_id, "--sandbox", stdout=full, stderr=full).returncode == code


@pytest.mark.parametrize(("campaign_id", "code"), [("4900", 0), ("1", 3)])
def test_closed_streams(campaign_id: str, code: int) -> None:
    program = f"{shlex.quote(sys.executable)} -c 'from sendgrid_campaigns.cli import main; main()'"
    command = f"{program} send {campaign_id} --sandbox"
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        assert subprocess.run(["sh", "-c", f"{command} {closed}"], check=False).returncode == code  # noqa: S607


def test_a_file_that_somebody_else_holds_is_for_later(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "held.db")
    assert run("get", "4900", "--sandbox", file).exit_code == 0
    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda path, **options: connect(path, **{**options, "timeout": 0}))
    holder = connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = run("get", "4900", "--sandbox", file)
    holder.close()
    assert done.exit_code == 4
    assert "locked" in done.stderr


def test_a_terminal_without_the_letters(tmp_path: Path) -> None:
    file = str(tmp_path / "kept.db")
    process("update", "4900", "--subject", "☀", "--sandbox", file, capture_output=True)
    done = process("get", "4900", "--sandbox", file, capture_output=True, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "\\u2600" in done.stdout


def test_a_file_of_something_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bookmarks.db"
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE bookmarks (url TEXT)")
    database.close()
    before = file.read_bytes()
    done = run("send", "4900", "--sandbox", str(file))
    assert done.exit_code == 2
    assert "a database of something else" in done.stderr
    assert file.read_bytes() == before


def test_the_server_says_where_it_is_in_json() -> None:
    command = [sys.executable, "-c", "from sendgrid_campaigns.cli import main; main()", "sandbox", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        where = json.loads(server.stdout.readline())
        assert httpx.get(where["url"], trust_env=False).status_code == 404
        server.terminate()
        output, _ = server.communicate()
    assert where["key"] == "SG.sandbox"
    assert json.loads(output) == {"stopped": where["url"]}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_server_stops_cleanly_and_keeps_its_state(tmp_path: Path, name: str) -> None:
    file = str(tmp_path / "served.db")
    command = [sys.executable, "-c", "from sendgrid_campaigns.cli import main; main()", "sandbox", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        key = {"Authorization": "Bearer SG.sandbox"}
        assert httpx.post(f"{url}/v3/campaigns/4900/schedules/now", headers=key, trust_env=False).status_code == 201
        server.send_signal(getattr(signal, name))
        output, errors = server.communicate()
    assert (server.returncode, output, errors) == (0, "stopped\n", "")
    assert process("send", "4900", "--sandbox", file, capture_output=True).returncode == 3
