"""The client of the programs that other processes run."""

from doubles import Hurried
from sendgrid_campaigns import CampaignsClient

PATIENCE = 60.0
"""Seconds after which a test gives up: a busy machine is slow, and nothing waits for so long."""


def client(url: str) -> CampaignsClient:
    return CampaignsClient("SG.sandbox", base_url=url, clock=Hurried())
