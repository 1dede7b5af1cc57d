"""Processes that call, each forked from one that has imported everything."""

import multiprocessing
from collections.abc import Callable
from typing import Any

from sendgrid_campaigns import CampaignsClient, Clock, SendGridError

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["sendgrid_campaigns.sandbox", "sendgrid_campaigns_api.models", "httpx", "asyncio", "pytest"]
)


class Hurried(Clock):
    """Sleeping takes no time, but counts."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def call(results: Any, url: str, name: str, arguments: dict[str, Any]) -> None:
    with CampaignsClient("SG.sandbox", base_url=url, clock=Hurried()) as campaigns:
        try:
            result = getattr(campaigns, name)(**arguments)
            results.send((type(result).__name__, result.known_from))
        except SendGridError as error:
            results.send((type(error).__name__, str(error)))


def let_call(
    url: str, name: str, arguments: dict[str, Any], began: Callable[[Any], object] = id
) -> list[tuple[str, str]]:
    """Let a process call, and return its result: none when it was killed."""
    receiver, sender = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=call, args=(sender, url, name, arguments))
    child.start()
    began(child.pid)
    child.join()
    return [receiver.recv()] if receiver.poll() else []
