"""Call every operation through SendGrid's own Python client. Runs in .venv-official, started by official_clients.py.

The argument holds the settings as JSON. The program prints one line of JSON for each answer.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import sendgrid
from python_http_client.exceptions import HTTPError

given = json.loads(sys.argv[1])
sg = sendgrid.SendGridAPIClient(given["key"], host=given["url"])


def step(name: str, call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        answer = call(**arguments)
    except HTTPError as error:
        answer = error
    body = json.loads(answer.body) if answer.body else None
    print(json.dumps({"step": name, "status_code": answer.status_code, "body": body}))
    return body


print(json.dumps({"client": "sendgrid for Python", "version": sendgrid.__version__}))
campaigns = sg.client.campaigns
campaign_id = step("create", campaigns.post, request_body=given["new"])["id"]
campaign = campaigns._(campaign_id)
step("update", campaign.patch, request_body=given["change"])
step("schedule", campaign.schedules.post, request_body={"send_at": given["send_at"]})
step("reschedule", campaign.schedules.patch, request_body={"send_at": given["later"]})
step("unschedule", campaign.schedules.delete)
step("send now", campaigns._(4900).schedules.now.post)
step("send again", campaigns._(4900).schedules.now.post)
step("delete", campaign.delete)
step("get", campaign.get)
