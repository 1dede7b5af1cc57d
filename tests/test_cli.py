"""Test the command: its output, where the output goes, and its exit code."""

import io
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from pytest_httpx import HTTPXMock

from sendgrid_campaigns import __version__, errors
from sendgrid_campaigns.cli import exit_code, main

DRAFT = {"id": 4900, "title": "March Newsletter", "status": "Draft"}
NOW = "https://api.sendgrid.com/v3/campaigns/4900/schedules/now"


class Ended(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process, with a key in the environment, no terminal, and waits that take no time."""
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


@pytest.fixture
def kept(run: Run, tmp_path: Path) -> Run:
    """The command on a sandbox that keeps its state."""
    file = str(tmp_path / "kept.db")
    return lambda *arguments: run(*arguments, "--sandbox", file)


def test_a_file_keeps_the_state(kept: Run, tmp_path: Path) -> None:
    assert kept("send", "4900").exit_code == 0
    again = kept("send", "4900")
    assert (again.exit_code, again.stdout) == (3, "")
    assert again.stderr.startswith('NotInDraftError: campaign 4900 was not sent: the campaign is "In Progress"')
    assert kept("ensure-sent", "4900").stdout.endswith("known_from  already\n")
    outcome = json.loads(kept("outcome", "4900", "--json").stdout)
    assert (outcome["applied"], outcome["status"]) == (True, "In Progress")


def test_text_leaves_out_fields_without_a_value_and_attempts(run: Run) -> None:
    done = run("get", "4900", "--sandbox")
    assert done.stdout.startswith("id                    4900\nstatus                Draft\n")
    assert "custom_unsubscribe_url" not in done.stdout
    assert json.loads(run("get", "4900", "--sandbox", "--json").stdout)["list_ids"] == [110, 124]
    for _ in range(2):  # nothing is kept
        sent = run("send", "4900", "--sandbox", "--json")
        assert json.loads(sent.stdout) == {"id": 4900, "status": "Scheduled", "known_from": "answer"}


def test_json_of_an_error(run: Run) -> None:
    done = run("send", "1", "--sandbox", "--json")
    assert (done.exit_code, done.stdout) == (3, "")
    said = json.loads(done.stderr)
    assert (said["error"], said["exit_code"], said["campaign_id"], said["status_code"]) == ("NotFoundError", 3, 1, 404)
    assert said["errors"] == [{"field": None, "message": "not found", "help": None}]
    assert said["text"].startswith("campaign 1 was not sent: 404 Not Found")
    assert [attempt["proof"] for attempt in said["attempts"]] == ["rejected"]


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
        (["send", "--sandbox", "4900"], "--sandbox took 4900 as its file"),
        (["send", "4900", "--sandbox", "--on-behalf-of", ""], "is empty"),
        (["send", "4900", "--sandbox", "--on-behalf-of", "a", "--account-id", "b"], "not both."),
        (["send", "4900", "--sandbox", __file__], "cannot keep its state in"),
        (["sandbox", ""], "file name is empty"),
        (["list", "--sandbox", "--all", "--limit", "5"], "--all takes no --limit and no --offset"),
        (["update", "4900", "--sandbox", "--subject", "x", "--clear", "subject"], "the field has a new value as well"),
        (["delete", "4900", "--sandbox"], "stdin is not a terminal; pass --yes"),
        (["schedule", "4900", "--sandbox"], "Missing option '--at'"),
        (["schedule", "4900", "--sandbox", "--at", "2099-01-05T10:53"], "is no time with a UTC offset"),
        (["update", "4900", "--sandbox", "--clear", "title"], "the fields to clear are categories"),
        (["update", "4900", "--sandbox", "--html", "/nowhere"], "cannot be read"),
        (["send", "4900", "--base-url", "http://example.com"], "plain http"),
        (["send", "4900", "--api-key", "SG.x"], "No such option"),
        (["send", "4900", "--sandbox", "--check"], "No such option"),
        (["sent", "4900"], "No such command"),
    ],
)
def test_a_wrong_command_makes_no_request(run: Run, arguments: list[str], text: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    said = json.loads(run(*arguments, "--json").stderr)
    assert said["exit_code"] == 2
    assert text in said["text"]


def test_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY")
    assert "Set SENDGRID_API_KEY" in run("send", "4900").stderr


def test_the_real_address_and_the_key_of_the_environment(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", url="https://api.sendgrid.com/v3/campaigns/4900", json=DRAFT)
    httpx_mock.add_response(method="POST", url=NOW, status_code=201, json={"id": 4900, "status": "Scheduled"})
    assert run("send", "4900").exit_code == 0
    assert {request.headers["Authorization"] for request in httpx_mock.get_requests()} == {"Bearer SG.cli"}


def test_an_unknown_outcome_has_an_exit_code_of_its_own(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json=DRAFT, is_reusable=True)
    httpx_mock.add_exception(httpx.ReadTimeout("slow"), method="POST", is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == 5
    assert "it is unknown whether campaign 4900 was sent" in done.stderr


def test_waits_are_announced(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json=DRAFT)
    httpx_mock.add_response(method="POST", status_code=429, headers={"Retry-After": "12"}, is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == 4
    assert len(re.findall(r"^waiting 1[234]\.\d s before the next request", done.stderr, re.M)) == 3
    assert "retry after 12 s" in done.stderr
    httpx_mock.add_response(method="GET", status_code=503, is_reusable=True)
    assert json.loads(run("get", "4900", "--json").stderr)["error"] == "ServerError"  # and nothing of waits


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
    **dict.fromkeys([errors.APIStatusError, errors.BadRequestError, errors.AuthenticationError], 3),
    **dict.fromkeys([errors.PermissionDeniedError, errors.NotFoundError, errors.WrongStateError], 3),
    **dict.fromkeys([errors.NotInDraftError, errors.NotScheduledError, errors.DeleteWouldStopMailError], 3),
    **dict.fromkeys([errors.NotAppliedError, errors.RateLimitError, errors.ServerError], 4),
    **dict.fromkeys([errors.APIConnectionError, errors.InvalidResponseError], 4),
    errors.ConfigurationError: 2,
    errors.OutcomeUnknownError: 5,
}


def test_every_error_has_an_exit_code() -> None:
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SendGridError)
    }
    assert kinds - {errors.SendGridError} == CODES.keys()
    assert {kind: exit_code(kind()) for kind in CODES} == CODES
    assert exit_code(errors.NotAppliedError(temporary=False)) == 3


def test_help(run: Run) -> None:
    shown = run("--help").stdout
    assert "SENDGRID_API_KEY" in shown
    assert "5    unknown: the change may have been made" in shown
    assert "..." not in re.sub(r"\[ARGS\]\.\.\.", "", shown)  # no command's summary is cut
    assert run() == (0, shown, "")
    assert "--sandbox [FILE]" in run("send", "--help").stdout
    assert __version__ in run("--version").stdout


def test_what_the_commands_of_the_docs_do_not_show(kept: Run, tmp_path: Path) -> None:
    html, plain = tmp_path / "newsletter.html", tmp_path / "newsletter.txt"
    html.write_text("<p>Grüße [unsubscribe]</p>", "utf-8")
    plain.write_text("Grüße [unsubscribe]", "utf-8")
    content = ["--html", str(html), "--plain", str(plain)]
    audience = ["--list-id", "110", "--list-id", "124", "--segment-id", "110", "--category", "a", "--category", "b"]
    sender = ["--sender-id", "124451", "--suppression-group-id", "42", "--ip-pool", "marketing"]
    assert "list_ids              110, 124" in kept("create", "--title", "Mine", *content, *audience, *sender).stdout
    assert json.loads(kept("get", "4903", "--json").stdout)["categories"] == ["a", "b"]
    assert json.loads(kept("update", "4903", "--clear", "categories", "--json").stdout)["categories"] is None
    assert kept("check", "4903").exit_code == 3
    assert json.loads(kept("update", "4903", "--subject", "News", "--json").stdout)["html_content"] == html.read_text(
        "utf-8"
    )
    ready = kept("check", "4903", "--json")
    assert (ready.exit_code, json.loads(ready.stdout)["problems"]) == (0, [])
    assert "was sent as a test" in kept("send-test", "4903", "--to", "a@example.com", "--to", "b@example.com").stdout
    scheduled = json.loads(kept("schedule", "4903", "--at", "2099-01-05T10:53+01:00", "--json").stdout)
    assert scheduled["send_at"] == "2099-01-05T09:53:00+00:00"
    assert "2099-01-06T09:53:00+00:00" in kept("reschedule", "4903", "--at", "2099-01-06T10:53+01:00").stdout
    assert kept("get-schedule", "4903").stdout == "2099-01-06T09:53:00+00:00\n"
    assert kept("delete", "4903", "--yes").exit_code == 3
    assert kept("delete", "4903", "--yes", "--stop").stdout == "campaign 4903 was deleted\n"
    assert kept("get-schedule", "4900").stdout == "campaign 4900 is not scheduled\n"


def test_send_once_sends_one_campaign_for_a_key(kept: Run) -> None:
    arguments = ["send-once", "march", "--title", "T", "--subject", "S", "--sender-id", "124451", "--list-id", "110"]
    incomplete = kept(*arguments, "--html", __file__)
    assert incomplete.exit_code == 3
    assert "This call made a draft" in incomplete.stderr
    arguments += ["--suppression-group-id", "42", "--plain", __file__]
    assert [json.loads(kept(*arguments, "--json").stdout)["known_from"] for _ in range(2)] == ["answer", "already"]


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
def test_delete_asks_for_confirmation(kept: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    done = kept("delete", "4900")
    assert "Delete campaign 4900?" in done.stderr
    assert done.exit_code == code


def test_a_locked_file_is_for_later(kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept("get", "4900").exit_code == 0
    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda path, **options: connect(path, **{**options, "timeout": 0}))
    holder = connect(tmp_path / "kept.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = kept("get", "4900")
    holder.close()
    assert done.exit_code == 4
    assert "locked" in done.stderr


def test_a_database_of_another_program_is_not_changed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bookmarks.db"
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE bookmarks (url TEXT)")
    database.close()
    before = file.read_bytes()
    done = run("send", "4900", "--sandbox", str(file))
    assert (done.exit_code, file.read_bytes()) == (2, before)
    assert "a database of something else" in done.stderr


# --- processes: nothing that happens to the output changes the exit code ---

PROGRAM = [sys.executable, "-m", "sendgrid_campaigns"]


def test_the_module_runs_the_command_too() -> None:
    command = [sys.executable, "-m", "sendgrid_campaigns.cli", "--version"]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (0, f"sendgrid-campaigns, version {__version__}\n")


@pytest.mark.parametrize(("campaign_id", "code", "stream"), [("4900", 0, ">&-"), ("1", 3, "2>&-")])
def test_a_full_disk_and_closed_streams(campaign_id: str, code: int, stream: str) -> None:
    command = f"{shlex.join(PROGRAM)} send {campaign_id} --sandbox"
    ways = (">/dev/full 2>/dev/full", stream, ">&- 2>&- <&-")
    started = [subprocess.Popen(["sh", "-c", f"{command} {streams}"]) for streams in ways]  # noqa: S607
    assert [process.wait() for process in started] == [code] * 3


def test_a_terminal_without_the_characters(kept: Run, tmp_path: Path) -> None:
    kept("update", "4900", "--subject", "☀")
    command = [*PROGRAM, "get", "4900", "--sandbox", str(tmp_path / "kept.db")]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, check=False, text=True, capture_output=True, env=environment)
    assert done.returncode == 0
    assert "\\u2600" in done.stdout


@pytest.mark.parametrize(("name", "option"), [("SIGINT", []), ("SIGTERM", ["--json"])])
def test_the_server_stops_on_signals_and_keeps_its_state(
    kept: Run, tmp_path: Path, name: str, option: list[str]
) -> None:
    command = [*PROGRAM, "sandbox", str(tmp_path / "kept.db"), *option]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = json.loads(line)["url"] if option else line.split()[0]
        key = {"Authorization": "Bearer SG.sandbox"}
        assert httpx.post(f"{url}/v3/campaigns/4900/schedules/now", headers=key, trust_env=False).status_code == 201
        server.send_signal(getattr(signal, name))
        output, errors = server.communicate()
    expected = f"{json.dumps({'stopped': url})}\n" if option else "stopped\n"
    assert (server.returncode, output, errors) == (0, expected, "")
    assert kept("send", "4900").exit_code == 3
