"""Make an HTTP request of an Ask, by the endpoint of the generated package."""

from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from sendgrid_campaigns.auth import ApiKey
from sendgrid_campaigns.protocol.flow import Ask
from sendgrid_campaigns.version import __version__

HEADERS = {
    "Accept": "application/json",  # without this, the service may answer 406
    "Accept-Encoding": "gzip",
    "Cache-Control": "no-cache, no-store",  # a cached answer would prove nothing, and may be another account's
    "User-Agent": f"sendgrid-campaigns/{__version__} httpx/{httpx.__version__}",
}


@dataclass(eq=False, kw_only=True, repr=False)  # a traceback may show one half made
class Target:
    """Where requests go, and the key that they act with."""

    key: ApiKey
    base_url: str
    connect_timeout: float


def build(ask: Ask, target: Target, on_behalf_of: str | None, timeout: float) -> httpx.Request:
    """Make the complete request. timeout: seconds for one attempt, in all.

    The HTTP client adds nothing: its defaults, cookies and headers may be those of other calls.
    """
    impersonated = {} if on_behalf_of is None else {"on_behalf_of": on_behalf_of}
    arguments: dict[str, Any] = ask.operation.request(ask.body, **ask.parameters, **impersonated)
    arguments["url"] = target.base_url + arguments["url"]
    # The wait for a connection ends before the attempt and the call do, so that it is known that nothing was sent.
    waits = min(timeout * 0.9, ask.within)
    limits = {"connect": min(target.connect_timeout, waits), "read": timeout, "write": timeout, "pool": waits}
    headers = target.key.authorize({**HEADERS, **arguments.pop("headers")})
    return httpx.Request(**arguments, headers=headers, extensions={"timeout": limits})


def proxy_of(target: Target) -> str | None:
    """Return the proxy of the environment; None without one, and for plain http, which is for loopback only."""
    direct = target.base_url.startswith("http:") or proxy_bypass(httpx.URL(target.base_url).host)
    return None if direct else getproxies().get("https") or getproxies().get("all")
