"""Test the tasks on the sandbox, in this process and in a real worker."""

from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

import celery_tasks
from sendgrid_campaigns import NotInDraftError
from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sandbox(sendgrid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    client = sendgrid_sandbox.client()
    monkeypatch.setattr(celery_tasks, "campaigns", lambda: client)
    return sendgrid_sandbox


def test_a_receipt(sandbox: Sandbox) -> None:
    result = celery_tasks.send_campaign.apply((4900,)).get()
    assert (result["id"], result["status"]) == (4900, "Scheduled")


def test_a_temporary_error_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.fault(
        "get", times=5, answer=503
    )  # a call reads up to four times: the first call fails, the second does not
    assert celery_tasks.send_campaign.apply((4900,)).get()["status"] == "Scheduled"


def test_a_refusal_is_not_tried_again(sandbox: Sandbox) -> None:
    celery_tasks.send_campaign.apply((4900,))
    before = len(sandbox.requests())
    with pytest.raises(NotInDraftError):
        celery_tasks.send_campaign.apply((4900,)).get()
    assert len(sandbox.requests()) == before + 1


def test_an_unknown_outcome_is_a_result(sandbox: Sandbox) -> None:
    sandbox.make_outcome_unknown("send", effect="done")
    result = celery_tasks.send_campaign.apply((4900,)).get()
    assert (result["error"], result["may_have_been_applied"]) == ("OutcomeUnknownError", True)
    sandbox.outage(0)
    assert celery_tasks.find_out.apply((result,)).get()["applied"] is True
    assert len(sandbox.mailings()) == 1


def test_a_worker(sendgrid_sandbox: Sandbox, start: Callable[..., None], tmp_path: Path) -> None:
    """The worker forks, and the first task in the new process makes the client."""
    for folder in ("data_in", "control", "results"):
        (tmp_path / folder).mkdir()
    queue = Celery(broker="filesystem://", backend=f"file://{tmp_path}/results", set_as_current=False)
    folders = {"data_folder_in": "data_in", "data_folder_out": "data_in", "control_folder": "control"}
    queue.conf.broker_transport_options = {name: f"{tmp_path}/{folder}" for name, folder in folders.items()}
    result = queue.send_task("celery_tasks.send_campaign", (4900,))
    broker = ("--broker=filesystem://", f"--result-backend=file://{tmp_path}/results")
    flags = ("--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle", "--loglevel=warning")
    start("celery", "--app=celery_tasks", *broker, "worker", *flags)
    assert result.get(timeout=60)["known_from"] == "answer"
    assert len(sendgrid_sandbox.mailings(4900)) == 1
