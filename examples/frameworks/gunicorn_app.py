"""A WSGI program whose one client is made before gunicorn forks, and works in every worker.

With SENDGRID_API_KEY in the environment: gunicorn --preload --workers 4 gunicorn_app
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sendgrid_campaigns import CampaignsClient, SendGridError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

campaigns = CampaignsClient()  # without a key, gunicorn does not start, and says why


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Send the campaign of `POST /4900`."""
    try:
        status, result = "200 OK", campaigns.send(int(environ["PATH_INFO"].strip("/"))).to_dict()
    except SendGridError as error:
        result = error.to_dict()
        # A 503 invites to try again: never for a campaign that may have been sent.
        if error.may_have_been_applied:
            status = "500 Internal Server Error"
        else:
            status = "503 Service Unavailable" if error.temporary else "409 Conflict"
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(result).encode()]
