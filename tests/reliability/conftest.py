"""What the tests of this room share."""

import asyncio
from collections.abc import Iterator

import pytest

from reliability.callers import Call, callers


@pytest.fixture(scope="session")
def let_call() -> Iterator[Call]:
    with callers() as let_call:
        yield let_call


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
