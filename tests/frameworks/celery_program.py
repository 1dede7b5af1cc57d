"""A Celery program: one client, made and used before the worker forks."""

import json
import os
from typing import Any

from celery import Celery

from frameworks import jobs

app = Celery("celery_program")
app.conf.update(json.loads(os.environ["CELERY_SETTINGS"]))
campaigns = jobs.client(os.environ["SANDBOX_URL"])
campaigns.get(4900)  # now the pool holds a connection, which the children inherit
before_fork = os.getpid()


@app.task(name="send")
def send(campaign_id: int, subuser: str | None) -> dict[str, Any]:
    assert os.getpid() != before_fork
    view = campaigns.on_behalf_of(subuser) if subuser else campaigns
    return view.send(campaign_id).to_dict() | {"process": os.getpid()}
