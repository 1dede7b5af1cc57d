"""The client and the jobs that other processes run."""

from doubles import Hurried
from sendgrid_campaigns import CampaignsClient, SendReceipt

PATIENCE = 60.0
"""Seconds after which a test gives up: a busy machine is slow, and nothing waits for so long."""


def client(url: str) -> CampaignsClient:
    return CampaignsClient("SG.sandbox", base_url=url, clock=Hurried())


def send(url: str, campaign_id: int, subuser: str) -> SendReceipt:
    with client(url) as campaigns:
        return campaigns.on_behalf_of(subuser).send(campaign_id)
