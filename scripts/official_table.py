"""Run calls of SendGrid's own Python client, given as text. Runs in .venv-official, started by official_clients.py."""

import json
import sys

import sendgrid

given = json.loads(sys.argv[1])
sg = sendgrid.SendGridAPIClient(given["key"], host=given["url"])
for call in given["calls"]:
    exec(call, {"sg": sg})  # noqa: S102 - of a page of this repository
