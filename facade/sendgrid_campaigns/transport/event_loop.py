"""What belongs to an event loop: async connections, places for them, and the time of an async attempt."""

from typing import Any

from sendgrid_campaigns.errors import ConfigurationError


def aio() -> Any:
    """Return asyncio. It costs a third of this package's import, and sync programs need none of it."""
    import asyncio

    return asyncio


def running_loop() -> Any:
    """Return the event loop. Raises ConfigurationError outside of asyncio."""
    try:
        return aio().get_running_loop()
    except RuntimeError:
        raise ConfigurationError(cause="no asyncio event loop is running", hint="Use the sync client there.") from None


async def take(places: Any, seconds: float) -> bool:
    """Wait for a place, and take it; False when there is none within `seconds`."""
    try:
        async with aio().timeout(seconds):
            return bool(await places.acquire())
    except TimeoutError:
        return False


async def close_if_unread(stream: Any) -> None:
    """Close a connection when more than an answer came over TLS: anyio keeps it, and httpcore would not notice it."""
    # Private names of httpcore and anyio; a test notices when they go.
    if getattr(getattr(getattr(stream, "_stream", None), "_read_bio", None), "pending", 0):
        await stream.aclose()
