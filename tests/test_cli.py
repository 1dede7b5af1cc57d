"""Test the command: its output, where the output goes, and its exit code."""

import fcntl
import io
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import httpx
import pytest
from pytest_httpx import HTTPXMock
from rich.cells import cell_len
from sqlalchemy.exc import DatabaseError

from doubles import FORKS, program_on
from sendgrid_campaigns import CampaignsClient, __version__, errors, operations, single_sends
from sendgrid_campaigns.bulk import Job, Progress
from sendgrid_campaigns.bulk.terminal import shown_progress
from sendgrid_campaigns.campaigns import WRITES
from sendgrid_campaigns.cli import OPENED, WORDS, commands, exit_code, in_words, main, visible
from sendgrid_campaigns.cli import single_sends as single_sends_commands
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import SINGLE_SENDS
from sockets.raw import Request, Service, answer, serve

DRAFT = {"id": 4900, "title": "March Newsletter", "status": "Draft"}
DRAFT_ID, OF_ACME, OF_A123 = SINGLE_SENDS
NOW = "https://api.sendgrid.com/v3/campaigns/4900/schedules/now"
KINDS = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SendGridError)}


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
        (["send", "0", "--sandbox"], "ID is 0"),
        (["send", "4900x", "--sandbox"], "not a valid integer"),
        (["send"], "Missing argument 'ID'"),
        (["send", "--sandbox", "4900"], "--sandbox took 4900 as its file"),
        (
            ["send", "4900", "--sandbox", "--on-behalf-of", ""],
            "--on-behalf-of '' is empty\nNo request was made. To act for the key's own account, leave the option out.",
        ),
        (["send", "4900", "--sandbox", "--on-behalf-of", "account-id A1"], "Write --account-id with the id alone."),
        (["send", "4900", "--sandbox", "--account-id", "A 1"], "--account-id 'A 1' holds a space"),
        (["send", "4900", "--sandbox", "--account-id", "A 1"], "the command adds `account-id ` itself"),
        (["update", "4900", "--sandbox"], "there is nothing to change"),
        (["update", "4900", "--sandbox"], "The fields are subject, sender_id"),
        (["schedule", "4900", "--sandbox", "--at", "2001-01-05T10:53Z"], "--at is 2001-01-05T10:53:00+00:00, which is"),
        (["get", "4900", "--base-url", "nowhere"], "--base-url is no http(s) URL with a host"),
        (["send", "4900", "--sandbox", "--on-behalf-of", "a", "--account-id", "b"], "not both."),
        (["send", "4900", "--sandbox", __file__], "cannot keep its state in"),
        (["sandbox", ""], "file name is empty"),
        (["list", "--sandbox", "--all", "--limit", "5"], "--all takes no --limit and no --offset"),
        (["update", "4900", "--sandbox", "--subject", "x", "--clear", "subject"], "the field has a new value as well"),
        (["delete", "4900", "--sandbox"], "no terminal to ask on; pass --yes"),
        (["schedule", "4900", "--sandbox"], "Missing option '--at'"),
        (["schedule", "4900", "--sandbox", "--at", "2099-01-05T10:53"], "is no time with a UTC offset"),
        (["update", "4900", "--sandbox", "--clear", "title"], "the fields to clear are categories"),
        (["update", "4900", "--sandbox", "--html", "/nowhere"], "cannot be read"),
        (["send", "4900", "--base-url", "http://example.com"], "plain http"),
        (["send", "4900", "--api-key", "SG.x"], "No such option"),
        (["send", "4900", "--sandbox", "--check"], "No such option"),
        (["sent", "4900"], "No such command"),
        (["single-sends", "send", "4900", "--sandbox"], "ID is '4900'"),
        (["single-sends", "update", DRAFT_ID, "--sandbox"], "there is nothing to change"),
        (["single-sends", "ensure-sent", DRAFT_ID, "--sandbox", "--within", "30"], "at least 90"),
        (["single-sends", "delete", DRAFT_ID, "--sandbox"], "no terminal to ask on; pass --yes"),
        (["single-sends", "get-schedule", DRAFT_ID], "No such command"),
    ],
)
def test_a_wrong_command_makes_no_request(run: Run, arguments: list[str], text: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    said = json.loads(run(*arguments, "--json").stderr)
    assert said["exit_code"] == 2
    assert text in said["text"]
    assert not PYTHON.search(done.stderr)


PYTHON = re.compile(r"[a-z_]+\((?!s\) URL)|[a-z_]=(?!\d)|base_url|retry_after")
"""What only callers of the Python API know: calls, arguments, facts of errors."""


def test_the_words_of_the_command_line() -> None:
    texts = [*(kind().advice for kind in KINDS), *(write.hint for write in WRITES.values())]
    texts.remove(errors.OutcomeUnknownError().advice)  # every write has a hint of its own
    texts.append(operations.SINGLE_SENDS_ONLY)
    for text in texts:
        assert not PYTHON.search(in_words(text)), in_words(text)
    of_single_sends = [*(write.hint for write in single_sends.WRITES.values()), single_sends.KEY]
    for text in [*texts, *of_single_sends]:
        own = in_words(text, "single send")
        assert not PYTHON.search(own), own
        own_commands = re.findall("`sendgrid-campaigns (single-sends )?(.*?)[ `]", own)
        assert {name in single_sends_commands.commands for prefix, name in own_commands if prefix} <= {True}, own
        assert all(prefix for prefix, _ in own_commands), own
    texts += of_single_sends
    campaigns = Sandbox().client()
    wrong: list[Callable[[], object]] = [
        lambda: campaigns.on_behalf_of(""),
        lambda: campaigns.on_behalf_of("account-id A1"),
        lambda: campaigns.on_behalf_of(account_id="A 1"),
        lambda: campaigns.update(4900),
        lambda: campaigns.get(0),
        lambda: Sandbox().single_sends_client().get("0"),
        lambda: Sandbox().single_sends_client().update(DRAFT_ID),
        lambda: campaigns.schedule(4900, datetime(2001, 1, 5, tzinfo=UTC)),
        lambda: CampaignsClient(),
        lambda: CampaignsClient("SG.cli", base_url="http://elsewhere.example"),
    ]
    for call in wrong:
        with pytest.raises(errors.ConfigurationError) as raised:
            call()
        texts.append(str(raised.value))
    texts += [
        'lists={"110": "<uuid>"}',
        'segments={"110": "<uuid>"}',
        "plan.apply()",
    ]  # of plans: tests/moving
    assert [python for python, _ in WORDS if not any(python in text for text in texts)] == []


def test_an_error_names_commands(kept: Run, httpx_mock: HTTPXMock, run: Run) -> None:
    assert "`sendgrid-campaigns unschedule ID` gives a Draft" in (
        kept("send", "4900").stdout + kept("send", "4900").stderr
    )
    assert "To stop its mail: `sendgrid-campaigns delete ID --stop`." in kept("delete", "4900", "--yes").stderr
    assert "is seen only with --on-behalf-of or --account-id." in kept("get", "4901").stderr
    httpx_mock.add_response(method="GET", json=DRAFT, is_reusable=True)
    httpx_mock.add_exception(httpx.ReadTimeout("slow"), method="POST", is_reusable=True)
    assert "`sendgrid-campaigns outcome ID` tells, now or later." in run("send", "4900").stderr
    said = json.loads(run("send", "4900", "--json").stderr)
    assert "`sendgrid-campaigns outcome ID`" in said["text"]
    assert said["advice"] in said["text"]


def test_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY")
    assert run("send", "4900").stderr.endswith("No request was made. Set SENDGRID_API_KEY.\n")


def test_the_base_url_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock) -> None:
    monkeypatch.setenv("SENDGRID_CAMPAIGNS_BASE_URL", "https://eu.example.com")
    httpx_mock.add_response(url="https://eu.example.com/v3/campaigns/4900", json=DRAFT)
    httpx_mock.add_response(url="https://us.example.com/v3/campaigns/4900", json=DRAFT)
    assert run("get", "4900").exit_code == 0
    assert run("get", "4900", "--base-url", "https://us.example.com").exit_code == 0


def test_the_server_needs_an_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "sendgrid_campaigns.sandbox.server", raising=False)
    done = run("sandbox")
    assert done.exit_code == 2
    assert done.stderr.endswith("pip install 'sendgrid-campaigns[sandbox]'\n")


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
    assert KINDS - {errors.SendGridError} == CODES.keys()
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


NAMES = [None, *commands.commands, *(f"single-sends {name}" for name in single_sends_commands.commands)]


@pytest.mark.parametrize("name", NAMES)
def test_two_examples_in_every_help(
    run: Run, name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("march.html").write_text("<p>")
    Path("jobs.csv").write_text("campaign_id\n4900\n")
    Path("segments.json").write_text("{}")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Hello")))
    shown = run(*(name or "").split(), "--help").stdout.replace("\\\n", "")
    examples = re.findall(r"^    sendgrid-campaigns (.*?)(?: <march.txt)?$", shown, re.M)
    assert len(examples) == 2
    for example in examples:
        assert example.startswith(name or "")
        words = shlex.split(example)
        command: click.Command = commands
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        command.make_context("", words)  # raises for what the command does not take


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


def test_the_commands_of_single_sends(kept: Run, tmp_path: Path) -> None:
    def data(*arguments: str, code: int = 0) -> Any:
        done = kept("single-sends", *arguments, "--json")
        assert done.exit_code == code, done
        return json.loads(done.stdout or done.stderr)

    def said(*arguments: str) -> str:
        return kept("single-sends", *arguments).stdout

    html = tmp_path / "march.html"
    html.write_text("<p>March {{{unsubscribe}}}")
    made = data("create", "--name", "Mine", "--html", str(html), "--subject", "Spring", "--category", "a")
    assert data("get", made["id"]) == made
    assert [each["field"] for each in data("check", made["id"], code=3)["problems"]] == [
        *("sender_id", "list_ids", "suppression_group_id")
    ]
    audience = ["--sender-id", "124451", "--suppression-group-id", "42", "--all", "--keep-plain"]
    changed = data("update", made["id"], "--plain", str(html), *audience)
    assert (changed["send_to"]["all"], changed["email_config"]["plain_content"]) == (True, html.read_text())
    assert "\nall                     False\n" in said("update", made["id"], "--not-all")
    twin = data("duplicate", DRAFT_ID, "--name", "Twin")["id"]
    assert data("check", twin) == {"ready": True, "problems": []}
    scheduled = data("schedule", twin, "--at", "2099-01-05T10:53+01:00")
    assert (scheduled["status"], scheduled["send_at"]) == ("scheduled", "2099-01-05T09:53:00+00:00")
    assert said("list", "--status", "scheduled", "--status", "triggered").splitlines() == [
        f"{'ID':<36}  STATUS     SEND AT               NAME",
        f"{twin}  scheduled  2099-01-05T09:53:00Z  Twin",
    ]
    assert kept("single-sends", "delete", twin, "--yes").exit_code == 3
    assert said("unschedule", twin) == f"single send {twin} was unscheduled\n"
    assert said("delete", twin, "--yes") == f"single send {twin} was deleted\n"
    assert [one["name"] for one in data("list", "--category", "a", "--name", "mine")] == ["Mine"]
    assert len(data("list", "--most", "1")) == 1
    assert said("categories") == "a\nspring line\n"

    assert said("stats", DRAFT_ID) == f"single send {DRAFT_ID} has no counts yet\n"
    assert data("outcome", DRAFT_ID, code=5)["applied"] is None
    assert data("send", DRAFT_ID)["known_from"] == "answer"
    again = data("send", DRAFT_ID, code=3)
    assert "`sendgrid-campaigns single-sends unschedule ID` gives a Draft" in again["text"]
    assert said("outcome", DRAFT_ID).splitlines()[2:4] == ["applied  True", "status   triggered"]
    assert [data("ensure-sent", OF_ACME, "--on-behalf-of", "acme")["known_from"] for _ in range(2)] == [
        *("answer", "already")
    ]
    assert data("ensure-sent", OF_A123, "--account-id", "A123", "--within", "600")["status"] == "scheduled"
    once = ["send-once", "march", "--name", "March", "--subject", "S", "--html", str(html), *audience]
    assert [data(*once)["known_from"] for _ in range(2)] == ["answer", "already"]
    with Sandbox(tmp_path / "kept.db") as sandbox:
        sandbox.advance(900)
        assert sorted(mailing.account or "" for mailing in sandbox.mailings()) == ["", "", "account-id A123", "acme"]
    assert "\ndelivered          1630\n" in said("stats", DRAFT_ID)


def test_an_unknown_send_of_a_single_send(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json={"id": DRAFT_ID, "status": "draft"}, is_reusable=True)
    httpx_mock.add_exception(httpx.ReadTimeout("slow"), method="PUT")
    done = run("single-sends", "send", DRAFT_ID)
    assert done.exit_code == 5
    assert "`sendgrid-campaigns single-sends outcome ID` tells, now or later." in done.stderr
    assert "use `sendgrid-campaigns single-sends ensure-sent ID`" in done.stderr
    httpx_mock.add_exception(KeyboardInterrupt(), method="PUT")
    interrupted = run("single-sends", "send", DRAFT_ID)
    assert interrupted.exit_code == 5
    assert "`sendgrid-campaigns single-sends outcome ID` tells" in interrupted.stderr


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


def test_content_from_standard_input(kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(content: bytes, *arguments: str) -> Ended:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        return kept(*arguments)

    file = tmp_path / "newsletter.txt"
    file.write_bytes("\ufeffGrüße\n".encode())  # as Windows programs write
    made = given("\ufeff<p>Grüße".encode(), "create", "--title", "T", "--html", "-", "--plain", str(file), "--json")
    assert [json.loads(made.stdout)[name] for name in ("html_content", "plain_content")] == ["<p>Grüße", "Grüße\n"]
    assert "plain_content         Hello" in given(b"Hello", "update", "4900", "--plain", "-").stdout
    for content, options, text in (
        (b"Hello", ["--html", "-", "--plain", "-"], "Standard input can be read once"),
        (b"", ["--html", "-"], "Standard input is empty"),
        (b"\xff", ["--html", "-"], "- cannot be read"),
    ):
        done = given(content, "create", "--title", "T", *options)
        assert (done.exit_code, text in done.stderr) == (2, True), done


def test_reading_that_does_not_tell(kept: Run) -> None:
    done = kept("outcome", "4900")
    assert (done.exit_code, done.stdout.splitlines()[2:4]) == (5, ["applied  unknown", "status   Draft"])
    assert json.loads(kept("outcome", "4900", "--json").stdout)["applied"] is None


# --- texts of other people ---

CLEARS = "March\x1b[2J\x1b]52;c;cm0K\x07\ncampaign 4900 was sent\x9b2J\u2028[bold]x[/bold]\u202e👩\u200d🚀"
ESCAPED = r"March\x1b[2J\x1b]52;c;cm0K\x07\ncampaign 4900 was sent\x9b2J\u2028[bold]x[/bold]\u202e👩" + "\u200d🚀"
OBEYED = re.compile(r"[^\n -~\xa0-\u2027\u2030-\U0010ffff]")


def test_a_text_of_a_tenant_is_one_line_and_commands_no_terminal(kept: Run) -> None:
    assert visible(CLEARS) == ESCAPED
    kept("update", "4900", "--title", CLEARS, "--subject", CLEARS)
    assert kept("list").stdout.splitlines()[1] == f"4900  Draft   {ESCAPED}  {ESCAPED}"
    assert f"\ntitle                 {ESCAPED}\n" in kept("get", "4900").stdout
    assert json.loads(kept("get", "4900", "--json").stdout)["title"] == CLEARS


def test_a_text_of_the_service_is_one_line_too(run: Run, httpx_mock: HTTPXMock, tmp_path: Path) -> None:
    said = {"errors": [{"message": CLEARS, "field": CLEARS}, {"message": CLEARS}], "id": CLEARS}
    httpx_mock.add_response(status_code=400, json=said)
    httpx_mock.add_response(json=DRAFT | {"status": CLEARS}, is_reusable=True)
    shown = [run("get", "4900").stderr, run("send", "4900").stderr, run("check", "4900").stdout]
    file = str(tmp_path / f"a{CLEARS.replace('/', '')}")
    shown += [run("get", "4900", "--sandbox", f"{file}/b").stderr, run("create", "--title", "T", "--html", file).stderr]
    for text in shown:
        assert r"\x1b[2J" in text
        assert not OBEYED.search(text), text
        assert "\ncampaign 4900 was sent" not in text


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


@pytest.mark.parametrize("module", ["sendgrid_campaigns", "sendgrid_campaigns.cli"])
def test_the_modules_run_the_command_too(run: Run, module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module], check=False, text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, run("--help").stdout, "")


def test_completion() -> None:
    words = {"COMP_WORDS": "sendgrid-campaigns send-", "COMP_CWORD": "1"}
    environment = os.environ | {"_SENDGRID_CAMPAIGNS_COMPLETE": "bash_complete"} | words
    done = subprocess.run(PROGRAM, check=False, text=True, capture_output=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "plain,send-once\nplain,send-test\n")


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


@pytest.mark.parametrize(
    ("name", "option", "warned"),
    [("SIGINT", [], ""), ("SIGTERM", ["--json"], ""), ("SIGINT", ["--host", "0.0.0.0"], OPENED + "\n")],  # noqa: S104
)
def test_the_server_logs_requests_stops_on_signals_and_keeps_its_state(
    kept: Run, tmp_path: Path, name: str, option: list[str], warned: str
) -> None:
    command = [*PROGRAM, "sandbox", str(tmp_path / "kept.db"), *option]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = json.loads(line)["url"] if "--json" in option else line.split()[0]
        key = {"Authorization": "Bearer SG.sandbox"}
        assert httpx.post(f"{url}/v3/campaigns/4900/schedules/now", headers=key, trust_env=False).status_code == 201
        more = {**key, "on-behalf-of": b"\xff\x9bm"}
        assert httpx.get(f"{url}/v3/campaigns", headers=more, trust_env=False).status_code == 401
        # A plan that no request has met is no fault of the command.
        plan = {"operation": "send", "ending": "reset"}
        assert httpx.post(f"{url}/_sandbox/fault", json=plan, trust_env=False).status_code == 200
        server.send_signal(getattr(signal, name))
        output, errors = server.communicate()
    expected = f"{json.dumps({'stopped': url})}\n" if "--json" in option else "stopped\n"
    assert (server.returncode, output) == (0, expected)
    lines = [
        "POST /v3/campaigns/4900/schedules/now - 201",
        "GET /v3/campaigns ÿ\\x9bm 401",
        "POST /_sandbox/fault - 200",
    ]
    assert re.sub(r"^\d\d:\d\d:\d\d ", "", errors, flags=re.M) == warned + "".join(f"{line}\n" for line in lines)
    assert kept("send", "4900").exit_code == 3


def slow(service: Service, began: threading.Event, over: threading.Event) -> Callable[[socket.socket, Request], None]:
    """A service that carries a send out at once, and answers when the test is over."""

    def handle(connection: socket.socket, request: Request) -> None:
        whole = service.answer(request)
        if request.method == "POST":
            began.set()
            over.wait(60)
        connection.sendall(whole)

    return handle


SIGNALLED = """
import os, signal
from sendgrid_campaigns import cli
from sendgrid_campaigns.protocol import change
def signalled(*arguments, **options):
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    return before(*arguments, **options)
before, {place} = {place}, signalled
cli.main()
"""
"""A program that gets two signals when it comes to a place."""
WHILE_NOTING = SIGNALLED.format(place="change.Change.unknown")


@pytest.mark.parametrize(
    ("program", "signals"),
    [
        (PROGRAM, [signal.SIGINT, signal.SIGINT, signal.SIGTERM]),
        ([sys.executable, "-c", WHILE_NOTING], [signal.SIGINT]),
        ([sys.executable, "-c", WHILE_NOTING], [signal.SIGTERM]),
    ],
)
def test_a_second_signal_leaves_the_exit_code(program: list[str], signals: list[signal.Signals]) -> None:
    service, began, over = Service(), threading.Event(), threading.Event()
    with serve(slow(service, began, over)) as (url, _):
        environment = os.environ | {"SENDGRID_API_KEY": "SG.cli"}
        command = [*program, "send", "1", "--base-url", url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            began.wait(60)
            for number in signals:
                process.send_signal(number)
            _, said = process.communicate()
        over.set()
    assert (process.returncode, service.mailed) == (5, [1])
    assert "it is unknown whether campaign 1 was sent" in said
    assert "`sendgrid-campaigns outcome ID`" in said
    assert said.count("unknown whether") == 1


@pytest.mark.parametrize(
    ("place", "campaign_id", "code"),
    [
        ("cli.CampaignsClient.close", "4900", 0),  # the call has returned
        ("cli.CampaignsClient.close", "1", 3),
        ("cli._write", "4900", 0),
        ("cli._write", "1", 3),
        ("cli._write", "0", 2),
        ("cli._write", "4900x", 2),
        ("cli._facts", "4900", 5),  # sent, and nobody can tell any more what the answer was
        ("cli.CampaignsClient.send", "4900", 130),
    ],
)
def test_a_signal_after_the_call_leaves_the_exit_code(place: str, campaign_id: str, code: int) -> None:
    done = on_terminal("send", campaign_id, "--yes", "--sandbox", program=SIGNALLED.format(place=place), columns=200)
    assert done.exit_code == code, done
    assert ("interrupted after POST" in done.stdout) is (code == 5)


def test_a_job_in_the_background_ignores_ctrl_c() -> None:
    program = SIGNALLED.format(place="cli.CampaignsClient.send").replace("SIGTERM", "SIGINT")
    program = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{program}"
    done = subprocess.run([sys.executable, "-c", program, "send", "4900", "--sandbox"], check=False)
    assert done.returncode == 0


# --- a terminal ---


def on_terminal(
    *arguments: str,
    types: bytes | signal.Signals = b"n\n",
    columns: int = 80,
    program: list[str] | str = "from sendgrid_campaigns import cli; cli.main()",
    **more: str,
) -> Ended:
    """Run the command on a terminal.

    types: what the user does at a question. program: a text runs in a fork, for a new Python takes most of the time.
    more: of the environment.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    hidden = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"SENDGRID_API_KEY": "SG.cli", "TERM": "xterm-256color", "PYTHONUTF8": "1", **more}
    if isinstance(program, list):
        started = subprocess.Popen([*program, *arguments], stdin=its, stdout=its, stderr=its, env=environment)
        ended, pid = started.poll, started.pid
    else:
        fork = FORKS.Process(target=program_on, args=(os.ttyname(its), program, arguments, environment))
        fork.start()
        ended, pid = lambda: fork.exitcode, fork.pid or 0
    shown = b""
    while (code := ended()) is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.05)[0]:
            asked, shown = b"[y/N]" in shown, shown + os.read(ours, 65_536)
            if not asked and b"[y/N]" in shown and isinstance(types, bytes):
                os.write(ours, types)
        elif b"[y/N]" in shown and not isinstance(types, bytes):
            # A signal just before the program reads would wait for the end of that read: hence another one.
            os.kill(pid, types)
    os.close(its)
    os.close(ours)
    return Ended(code, shown.decode().replace("\r\n", "\n"), "")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with a sandbox, whose campaign 4900 has a hostile title."""
    with Sandbox(tmp_path / "kept.db") as sandbox:
        sandbox.client().update(4900, title=CLEARS)
    return str(tmp_path / "kept.db")


@pytest.mark.parametrize(
    ("command", "types", "columns", "code"),
    [
        ("send", b"y\n", 40, 0),
        ("send", b"n\n", 200, 6),
        ("send", signal.SIGINT, 40, 130),
        ("ensure-sent", b"\x04", 40, 6),
        ("ensure-sent", b"Yes\n", 200, 0),
    ],
)
def test_a_send_on_a_terminal_asks(
    file: str, command: str, types: bytes | signal.Signals, columns: int, code: int
) -> None:
    done = on_terminal(command, "4900", "--sandbox", file, types=types, columns=columns, program=PROGRAM)
    assert done.exit_code == code, done.stdout
    question, _, after = done.stdout.partition("Send this campaign to its whole audience, now? [y/N]")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", question)
    assert not OBEYED.search(plain)
    assert {cell_len(line) for line in plain.splitlines()[:-1]} <= {*range(columns + 1)}
    joined = re.sub(r"\s+", "", plain)
    assert re.sub(r"\s+", "", f"title{ESCAPED}") in joined
    for fact in ("statusDraft", "subjectNewProductsforSpring!", "list_ids110,124", "segment_ids110"):
        assert fact in joined
    assert ("not sent" in after, "interrupted" in after, "known_from" in after) == (code == 6, code == 130, code == 0)
    with Sandbox(file) as sandbox:
        assert len(sandbox.mailings(4900)) == (code == 0)


@pytest.mark.parametrize(("types", "code"), [(b"yes\n", 0), (b"\n", 6)])
def test_a_delete_on_a_terminal_asks(file: str, types: bytes, code: int) -> None:
    done = on_terminal("delete", "4900", "--sandbox", file, types=types)
    assert done.exit_code == code
    assert ("not deleted\n" in done.stdout) is (code == 6)
    with Sandbox(file) as sandbox:
        assert (4900 in [each.id for each in sandbox.client().list()]) is (code == 6)


@pytest.mark.parametrize("command", ["send", "ensure-sent", "delete"])
def test_yes_asks_nothing(file: str, command: str) -> None:
    done = on_terminal(command, "4900", "--yes", "--sandbox", file)
    assert (done.exit_code, "[y/N]" in done.stdout) == (0, False)


def test_no_in_json(file: str) -> None:
    done = on_terminal("send", "4900", "--json", "--sandbox", file, types=b"n\n")
    said: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert said == {"error": "Declined", "text": "not sent", "exit_code": 6}


@pytest.mark.parametrize("command", ["send", "ensure-sent"])
def test_without_a_terminal_a_send_asks_nothing(kept: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    done = kept(command, "4900")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(("columns", "more"), [(40, {}), (200, {}), (200, {"NO_COLOR": "1"}), (40, {"TERM": "dumb"})])
def test_a_table_on_a_terminal(file: str, columns: int, more: dict[str, str]) -> None:
    done = on_terminal("list", "--sandbox", file, columns=columns, **more)
    assert ("\x1b[36m" in done.stdout) is (not more)
    head, line, row, *rest = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).splitlines()
    assert (head.split(), rest) == (["ID", "STATUS", "TITLE", "SUBJECT"], [])
    assert set(line) == {"─"}
    width = 80 if more.get("TERM") == "dumb" else columns  # rich does not ask a dumb terminal
    assert cell_len(row.rstrip()) <= width
    assert re.match(r"4900 +Draft +March", row)
    assert ("…" in row) is (width < 200)
    assert not OBEYED.search(row)


def test_progress(file: str, run: Run) -> None:
    with Sandbox(file) as sandbox:
        for _ in range(100):
            sandbox.create_campaign()
    done = run("list", "--all", "--sandbox", file)
    assert (done.exit_code, done.stderr) == (0, "read 100 campaigns ...\n")
    assert len(done.stdout.splitlines()) == 102
    done = on_terminal("list", "--all", "--sandbox", file)
    assert "read 100 campaigns ..." in done.stdout
    assert "read 100 campaigns" not in on_terminal("list", "--all", "--json", "--sandbox", file).stdout


def test_a_wait_on_a_terminal() -> None:
    def handle(connection: socket.socket, request: Request) -> None:
        connection.sendall(answer(503))

    program = "import time; time.sleep = lambda _: None; from sendgrid_campaigns import cli; cli.main()"
    with serve(handle) as (url, _):
        done = on_terminal("get", "1", "--base-url", url, program=program)
    assert done.exit_code == 4
    assert re.search(r"[-\\|/]\x1b\[0m waiting [012]\.\d s before the next request \.\.\.\n", done.stdout)
    assert re.search(r"^(\x1b\[\??[0-9]+[A-Za-z]|\r)*ServerError: campaign 1 was not read", done.stdout, re.M)


# --- many sends ---


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of one row, in the present folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text("campaign_id\n4900\n")
    return tmp_path / "jobs.csv"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--report", "gone/report.html"], "the report's folder 'gone' is not there"),
        (["--report", "folder.csv"], "the report 'folder.csv' is a folder"),
        (["--report", "jobs.csv"], "The report would replace jobs.csv"),
        (["--journal", "journal.csv", "--report", "journal.csv"], "The report would replace journal.csv"),
        (["--journal", ""], "The journal's name is empty"),
        (["--journal", "folder.csv"], "The journal folder.csv cannot be used: unable to open database file\nThis run"),
        (["--journal", "gone/journal"], "The journal gone/journal cannot be used: unable to open database file\n"),
        (
            ["--journal", "jobs.csv"],
            "The journal jobs.csv cannot be used: file is not a database\nThis run sent nothing",
        ),
        (["--resolve", "--retry-unknown"], "one of them at a time"),
        (["--plan", "--retry-refused"], "one of them at a time"),
    ],
)
def test_what_is_wrong_is_said_before_a_job_begins(
    kept: Run, rows: Path, tmp_path: Path, arguments: list[str], text: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    done = kept("bulk", "jobs.csv", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    assert rows.read_text() == "campaign_id\n4900\n"
    with Sandbox(tmp_path / "kept.db") as sandbox:
        assert not sandbox.mailings()


def test_a_report_is_in_words_of_the_command_line(kept: Run, rows: Path) -> None:
    rows.write_text(f"single_send_id\n{OF_ACME}\n{DRAFT_ID}\n")
    assert kept("bulk", "jobs.csv", "--report", "report.csv").exit_code == 3
    assert "is seen only with --on-behalf-of or --account-id." in rows.with_name("report.csv").read_text()


def test_a_report_that_fails_hides_no_send(kept: Run, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sendgrid_campaigns.bulk.report._csv", lambda *given: (_ for _ in ()).throw(OSError("full")))
    done = kept("bulk", "jobs.csv", "--report", "report.csv")
    assert done == (0, "1 sent\n", "the report was not written: full\n")


def test_a_journal_that_fails_meanwhile(kept: Run, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(*given: object) -> None:
        raise DatabaseError(None, None, sqlite3.OperationalError("disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("sendgrid_campaigns.bulk.journal.Job.finish", finish)
        done = kept("bulk", "jobs.csv", "--journal", "first")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "The journal failed: disk is full\nCampaigns may have been sent that it does not know." in done.stderr
    assert kept("bulk", "jobs.csv", "--journal", "second") == (0, "1 already\n", "")


@pytest.mark.parametrize("types", [b"n\n", b"y\n"])
def test_a_no_leaves_an_unknown_row_unknown(rows: Path, types: bytes) -> None:
    file = str(rows.with_name("kept.db"))
    with Job.load(rows, "journal") as job:
        row = job.claim(0)
        assert row
        job.finish(row, "unknown", errors.OutcomeUnknownError(action="sent", campaign_id=4900, cause="no answer"))
    options = ["--journal", str(rows.with_name("journal")), "--retry-unknown", "--sandbox", file]
    done = on_terminal("bulk", str(rows), *options, types=types)
    assert "Send 1 mailing to the whole audience, now?" in done.stdout
    sent = types == b"y\n"
    assert done.exit_code == (0 if sent else 6)
    with Job.load(rows, "journal") as job:
        assert job.counts() == {"sent" if sent else "unknown": 1}


def test_progress_is_shown_while_a_row_is_unknown() -> None:
    stream = io.StringIO()
    with shown_progress(stream, silent=False) as show:
        show(Progress({"sent": 1, "unknown": 1}, 11.0, 1, None))
        show(Progress({"sent": 2}, 30.0, 2, None))
    assert stream.getvalue() == "2 of 2, 1 unknown, 5 a minute, waiting to ask what became of it\n"
