"""Jobs that processes of frameworks run; each framework's own program stands beside this module."""

import time
from typing import NoReturn, TypeVar

from sendgrid_campaigns import CampaignsClient, Clock, SendReceipt

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a test gives up: a busy machine is slow, and nothing waits for so long."""


class QuickClock(Clock):
    """Real time, but for sleeps: they take no time, and move the clock on."""

    def __init__(self) -> None:
        self._slept = 0.0

    def time(self) -> float:
        return time.time() + self._slept

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    async def sleep_async(self, seconds: float) -> None:
        self._slept += seconds


def client(url: str) -> CampaignsClient:
    return CampaignsClient("SG.sandbox", base_url=url, clock=QuickClock())


def send(url: str, campaign_id: int, subuser: str) -> SendReceipt:
    with client(url) as campaigns:
        return campaigns.on_behalf_of(subuser).send(campaign_id)


def same(value: T) -> T:
    return value


def fail(error: Exception) -> NoReturn:
    raise error
