"""A Celery app as users write it, with shorter times. BROKER, JOURNAL, LEASE and SEEN are in the environment."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, signals

from bulk.program import PATIENCE
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.bulk.celery import register

LEASE = float(os.environ["LEASE"])
SEEN = Path(os.environ["SEEN"])
"""Gets a line for each message that comes again."""

app = Celery("bulk", broker=os.environ["BROKER"])
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False
if os.environ["BROKER"].startswith("redis"):
    app.conf.broker_transport_options = {"visibility_timeout": LEASE}
mail = register(app, os.environ["JOURNAL"], client=partial(CampaignsClient, **PATIENCE), lost_after=LEASE)
app.conf.beat_schedule["sendgrid_campaigns.revive"]["schedule"] = 3.0


def note(task: Any, **more: object) -> None:
    if task.request.delivery_info.get("redelivered"):
        with SEEN.open("a") as file:
            file.write(f"{task.request.id}\n")


signals.task_prerun.connect(note)
