"""A WSGI program: one client, made and used before gunicorn forks (--preload)."""

import json
import os
from collections.abc import Iterable
from typing import Any

from frameworks import jobs

campaigns = jobs.client(os.environ["SANDBOX_URL"])
campaigns.get(4900)  # now the pool holds a connection, which the workers inherit
before_fork = os.getpid()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    assert os.getpid() != before_fork
    receipt = campaigns.send(int(environ["PATH_INFO"].strip("/")))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(receipt.to_dict() | {"process": os.getpid()}).encode()]
