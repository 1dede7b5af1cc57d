"""Make calls through SendGrid's own Python client. Runs in .venv-official, started by official_clients.py.

The argument holds the settings and the calls as JSON. The program prints one line of JSON for each answer.
"""

import json
import sys

import sendgrid
from python_http_client.exceptions import HTTPError

given = json.loads(sys.argv[1])
sg = sendgrid.SendGridAPIClient(given["key"], host=given["url"])
print(json.dumps({"client": "sendgrid for Python", "version": sendgrid.__version__}))
for call in given["calls"]:
    one = sg.client
    for segment in call["path"]:
        one = one._(segment)  # what one.segment does, and what ids need
    try:
        answer = getattr(one, call["method"].lower())(request_body=call.get("body"), query_params=call.get("query"))
    except HTTPError as error:
        answer = error
    body = json.loads(answer.body) if answer.body else None
    print(json.dumps({"name": call["name"], "status_code": answer.status_code, "body": body}))
