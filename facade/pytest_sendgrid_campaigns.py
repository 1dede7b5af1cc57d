"""For pytest: a sandbox for each test. A module of its own, so that pytest loads nothing else until a test asks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sendgrid_sandbox() -> "Iterator[Sandbox]":
    """A new embedded SendGrid, in memory; at the end of the test, planned faults that nothing has met fail it."""
    from sendgrid_campaigns.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
