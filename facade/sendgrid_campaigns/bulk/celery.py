"""Send a job's rows as Celery tasks, on as many machines as there are workers.

from celery import Celery
from sendgrid_campaigns.bulk.celery import register

app = Celery(broker="redis://broker/0")
mail = register(app, journal="postgresql://mail@database/mail")

mail.start("jobs.csv")  # in a program of yours; the workers read SENDGRID_API_KEY from their environment

A message names a row and holds nothing else: no key, no content. A message that comes twice is harmless, for the row
says what was done. A message that is lost comes again: `revive`, which Celery beat runs each minute, makes messages for
rows that are due and have none. A row is claimed once the rate limit allows its request: a worker that dies while it
waits holds no row. Needs the extra `celery`.
"""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.bulk.journal import Job, Journal
from sendgrid_campaigns.bulk.rows import State
from sendgrid_campaigns.bulk.worker import Throttle
from sendgrid_campaigns.config import check, check_seconds
from sendgrid_campaigns.errors import shown

# pyright: reportPrivateUsage=false

EVERY = 60.0
"""Seconds between two runs of `revive`."""
LOST_AFTER = 900.0
"""Seconds after which a message that no worker took counts as lost. Should it come after all, it is harmless."""
SETTLED = 10.0
"""Seconds after which a message is surely in the queue, unless a worker took it, or it is lost."""


class Tasks:
    """The tasks of one app and one journal; `register` makes them."""

    def __init__(self, app: Any, journal: str, client: Callable[[], CampaignsClient], lost_after: float) -> None:
        check_seconds("lost_after", lost_after)
        self._app, self._lost_after = app, lost_after
        # What holds connections is made by the first task of a process, so after its fork.
        self._client = cache(client)
        self._throttle = cache(lambda: Throttle(self._client()))
        self._journal = cache(lambda: Journal(journal))
        self._job = cache(self._open_job)
        self._bound = cache(self._bind)
        options = {"serializer": "json", "ignore_result": True, "shared": False}

        # Celery takes functions, no methods.
        def send_row(job: str, account: str, item: str) -> str | None:
            return self._send_row(job, account, item)

        def revive() -> int:
            return self._revive()

        late = {"acks_late": True, "reject_on_worker_lost": True}
        self.send_row: Any = app.task(send_row, name="sendgrid_campaigns.send_row", **options, **late)
        """Task: send one row, unless that was done. Arguments: job, account, item."""
        self.revive: Any = app.task(revive, name="sendgrid_campaigns.revive", **options)
        """Task: make messages for the rows of all jobs that are due and have no message."""
        app.conf.beat_schedule = {
            **(app.conf.beat_schedule or {}),
            "sendgrid_campaigns.revive": {"task": "sendgrid_campaigns.revive", "schedule": EVERY},
        }

    def _open_job(self, name: str) -> Job:
        return Job(name, self._journal())

    def start(self, file: str | Path, *, name: str | None = None) -> int:
        """Load a job's file into the journal, make a message for each row that is due, and return how many.

        May be called again: what became of rows stays. name: of the job; by default the file's name.

        Raises JobFileError with every problem of the file, before anything is sent.
        """
        return self._queue(Job.load(file, self._journal(), name=name), self._lost_after)

    def status(self, name: str) -> dict[State, int]:
        """Return how many rows a job has of each state."""
        return self._job(name).counts()

    def retry(self, name: str, *states: State) -> int:
        """Make rows of these states todo again, as `Job.retry`, with a message for each; return how many."""
        self._job(name).retry(*states)
        return self._queue(self._job(name), self._lost_after)

    def _send_row(self, name: str, account: str, item: str) -> str | None:
        job, throttle = self._bound(name), self._throttle()
        while pause := throttle.begin():
            throttle.campaigns._session.clock.sleep(pause)
        # None: the row is done, or another worker has it, or it waits for its next time; `revive` sees to that.
        return throttle.work(job, item=(account, item))

    def _bind(self, name: str) -> Job:
        job = self._job(name)
        job.bind(self._client()._session.host)
        return job

    def _revive(self) -> int:
        jobs = [self._job(name) for name in self._journal().names()]
        settled = min(SETTLED, self._lost_after)
        noted = sum(job.queued(self._lost_after, settled) for job in jobs)
        # Workers hold some messages that they have not begun. When more than half are missing, the broker lost them.
        lost = 2 * self._waiting() < noted
        return sum(self._queue(job, settled if lost else self._lost_after) for job in jobs)

    def _waiting(self) -> float:
        """Return how many messages are in the queue of `send_row`."""
        queue = self._app.amqp.router.route({}, self.send_row.name).get("queue")
        if queue is None:  # routed by an exchange alone: the queue is not known
            return math.inf
        with self._app.connection_for_read() as connection:
            try:
                return int(connection.default_channel.queue_declare(queue.name, passive=True).message_count)
            except connection.channel_errors:  # Redis has no queue that is empty
                return 0

    def _queue(self, job: Job, age: float) -> int:
        made = 0
        for items in job.queue(self._lost_after, age):
            for account, item in items:
                self.send_row.apply_async((job.name, account, item))
            made += len(items)
        return made


def register(
    app: Any,
    journal: str,
    *,
    client: Callable[[], CampaignsClient] = CampaignsClient,
    lost_after: float = LOST_AFTER,
) -> Tasks:
    """Add the tasks to a Celery app, and `revive` to its beat schedule.

    app: a celery.Celery.
    journal: a URL that every worker can reach, such as postgresql://host/database; or a file, on one machine.
    client: makes each process its client; by default CampaignsClient(), with the key of SENDGRID_API_KEY.
    lost_after: seconds after which a message that no worker took counts as lost.
    """
    check(hasattr(app, "task") and hasattr(app, "conf"), f"app is {shown(app)}", "Give a celery.Celery.")
    return Tasks(app, journal, client, lost_after)
