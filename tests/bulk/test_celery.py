"""A job's rows as Celery tasks: a real worker on a broker in memory. Real brokers and killed workers: `make bulk`."""

import json
import logging
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from sendgrid_campaigns import CampaignsClient, ConfigurationError
from sendgrid_campaigns.bulk import Job, Journal
from sendgrid_campaigns.bulk.celery import Tasks, register
from sendgrid_campaigns.sandbox import Sandbox

KEY = "SG.of-the-workers"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.add_key(KEY)
        yield sandbox


@pytest.fixture
def app() -> Celery:
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.update(beat_schedule={"own": {"task": "own", "schedule": 1.0}}, worker_hijack_root_logger=False)
    return app


@pytest.fixture
def clients() -> list[CampaignsClient]:
    return []


@pytest.fixture
def tasks(app: Celery, sandbox: Sandbox, tmp_path: Path, clients: list[CampaignsClient]) -> Iterator[Tasks]:
    def client() -> CampaignsClient:
        clients.append(sandbox.client(KEY))
        return clients[-1]

    tasks = register(app, str(tmp_path / "journal"), client=client)
    yield tasks
    tasks._journal().close()


@pytest.fixture
def file(sandbox: Sandbox, tmp_path: Path) -> Path:
    rows = [4900, *(sandbox.create_campaign() for _ in range(20))]
    path = tmp_path / "jobs.csv"
    path.write_text("subuser,campaign_id\nacme,4901\n" + "".join(f",{row}\n" for row in rows))
    return path


def messages(app: Celery, most: int = 100) -> list[Any]:
    with app.connection_for_read() as connection:
        queue: Any = connection.SimpleQueue("celery")
        found = list[Any]()
        while queue.qsize() and len(found) < most:
            message = queue.get_nowait()
            message.ack()
            found.append(message)
        return found


def mailed(sandbox: Sandbox) -> Counter[int]:
    return Counter(mailing.campaign_id for mailing in sandbox.mailings())


@pytest.fixture(autouse=True)
def nothing_of_other_tests(app: Celery) -> Iterator[None]:
    messages(app)  # the broker in memory is one for the process
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.setLevel(before[0])  # a worker sets up logging
    root.handlers[:] = before[1]


def test_a_job(app: Celery, tasks: Tasks, file: Path, sandbox: Sandbox, clients: list[CampaignsClient]) -> None:
    sent = Event()
    sandbox.act("send", 22, lambda _: sent.set(), when="after")
    assert (tasks.start(file), tasks.start(file), clients) == (22, 0, [])
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="error"):
        assert sent.wait(60)
    assert set(mailed(sandbox).values()) == {1}
    assert (tasks.status("jobs.csv"), len(clients)) == ({"sent": 22}, 1)


def test_a_message_names_a_row_and_holds_nothing_else(app: Celery, tasks: Tasks, file: Path) -> None:
    tasks.start(file)
    found = messages(app)
    assert len(found) == 22
    (arguments, named, _) = json.loads(found[0].body)
    assert (arguments, named) == (["jobs.csv", "acme", "4901"], {})
    assert found[0].content_type == "application/json"
    assert KEY not in repr([vars(message) for message in found])


def test_a_message_that_comes_twice(tasks: Tasks, file: Path, sandbox: Sandbox) -> None:
    tasks.start(file)
    message = ("jobs.csv", "acme", "4901")
    assert (tasks.send_row(*message), tasks.send_row(*message)) == ("sent", None)
    assert (tasks.send_row("jobs.csv", "", "77"), mailed(sandbox)) == (None, {4901: 1})


@pytest.mark.parametrize(
    ("lost_after", "settled", "left", "again"),
    [(900, 10, 0, 0), (0.001, 10, 0, 22), (900, 0, 0, 22), (900, 0, 10, 22), (900, 0, 11, 0)],
)
def test_messages_that_are_lost_come_again(
    app: Celery, tasks: Tasks, file: Path, monkeypatch: pytest.MonkeyPatch,
    lost_after: float, settled: float, left: int, again: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("sendgrid_campaigns.bulk.celery.SETTLED", settled)
    tasks._lost_after = lost_after
    assert (tasks.start(file), len(messages(app, 22 - left))) == (22, 22 - left)  # the broker loses these
    assert (tasks.revive(), len(messages(app))) == (again, again + left)


def test_messages_are_counted_in_the_queue_of_the_task(app: Celery, tasks: Tasks, file: Path) -> None:
    app.conf.task_routes = {"sendgrid_campaigns.send_row": {"queue": "own"}}
    assert (tasks._waiting(), tasks.start(file), tasks._waiting()) == (0, 22, 22)  # the queue is not there before


def test_a_queue_that_is_not_known(app: Celery, tasks: Tasks) -> None:
    app.conf.task_routes = {"sendgrid_campaigns.send_row": {"exchange": "own", "routing_key": "own"}}
    assert tasks._waiting() == math.inf


def test_a_row_is_claimed_when_the_limit_allows_its_request(
    app: Celery, tasks: Tasks, file: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(rate_limit=10, rate_window=60)
    clock, waits = tasks._client()._session.clock, list[Any]()
    sleep = clock.sleep

    def note(seconds: float) -> None:
        waits.append(tasks.status("jobs.csv"))
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", note)
    tasks.start(file)
    for message in messages(app):
        tasks.send_row(*json.loads(message.body)[0])
    assert waits
    assert all("doing" not in counts for counts in waits)
    assert 429 not in {request.status_code for request in sandbox.requests()}
    assert tasks.status("jobs.csv") == {"sent": 22}


def test_what_is_for_a_person(app: Celery, tasks: Tasks, file: Path, sandbox: Sandbox) -> None:
    tasks.start(file)
    file.write_text("campaign_id\n1\n")
    tasks.start(file, name="another")
    assert tasks.send_row("another", "", "1") == "refused"
    messages(app)
    assert (tasks.status("another"), tasks.retry("another", "refused"), len(messages(app))) == ({"refused": 1}, 1, 1)
    assert tasks.send_row("another", "", "1") == "refused"


def test_the_settings(app: Celery, tasks: Tasks, tmp_path: Path) -> None:
    task = tasks.send_row
    assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result, task.serializer) == (
        True,
        True,
        True,
        "json",
    )
    assert getattr(task, "autoretry_for", ()) == ()
    assert app.conf.beat_schedule.keys() == {"own", "sendgrid_campaigns.revive"}
    assert app.conf.beat_schedule["sendgrid_campaigns.revive"]["task"] in app.tasks
    for wrong, lost_after in (("app", 1.0), (app, 0)):
        with pytest.raises(ConfigurationError):
            register(wrong, "journal", lost_after=lost_after)


def test_a_job_of_the_sandbox_is_not_sent_for_real(tasks: Tasks, file: Path, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        Job.load(file, journal).bind("api.sendgrid.com")
    with pytest.raises(ConfigurationError, match="is one of api"):
        tasks.send_row("jobs.csv", "acme", "4901")
