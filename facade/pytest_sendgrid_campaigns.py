"""Plugin for pytest: a sandbox for each test, which every client of the test reaches; and a clock that takes no time.

A module of its own, so that pytest imports the package only for tests that use a fixture.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox import Knobs, Sandbox
    from sendgrid_campaigns.testing import InstantClock

NAME = "sendgrid_sandbox"
"""Of the fixture and of the marker."""

_sandbox = pytest.StashKey["Sandbox"]()
_passed = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{NAME}(**knobs): use the fixture {NAME}, with knobs such as rate_limit=5")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Use the fixture in each test with the marker."""
    names: list[str] = getattr(item, "fixturenames", [NAME])
    if NAME not in names and item.get_closest_marker(NAME):
        vars(item)["fixturenames"] = [*names, NAME]


@pytest.fixture
def sendgrid_sandbox(request: pytest.FixtureRequest) -> "Iterator[Sandbox]":
    """Return a new sandbox, in memory. Every client that the test or its code makes or has made reaches this sandbox.

    The marker `sendgrid_sandbox` sets knobs. A test that passed fails at its end when a planned fault was not used.
    """
    from sendgrid_campaigns.sandbox import Sandbox
    from sendgrid_campaigns.testing import catch_clients

    sandbox = request.node.stash[_sandbox] = Sandbox(knobs=_knobs(request.node))
    with catch_clients(sandbox):
        yield sandbox
    sandbox.close(check=request.node.stash.get(_passed, False))


@pytest.fixture
def sendgrid_instant_clock() -> "Iterator[InstantClock]":
    """Return a clock whose sleeps take no time, but count. Every client that has no clock of its own has this one."""
    from sendgrid_campaigns.testing import instant_clock

    with instant_clock() as clock:
        yield clock


def _knobs(node: pytest.Item) -> "Knobs":
    """Return the knobs that the markers set; those of the test itself win over those of its class and module."""
    from sendgrid_campaigns.sandbox import Knobs

    known = ", ".join(vars(Knobs()))
    given: dict[str, Any] = {}
    for marker in reversed([*node.iter_markers(NAME)]):
        given |= marker.kwargs
        if marker.args:
            pytest.fail(f"the marker {NAME} takes knobs by name, such as rate_limit=5; the knobs are {known}", False)
    try:
        return Knobs(**given)
    except (TypeError, ValueError) as error:
        unknown = sorted(given.keys() - vars(Knobs()).keys())
        problem = f"there is no knob {', '.join(unknown)}; the knobs are {known}" if unknown else str(error)
        pytest.fail(f"the marker {NAME}: {problem}", pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Take note of a test that passed, and add the sandbox's random choices to the report of one that failed."""
    report: pytest.TestReport = (yield).get_result()
    if call.when == "call":
        item.stash[_passed] = report.passed
        sandbox = item.stash.get(_sandbox, None)
        if report.failed and sandbox is not None and sandbox.random_choices:
            report.sections.append(("the sandbox's random choices", "\n".join(sandbox.random_choices)))
