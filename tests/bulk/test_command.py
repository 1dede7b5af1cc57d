"""The command `bulk`: what it shows, its questions, its exit codes, and where it stops."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from doubles import cases
from sendgrid_campaigns.bulk import Progress
from sendgrid_campaigns.bulk.terminal import LINE_EVERY, progress_text, shown_progress
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sockets.raw import Service, serve
from test_cli import PROGRAM, Run, on_terminal, run, slow

__all__ = ["run"]  # a fixture


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("jobs.csv").write_text("subuser,account_id,campaign_id\n,,4900\nacme,,4901\n,A123,4902\n")
    return "jobs.csv"


@cases("types code", (b"y\n", 0), (b"n\n", 6))
def test_on_a_terminal(job: str, types: bytes, code: int) -> None:
    done = on_terminal("bulk", job, "--sandbox", "play.db", types=types, columns=100)
    assert done.exit_code == code, done.stdout
    assert "Send 3 mailings to the whole audience, now? [y/N]" in done.stdout
    shown = [text in done.stdout for text in ("3/3", "3 sent\n", "not sent\n")]
    assert shown == ([False, False, True] if code else [True, True, False])
    with Sandbox("play.db") as sandbox:
        assert len(sandbox.mailings()) == (0 if code else 3)
    if not code:  # nothing is left to ask about
        assert on_terminal("bulk", job, "--sandbox", "play.db").stdout == "3 sent\n"


@cases(
    "rows more code",
    (["campaign_id", "4900"], [], 0),
    (["campaign_id", "4900", "1"], [], 3),
    (["campaign_id", "x"], [], 2),
    (["campaign_id", "4900"], ["--journal", "mysql://host/x"], 2),
    (["campaign_id", "4900"], ["--report", "no/folder.html"], 2),
    (["campaign_id", "4900"], ["--report", "report.pdf"], 2),
    (["campaign_id", "4900"], ["--workers", "0"], 2),
)
def test_exit_codes(run: Run, job: str, rows: list[str], more: list[str], code: int) -> None:
    Path(job).write_text("\n".join(rows))
    done = run("bulk", job, "--sandbox", "play.db", *more)
    assert done.exit_code == code, done
    assert "Traceback" not in done.stderr
    with Sandbox("play.db") as sandbox:
        assert len(sandbox.mailings()) == (code in (0, 3))


def test_json(run: Run, job: str) -> None:
    done = run("bulk", job, "--sandbox", "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["job"], said["counts"], done.stderr) == ("jobs.csv", {"sent": 3}, "")
    assert sorted(os.listdir()) == ["jobs.csv"]  # a trial without a file leaves none
    planned = json.loads(run("bulk", job, "--sandbox", "--plan", "--json").stdout)
    assert (planned["rows"], planned["requests"], planned["limit"]) == (3, 3, None)


def test_a_plan_names_the_limit(run: Run, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Sandbox.__init__
    monkeypatch.setattr(Sandbox, "__init__", lambda self, path: made(self, path, knobs=Knobs(rate_limit=2)))
    said = run("bulk", job, "--sandbox", "--plan").stdout
    assert "3 rows are to be sent, by at least 3 requests.\nThe service allows 2 requests in a window" in said
    assert re.search(r"The earliest end is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}, 1 windows from now\.", said)


def test_unknown_rows_are_resolved_and_sent_by_a_person(run: Run, job: str) -> None:
    Path(job).write_text("campaign_id\n4900\n")
    command = ("bulk", job, "--sandbox", "play.db")
    made = Sandbox("play.db")
    made.close()

    def unknown(*more: str) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            client = Sandbox.client
            patch.setattr(Sandbox, "client", lambda self: (self.make_outcome_unknown(effect="none"), client(self))[1])
            patch.setattr(Sandbox, "close", lambda self, **options: None)
            return run(*command, *more)

    done = unknown("--report", "report.csv")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (5, "1 unknown")
    assert "--resolve asks the service once more" in done.stdout
    assert "unknown" in Path("report.csv").read_text()
    for more, code, first in (
        ([], 5, "1 unknown"),
        (["--resolve"], 5, "1 unknown"),
        (["--retry-unknown"], 0, "1 sent"),
    ):
        done = run(*command, *more)
        assert (done.exit_code, done.stdout.splitlines()[0]) == (code, first)


def test_a_signal_lets_the_call_in_flight_end(job: str) -> None:
    Path(job).write_text("campaign_id\n1\n2\n")
    service, began, over = Service(), Event(), Event()
    with serve(slow(service, began, over)) as (url, _):
        command = [*PROGRAM, "bulk", job, "--yes", "--workers", "1", "--base-url", url]
        environment = os.environ | {"SENDGRID_API_KEY": "SG.cli"}
        with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment) as process:
            assert began.wait(60)
            process.send_signal(signal.SIGTERM)
            assert process.stderr
            said = process.stderr.readline()
            over.set()
            output, _ = process.communicate()
    assert said == "stopping: what is in flight is finished first, and the rest stays as it is\n"
    assert (process.returncode, output.splitlines()[0], service.mailed) == (130, "1 sent, 1 todo", [1])


# --- progress ---


def progress(seconds: float = 60.0, **counts: int) -> Progress:
    return Progress(counts, seconds, counts.get("sent", 0), None)  # type: ignore[arg-type]


def test_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(sys.stderr, silent=False) as show:
        for seconds, sent in ((1.0, 5), (LINE_EVERY, 50), (LINE_EVERY + 1, 60), (2 * LINE_EVERY, 99), (60.0, 100)):
            show(progress(seconds, sent=sent, todo=100 - sent, unknown=1))
    assert capsys.readouterr().err == (
        "51 of 101, 1 unknown, 300 a minute\n"
        "100 of 101, 1 unknown, 297 a minute\n"
        "101 of 101, 1 unknown, 100 a minute, waiting to ask what became of it\n"
    )


def test_what_progress_says() -> None:
    waiting = Progress({"sent": 9, "todo": 1, "later": 2}, 60.0, 9, datetime(2027, 1, 15, 8, 0, tzinfo=UTC))
    text = progress_text(waiting)
    assert re.fullmatch(r"9 a minute, waiting for the rate limit until \d\d:\d\d:00, 2 later", text)
