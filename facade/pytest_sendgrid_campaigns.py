"""Plugin for pytest: a sandbox for each test.

A module of its own, so that pytest imports the package only for tests that use the fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sendgrid_sandbox() -> "Iterator[Sandbox]":
    """Return a new sandbox, in memory. The test fails at its end when a planned fault was not used."""
    from sendgrid_campaigns.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
