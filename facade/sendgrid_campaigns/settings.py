"""What a client is told once, and checked when told: the key, the base URL, patience and time."""

import os
import random
import time
from ipaddress import ip_address
from typing import NoReturn

import attrs
import httpx

from sendgrid_campaigns.errors import ConfigurationError, shown
from sendgrid_campaigns.pace import Budget, Pace

KEY_VARIABLE = "SENDGRID_API_KEY"
BASE_URL = "https://api.sendgrid.com"
LONGEST = 1e6
"""Seconds; a week and a half."""


class ApiKey:
    """The API key, in the one object that knows it: it shows it nowhere and refuses to be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        try:
            source = "api_key"
            if value is None:
                source, value = KEY_VARIABLE, os.environ.get(KEY_VARIABLE)
            if value is None:
                raise ConfigurationError(
                    problem="There is no API key",
                    remedy=f"Set {KEY_VARIABLE} in the environment, or give api_key=... to the client.",
                )
            if not isinstance(value, str) or not value:
                raise ConfigurationError(
                    problem=f"{source} is empty or no text",
                    remedy="Give the whole key, as the dashboard showed it when it was made.",
                )
            if not value.isascii() or not value.isprintable() or set(value) & set(" \"'\\"):
                # A key read from a file often has a line break at its end, and one from a .env file its quotes.
                raise ConfigurationError(
                    problem=f"{source} holds a space, a line break, a quote or another character that no key has",
                    remedy="Strip it, and check that it was copied whole and alone.",
                )
            self._value = str.__str__(value)  # of an Enum, the value and not the name
        finally:
            del value  # A traceback that shows locals must not show it.

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApiKey is not pickled: give each process its own, for instance by " + KEY_VARIABLE)

    def authorize(self, headers: dict[str, str]) -> dict[str, str]:
        """These headers, and the one that carries the key."""
        return {**headers, "Authorization": f"Bearer {self._value}"}

    def redact(self, text: str) -> str:
        """The text without the key, for servers and libraries may quote headers in what they complain about."""
        return text.replace(self._value, "(the API key)")


def _checked_base_url(url: object) -> str:
    """The base URL without a slash at its end. Raises ConfigurationError for one that would not keep the key safe."""

    def refused(problem: str, remedy: str) -> ConfigurationError:
        # The URL itself is not shown: what makes it wrong may be a password in it.
        return ConfigurationError(problem=f"base_url {problem}", remedy=f"{remedy} The usual one is {BASE_URL}.")

    try:
        parsed = httpx.URL(url) if isinstance(url, str) else httpx.URL()
        host, port = parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError):  # httpx lets errors of its libraries through
        parsed, host, port = httpx.URL(), "", None
    # httpx quotes what no host name holds, such as a space or a bracket.
    good_port = port is None or 0 < port < 65_536
    if not host or "%" in host or parsed.scheme not in ("https", "http") or not good_port:
        raise refused("is no http(s) URL with a host", "Give it as text, scheme and host included.")
    if parsed.userinfo:
        raise refused("holds a user name or a password", "Leave them out; the key is all the service asks for.")
    if parsed.query or parsed.fragment or str(url).rstrip("/").endswith(("?", "#")):
        raise refused("holds a query or a fragment", "Give scheme, host, and at most a port and a path.")
    if parsed.scheme == "http" and not _is_loopback(host):
        raise refused("is plain http, which would show the key to the network", "Use https; http is for loopback only.")
    return str(parsed).rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_seconds(name: str, value: object) -> None:
    """Raise ConfigurationError unless the value is a positive number of seconds that clocks can count."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST:
        raise ConfigurationError(
            problem=f"{name} is {shown(value)}",
            remedy="Give a positive number of seconds; there is no waiting for ever here.",
        )


def _check_attempts(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(
            problem=f"Retry(attempts={shown(value)}) is no number of attempts",
            remedy="Give a whole number; 1 never repeats anything.",
        )


@attrs.frozen
class Retry:
    """How often, how long and how patiently one call tries. What may be repeated at all is no setting."""

    attempts: int = 4
    """Requests at most for one step of a call; 1 turns repeating off."""
    first_wait: float = 0.5
    """Seconds before the second attempt; doubled each time, and drawn between half and whole of that."""
    longest_wait: float = 75.0
    """Seconds; more than a minute, which limits usually go by. When the service asks for a longer wait, the call ends
    with RateLimitError at once and says how long."""
    deadline: float = 120.0
    """Seconds for a whole call, waits included. No attempt begins after it."""
    settle: float = 45.0
    """Seconds for which a write in doubt is read back before a state that looks as before is believed."""
    pace: bool = True
    """Whether a request waits, up to longest_wait, when the rate limit has no room for it, rather than be answered 429.

    All calls of a client and its views are counted together, by what the service's answers say of its limit.
    """

    def __attrs_post_init__(self) -> None:
        _check_attempts(self.attempts)
        if not isinstance(self.pace, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(problem=f"Retry(pace={shown(self.pace)}) is no bool", remedy="Give True or False.")
        for name in ("first_wait", "longest_wait", "deadline", "settle"):
            _check_seconds(f"Retry({name})", getattr(self, name))

    def backoff(self, attempt: int, draw: float) -> float:
        """Seconds to wait after attempt number `attempt`, from 1, for a `draw` between 0 and 1."""
        return min(self.longest_wait, self.first_wait * 2.0 ** min(attempt - 1, 32)) * (0.5 + draw / 2)


class Clock:
    """Where a client takes its time and its dice from, and how it waits. Tests give a client one of their own."""

    def time(self) -> float:
        """Unix time in seconds, to read the service's epochs by."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since whenever, never going back, to measure deadlines by."""
        return time.monotonic()

    def random(self) -> float:
        """A number from 0 up to 1, to spread waits with."""
        return random.random()  # noqa: S311 - no secret

    def sleep(self, seconds: float) -> None:
        """Wait in the blocking client."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait in the asyncio client."""
        import asyncio  # a third of an import of this package, which blocking code need not pay

        await asyncio.sleep(seconds)


def _check_kind(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise ConfigurationError(
            problem=f"{name} is {shown(value)}", remedy=f"Give a sendgrid_campaigns.{kind.__name__}."
        )


@attrs.frozen(kw_only=True, repr=False)  # a traceback may show it half made
class Settings:
    """What all requests of one client view have in common."""

    key: ApiKey
    base_url: str = attrs.field(converter=_checked_base_url)
    timeout: float
    connect_timeout: float
    retry: Retry
    clock: Clock
    on_behalf_of: str | None = None
    budget: Budget = attrs.field(factory=Budget, eq=False)
    pace: Pace = attrs.field(factory=Pace, eq=False)

    def __attrs_post_init__(self) -> None:
        _check_seconds("timeout", self.timeout)
        _check_seconds("connect_timeout", self.connect_timeout)
        _check_kind("retry", self.retry, Retry)
        _check_kind("clock", self.clock, Clock)
