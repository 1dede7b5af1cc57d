"""Settings of a client that are not secret: how patiently a call tries, the clock, the base URL."""

import os
import random
import time
from dataclasses import dataclass

import httpx

from sendgrid_campaigns.errors import ConfigurationError, shown

BASE_URL = "https://api.sendgrid.com"
URL_VARIABLE = "SENDGRID_CAMPAIGNS_BASE_URL"
LONGEST = 1e6
"""Seconds; a week and a half."""


def check(good: bool, problem: str, hint: str) -> None:
    """Raise ConfigurationError unless a value is good. hint: what to do about the problem."""
    if not good:
        raise ConfigurationError(cause=problem, hint=hint)


def check_seconds(name: str, value: object, least: float = 0.001) -> None:
    """Raise ConfigurationError unless a value is a number of seconds from `least` up that clocks can count."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= LONGEST
    check(good, f"{name} is {shown(value)}", f"Give a number of seconds, at least {least:g}; no call waits for ever.")


def check_kind(value: object, kind: type[object]) -> None:
    """Raise ConfigurationError unless a value is of a class of this package."""
    check(isinstance(value, kind), f"{shown(value)} is no {kind.__name__}", f"Give sendgrid_campaigns.{kind.__name__}.")


def check_count(name: str, value: object, least: int) -> None:
    """Raise ConfigurationError unless a value is a whole number of at least `least`."""
    good = isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63
    check(good, f"{name} is {shown(value)}", f"Give an int of at least {least}.")


@dataclass(frozen=True)
class Retry:
    """How often and how long one call tries. Which requests may be repeated at all is no setting."""

    attempts: int = 4
    """Requests at most for one step of a call; 1 turns repeating off."""
    deadline: float = 120.0
    """Seconds for a whole call, waits included. No request begins after the deadline, nor waits for a connection."""
    settle: float = 45.0
    """Seconds of the read-back window: how long a campaign is read before an unchanged state is believed."""

    def __post_init__(self) -> None:
        check_count("Retry(attempts)", self.attempts, 1)
        check_seconds("Retry(deadline)", self.deadline)
        check_seconds("Retry(settle)", self.settle)


class Clock:
    """Time, sleep and random numbers of a client. Tests give a client a clock of their own."""

    def time(self) -> float:
        """Return unix time in seconds, to compare with times of the service."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back, to measure deadlines with."""
        return time.monotonic()

    def random(self) -> float:
        """Return a number from 0 up to 1, to spread waits with."""
        return random.random()  # noqa: S311 - no secret

    def sleep(self, seconds: float) -> None:
        """Sleep in the sync client."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Sleep in the async client."""
        import asyncio  # costs a third of this package's import, and sync programs need none of it

        await asyncio.sleep(seconds)


def checked_base_url(url: object, plain_http: bool = False) -> str:
    """Return a base URL without a slash at its end. None: that of the environment, or else the usual one.

    plain_http: whether the key is no secret, and http may go to any host.

    Raises ConfigurationError for a URL that would show the key to the network or break every path.
    """
    name, url = ("base_url", url) if url is not None else (URL_VARIABLE, os.environ.get(URL_VARIABLE, BASE_URL))
    text = url if isinstance(url, str) else ""
    try:
        parsed = httpx.URL(text)
        host, port = parsed.host, 443 if parsed.port is None else parsed.port
    except (httpx.InvalidURL, ValueError):  # httpx lets errors of its libraries through
        parsed, host, port = httpx.URL(), "", 0

    def require(good: bool, problem: str, remedy: str) -> None:
        # The URL is not shown: the problem may be a password in the URL.
        check(good, f"{name} {problem}", f"{remedy} The usual base URL is {BASE_URL}.")

    # httpx quotes characters that no host name holds, such as a space or a bracket.
    good = bool(host) and "%" not in host and parsed.scheme in ("https", "http")
    require(good and 0 < port < 65_536, "is no http(s) URL with a host", "Give scheme and host as text.")
    bare = not (parsed.userinfo or parsed.query or parsed.fragment or text.rstrip("/").endswith(("?", "#")))
    require(bare, "holds a user name, a query or a fragment", "Give scheme, host, and at most a port and a path.")
    good = not parsed.path.rstrip("/").endswith("/v3")
    require(good, "ends in /v3, which every path begins with", "Leave /v3 out.")
    safe = plain_http or parsed.scheme == "https" or host in ("localhost", "127.0.0.1", "::1")
    remedy = "Use https. Http is for loopback; for a sandbox elsewhere, add sandbox=True, with the sandbox's key."
    require(safe, "is plain http, which would show the key to the network", remedy)
    return str(parsed).rstrip("/")
