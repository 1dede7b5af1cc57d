"""The project on a broker in memory, with a real worker and the sandbox in place of SendGrid."""

import runpy
from pathlib import Path
from threading import Event

import pytest
from celery.contrib.testing.worker import start_worker

from sendgrid_campaigns.sandbox import Sandbox

PROGRAM = str(Path(__file__).with_name("mailing.py"))


def test_a_job(
    sendgrid_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILING_BROKER", "memory://")
    monkeypatch.setenv("MAILING_JOURNAL", str(tmp_path / "mailing.journal"))
    jobs = tmp_path / "jobs.csv"
    jobs.write_text("subuser,campaign_id\n,4900\nacme,4901\n")
    sent = Event()
    sendgrid_sandbox.act("send", 2, lambda _: sent.set(), when="after")
    monkeypatch.setattr("sys.argv", ["mailing.py", str(jobs)])
    program = runpy.run_path(PROGRAM, run_name="__main__")
    with start_worker(program["app"], pool="solo", perform_ping_check=False, loglevel="warning"):
        assert sent.wait(60)
    runpy.run_path(PROGRAM, run_name="__main__")
    assert [mailing.campaign_id for mailing in sendgrid_sandbox.mailings()] == [4900, 4901]
    assert capsys.readouterr().out == (
        "2 messages were made; now: {'todo': 2}\n0 messages were made; now: {'sent': 2}\n"
    )
