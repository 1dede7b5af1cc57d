"""A campaign's life through SendGrid's own Python client, unchanged but for its host. Runs in .venv-official.

official_clients.py starts it with what to use, as JSON, and judges what it prints: a line of JSON for each answer.
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


print(
    json.dumps({"client": "sendgrid", "version": sendgrid.__version__, "runs_on": f"Python {sys.version.split()[0]}"})
)
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
