"""Processes that call: one that is started, has imported everything, and forks one for each call. Run as a script.

It reads a line of JSON for each lot of calls, and says of each process its number, what came of its call, and its end.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sendgrid_campaigns import CampaignsClient, Clock, SendGridError


class Impatient(Clock):
    """Waits take no time, but count."""

    def __init__(self) -> None:
        self.waited = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.waited

    def random(self) -> float:
        return 0.5

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


def say(**facts: Any) -> None:
    os.write(1, f"{json.dumps(facts)}\n".encode())  # at once, and whole


def call(http: httpx.Client, url: str, operation: str, arguments: dict[str, Any]) -> None:
    campaigns = CampaignsClient("SG.sandbox", base_url=url, http_client=http, clock=Impatient())
    try:
        result = getattr(campaigns, operation)(**arguments)
        say(came_of=type(result).__name__, known_from=result.known_from)
    except SendGridError as error:
        say(came_of=type(error).__name__, text=str(error))


def main() -> None:
    http = httpx.Client()  # without a connection yet; what TLS needs is read here once
    for line in sys.stdin:
        asked = json.loads(line)
        children: list[int] = []
        for _ in range(asked.pop("processes")):
            if (child := os.fork()) == 0:
                call(http, **asked)
                os._exit(0)
            children.append(child)
            say(process=child)
        for child in children:
            say(ended=os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
    sys.exit()


Call = Callable[..., list[dict[str, Any]]]


@contextmanager
def callers() -> Iterator[Call]:
    """A function that lets processes call, and returns what came of it: nothing of those that were killed."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        stdin, stdout = parent.stdin, parent.stdout

        def let_call(
            url: str,
            operation: str,
            arguments: dict[str, Any],
            processes: int = 1,
            began: Callable[[int], object] = lambda process: None,
        ) -> list[dict[str, Any]]:
            asked = {"url": url, "operation": operation, "arguments": arguments, "processes": processes}
            stdin.write(f"{json.dumps(asked)}\n")
            stdin.flush()
            results: list[dict[str, Any]] = []
            ended: list[int] = []
            while len(ended) < processes:
                said = json.loads(stdout.readline())
                if "process" in said:
                    began(said["process"])
                elif "ended" in said:
                    ended.append(said["ended"])
                else:
                    results.append(said)
            return results

        yield let_call
        stdin.close()
