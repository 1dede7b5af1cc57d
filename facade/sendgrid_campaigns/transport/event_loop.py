"""What belongs to an event loop: async connections, places for them, and the time of an async attempt."""

from typing import Any

from sendgrid_campaigns.errors import ConfigurationError


def running_loop() -> Any:
    """Return the event loop. Raises ConfigurationError outside of asyncio."""
    import asyncio  # costs a third of this package's import, and sync programs need none of it

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(cause="no asyncio event loop is running", hint="Use the sync client there.") from None


def time_limit(seconds: float) -> Any:
    """Return an async context manager that raises TimeoutError after `seconds`."""
    import asyncio

    return asyncio.timeout(seconds)


def places(count: int) -> Any:
    """Return what lets in `count` tasks at one time, in the order in which they come."""
    import asyncio

    return asyncio.Semaphore(count)


async def take(places: Any, seconds: float) -> bool:
    """Wait for a place, and take it; False when there is none within `seconds`."""
    try:
        async with time_limit(seconds):
            return bool(await places.acquire())
    except TimeoutError:
        return False
