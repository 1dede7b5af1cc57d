"""Test the command on the sandbox, as manage.py runs it."""

import django
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, execute_from_command_line

import cron_job
from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sandbox(sendgrid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    if not settings.configured:
        settings.configure(INSTALLED_APPS=["django_newsletters"])
        django.setup()
    monkeypatch.setattr(cron_job, "CampaignsClient", sendgrid_sandbox.client)
    return sendgrid_sandbox


def test_sent_once(sandbox: Sandbox) -> None:
    for _ in range(2):
        execute_from_command_line(["manage.py", "send_campaign", "4900"])
    assert len(sandbox.mailings()) == 1


def test_the_exit_code_of_a_refusal(sandbox: Sandbox) -> None:
    with pytest.raises(SystemExit) as stopped:
        execute_from_command_line(["manage.py", "send_campaign", "1"])
    assert stopped.value.code == cron_job.REFUSED


def test_no_number(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="invalid int"):
        call_command("send_campaign", "newest")
    assert not sandbox.requests()
