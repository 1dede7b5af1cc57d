"""A client that is made before a fork works after the fork; results and errors go from process to process."""

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Any

import httpx
import pytest
from celery import Celery

from frameworks.jobs import PATIENCE
from sendgrid_campaigns import OutcomeUnknownError
from sendgrid_campaigns.sandbox import Sandbox

Start = Callable[..., AbstractContextManager[Popen[bytes]]]


def lose_send(sandbox: Sandbox, occurrence: int) -> int:
    """Make a campaign of acme's. Its send will be carried out, its answer lost, and reads will fail afterwards."""
    sandbox.make_outcome_unknown("send", occurrence, effect="done")
    return sandbox.create_campaign(on_behalf_of="acme")


def check_outcome(sandbox: Sandbox, arrived: OutcomeUnknownError, campaign_id: int) -> None:
    """Compare what arrived with the truth, by a client of this process."""
    assert (arrived.campaign_id, arrived.on_behalf_of, arrived.may_have_been_applied) == (campaign_id, "acme", True)
    assert str(arrived).startswith(f"it is unknown whether campaign {campaign_id} was sent: ")
    sandbox.outage(0)
    outcome = sandbox.client().outcome(arrived)
    assert (outcome.id, outcome.action, outcome.applied) == (campaign_id, "sent", True)


def check_receipts(receipts: list[dict[str, Any]], *ids: int) -> None:
    """Each was sent by a process of its own, and each call got an answer to the first request that it made."""
    known = [(each["id"], each["known_from"], len(each["attempts"])) for each in receipts]
    assert known == [(id, "answer", 2) for id in ids]
    assert len({each["process"] for each in receipts}) == len(ids)


# --- gunicorn ---


@pytest.mark.usefixtures("meeting")
def test_gunicorn_with_preload(start: Start, sandbox: Sandbox) -> None:
    ids = [4900, sandbox.create_campaign()]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        bind = f"--bind=fd://{listener.fileno()}"
        command = ("gunicorn", "--preload", "--workers=2", bind, "frameworks.program")
        with (
            start(*command, pass_fds=(listener.fileno(),)),
            httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http,
            ThreadPoolExecutor(2) as pool,
        ):
            receipts = [answer.json() for answer in pool.map(lambda id: http.post(f"/{id}"), ids)]
    check_receipts(receipts, *ids)
    assert sorted(mailing.campaign_id for mailing in sandbox.mailings()) == ids


# --- Celery ---


@pytest.mark.usefixtures("meeting")
def test_a_celery_worker(start: Start, sandbox: Sandbox, tmp_path: Path) -> None:
    for folder in ("queue", "sent", "control", "results"):
        (tmp_path / folder).mkdir()
    folders = {"data_folder_in": "queue", "data_folder_out": "sent", "control_folder": "control"}
    options = {name: f"{tmp_path}/{folder}" for name, folder in folders.items()}
    settings = {
        "broker_url": "filesystem://",
        "broker_transport_options": {**options, "polling_interval": 0.02},
        "result_backend": f"file://{tmp_path}/results",
    }
    app = Celery(set_as_current=False)
    app.conf.update(settings)
    campaign_id, lost_one_arrived = lose_send(sandbox, 3), Event()
    sandbox.act("send", 3, lambda _: lost_one_arrived.set())
    # Messages are in the queue before the worker starts, in this order; results are read after the worker has ended.
    results = []
    for number, arguments in enumerate([(4900, None), (4901, "acme"), (campaign_id, "acme")]):
        results.append(app.send_task("send", arguments))
        (message,) = (tmp_path / "sent").iterdir()
        message.rename(tmp_path / "queue" / f"{number}{message.name}")
    flags = ("--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=warning")
    command = ("celery", "--app=frameworks.program", "worker", *flags)
    with start(*command, CELERY_SETTINGS=json.dumps(settings)) as worker:
        assert lost_one_arrived.wait(PATIENCE)
        worker.terminate()  # it ends what it has begun
        assert worker.wait(PATIENCE) == 0
    check_receipts([result.get(timeout=1) for result in results[:2]], 4900, 4901)
    with pytest.raises(OutcomeUnknownError) as lost:
        results[2].get(timeout=1)
    check_outcome(sandbox, lost.value, campaign_id)
