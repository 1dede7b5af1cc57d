"""The command: what it prints, where, and what it ends with."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from pytest_httpx import HTTPXMock

from doubles import DRAFT
from sendgrid_campaigns import __version__, errors
from sendgrid_campaigns.cli import exit_code, main

Run = Callable[..., Result]
NOW = "https://api.sendgrid.com/v3/campaigns/4900/schedules/now"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, with a key in the environment."""
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.cli")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return lambda *arguments: CliRunner().invoke(main, arguments)


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
        (["send", "4900", "--sandbox", "--on-behalf-of", "a", "--account-id", "b"], "give one of them"),
        (["send", "4900", "--sandbox", "/"], "cannot hold a sandbox's state"),
        (["send", "4900", "--base-url", "http://example.com"], "plain http"),
        (["send", "4900", "--api-key", "SG.x"], "No such option"),
        (["sent", "4900"], "No such command"),
    ],
)
def test_what_is_wrong_with_the_command(run: Run, arguments: list[str], text: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert text in done.stderr
    assert "Traceback" not in done.output


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
    httpx_mock.add_response(method="GET", json=DRAFT)
    httpx_mock.add_exception(httpx.ReadTimeout("slow"), method="POST")
    done = run("send", "4900")
    assert done.exit_code == 5
    assert "it is unknown whether campaign 4900 was sent" in done.stderr


def test_waits_are_told(run: Run, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", json=DRAFT)
    httpx_mock.add_response(method="POST", status_code=429, headers={"Retry-After": "12"}, is_reusable=True)
    done = run("send", "4900")
    assert done.exit_code == 4
    assert len(re.findall(r"^waiting 1[23]\.\d s before the next attempt", done.stderr, re.M)) == 3
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
    assert "5  unknown: the campaign may have been sent" in shown
    assert "--sandbox [FILE]" in run("send", "--help").output
    assert __version__ in run("--version").output
