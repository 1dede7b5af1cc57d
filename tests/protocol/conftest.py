"""Tests of protocol/ run without a transport; tests/facade runs the same calls on both clients."""

import asyncio
from collections.abc import Iterator

import pytest

from doubles import DirectStyle, Style
from sendgrid_campaigns import CampaignsClient


@pytest.fixture
def style() -> Iterator[Style]:
    with asyncio.Runner() as runner:
        yield DirectStyle(CampaignsClient, runner)
