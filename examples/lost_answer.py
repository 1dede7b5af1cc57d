"""Show what a lost answer does: the service accepts a send, and the connection breaks before the answer arrives.

Runs on the offline sandbox, with this SDK and, where `sendgrid` is installed, with SendGrid's own client.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Sandbox

KEY = "SG.sandbox"


def by_this_sdk(url: str) -> object:
    """Send by this SDK, and return the receipt."""
    with CampaignsClient(KEY, base_url=url) as campaigns:
        return campaigns.send(4900)


def by_sendgrid(url: str) -> object:
    """Send by SendGrid's own client, and return its answer."""
    client: Any = import_module("sendgrid").SendGridAPIClient(KEY, host=url).client
    return client.campaigns._(4900).schedules.now.post()


for send in (by_sendgrid, by_this_sdk) if find_spec("sendgrid") else (by_this_sdk,):
    with Sandbox() as sandbox, sandbox.serve_faulty() as server:
        sandbox.fault("send", effect="done", ending="reset")
        try:
            said = repr(send(server.url))
        except Exception as error:
            said = repr(error)
        print(f"{send.__name__}: {said}; mailed {len(sandbox.mailings(4900))} time")
