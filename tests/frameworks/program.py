"""A WSGI program and a Celery program, with one client that is made and used before gunicorn or Celery forks."""

import json
import os
from collections.abc import Iterable
from typing import Any

from celery import Celery

from frameworks import jobs

campaigns = jobs.client(os.environ["SANDBOX_URL"])
campaigns.get(4900)  # now the pool holds a connection, which the children inherit
before_fork = os.getpid()

app = Celery("program")
app.conf.update(json.loads(os.environ.get("CELERY_SETTINGS", "{}")))


@app.task(name="send")
def send(campaign_id: int, subuser: str | None) -> dict[str, Any]:
    assert os.getpid() != before_fork
    view = campaigns.on_behalf_of(subuser) if subuser else campaigns
    return view.send(campaign_id).to_dict() | {"process": os.getpid()}


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(send(int(environ["PATH_INFO"].strip("/")), None)).encode()]
