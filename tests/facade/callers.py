"""Processes that call: a parent that has imported everything forks one for each call. Run as a script.

The parent reads a line of JSON for each lot of calls, and writes the number of each process, the result of its call,
and its end.
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


class Hurried(Clock):
    """Sleeping takes no time, but counts."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def say(**facts: Any) -> None:
    os.write(1, f"{json.dumps(facts)}\n".encode())  # at once, and whole


def call(http: httpx.Client, url: str, operation: str, arguments: dict[str, Any]) -> None:
    campaigns = CampaignsClient("SG.sandbox", base_url=url, http_client=http, clock=Hurried())
    try:
        result = getattr(campaigns, operation)(**arguments)
        say(result=type(result).__name__, known_from=result.known_from)
    except SendGridError as error:
        say(result=type(error).__name__, text=str(error))


def main() -> None:
    http = httpx.Client()  # without a connection yet; certificates are read here once
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


Call = Callable[..., list[dict[str, Any]]]


@contextmanager
def callers() -> Iterator[Call]:
    """Give a function that lets processes call, and returns their results: none of processes that were killed."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        stdin, stdout = parent.stdin, parent.stdout

        def let_call(url: str, operation: str, arguments: Any, processes: int = 1, began: Any = id) -> list[Any]:
            asked = {"url": url, "operation": operation, "arguments": arguments, "processes": processes}
            stdin.write(f"{json.dumps(asked)}\n")
            stdin.flush()
            results: list[Any] = []
            ended = 0
            while ended < processes:
                said = json.loads(stdout.readline())
                if "process" in said:
                    began(said["process"])
                ended += "ended" in said
                results += [said] if "result" in said else []
            return results

        yield let_call
        stdin.close()


if __name__ == "__main__":
    main()
