"""Test the exit codes on the sandbox."""

import pytest

import cron_job
from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sandbox(sendgrid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setattr(cron_job, "CampaignsClient", sendgrid_sandbox.client)
    return sendgrid_sandbox


def test_done_however_often_the_job_runs(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert [cron_job.run(4900) for _ in range(2)] == [cron_job.DONE, cron_job.DONE]
    assert capsys.readouterr().out.splitlines()[1] == "campaign 4900: In Progress, known from already"
    assert len(sandbox.mailings()) == 1


def test_unknown_and_then_done(sandbox: Sandbox) -> None:
    sandbox.make_outcome_unknown("send", effect="done")
    assert cron_job.run(4900) == cron_job.UNKNOWN
    sandbox.outage(0)
    assert cron_job.run(4900) == cron_job.DONE
    assert len(sandbox.mailings()) == 1


def test_later(sandbox: Sandbox) -> None:
    sandbox.fault("send", times=4, answer=429)
    assert cron_job.run(4900) == cron_job.LATER


def test_refused(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert cron_job.run(1) == cron_job.REFUSED
    assert "404" in capsys.readouterr().err


def test_no_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    assert cron_job.run(4900) == cron_job.REFUSED
    assert "SENDGRID_API_KEY" in capsys.readouterr().err
