"""Who may use a connection: one process, and in the async client one event loop. And the time of an async attempt."""

import os
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

from sendgrid_campaigns.errors import ConfigurationError


def process() -> tuple[Any, ...]:
    """Return the owner of sync connections. Two processes on one connection would read each other's answers."""
    return (os.getpid(),)


def process_and_loop() -> tuple[Any, ...]:
    """Return the owner of async connections. Raises ConfigurationError outside of asyncio."""
    import asyncio  # costs a third of this package's import, and sync programs need none of it

    try:
        return os.getpid(), asyncio.get_running_loop()
    except RuntimeError:
        remedy = "The async client works in asyncio; elsewhere use the sync client."
        raise ConfigurationError(problem="no asyncio event loop is running", remedy=remedy) from None


def async_time_limit(seconds: float) -> AbstractAsyncContextManager[object]:
    """Return a context manager that raises TimeoutError after `seconds`."""
    import asyncio

    return asyncio.timeout(seconds)


def no_time_limit(seconds: float) -> AbstractContextManager[None]:
    """Return a context manager that does nothing: only the own pool's connections keep the time of a sync attempt."""
    return nullcontext()
