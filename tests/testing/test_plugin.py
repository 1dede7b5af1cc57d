"""The pytest plugin: the fixtures, the marker, planned faults, and what a failed test reports."""

import re
from collections.abc import Callable

import pytest

pytest_plugins = "pytester"

Run = Callable[..., str]
SETTINGS = "[pytest]\naddopts = -q -p no:cacheprovider -p no:xdist --strict-markers\nfilterwarnings = error\n"


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a test file, and returns what pytest printed and the counts of its results."""
    pytester.makeini(SETTINGS)

    def run(text: str, **counts: int) -> str:
        pytester.makepyfile(text)
        result = pytester.runpytest_inprocess()
        result.assert_outcomes(**counts)
        return result.stdout.str()

    return run


HEAD = "import pytest\nfrom sendgrid_campaigns import CampaignsClient\n"


def test_the_fixture_catches_clients_and_ends(run: Run, no_network: list[object]) -> None:
    run(
        HEAD
        + """
def test_one(sendgrid_sandbox):
    CampaignsClient().send(4900)
    assert len(sendgrid_sandbox.mailings()) == 1

def test_two(sendgrid_sandbox):
    assert sendgrid_sandbox.mailings() == []

def test_without():
    with pytest.raises(ValueError, match="no API key"):
        CampaignsClient()
""",
        passed=3,
    )
    assert no_network == []


def test_knobs_by_a_marker(run: Run) -> None:
    run(
        HEAD
        + """
pytestmark = pytest.mark.sendgrid_sandbox(campaign_limit=1, rate_limit=5)

def status_codes(count):
    http = CampaignsClient()
    for _ in range(count):
        http.get(4900)

def test_the_module(sendgrid_sandbox):
    status_codes(6)
    assert [request.status_code for request in sendgrid_sandbox.requests()].count(429) == 0
    with pytest.raises(Exception, match="limit of 1 campaigns"):
        CampaignsClient().create("A second one")

@pytest.mark.sendgrid_sandbox(campaign_limit=2)
def test_the_test_itself_wins():
    CampaignsClient().create("A second one")

@pytest.mark.parametrize("limit", [
    pytest.param(3, marks=pytest.mark.sendgrid_sandbox(campaign_limit=3)),
])
def test_a_parameter(sendgrid_sandbox, limit):
    for _ in range(2):
        CampaignsClient().create("Another one")

@pytest.mark.sendgrid_sandbox
class TestClass:
    def test(self):
        CampaignsClient().get(4900)
""",
        passed=4,
    )


def test_the_marker_uses_the_fixture_only_where_it_is(run: Run) -> None:
    run(
        HEAD
        + """
@pytest.mark.parametrize("caught", [pytest.param(True, marks=pytest.mark.sendgrid_sandbox), False])
def test(caught):
    if caught:
        CampaignsClient()
    else:
        with pytest.raises(ValueError):
            CampaignsClient()
""",
        passed=2,
    )


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("limit=5", r"E? *the marker sendgrid_sandbox: there is no knob limit; the knobs are unknown_on_behalf_of, .*"),
        ("rate_limit='5'", "the marker sendgrid_sandbox: rate_limit is from 0 to inf: '5'"),
        ("5", "the marker sendgrid_sandbox takes knobs by name, such as rate_limit=5; the knobs are .*"),
    ],
)
def test_a_wrong_marker_gives_one_sentence(run: Run, marker: str, said: str) -> None:
    printed = run(f"{HEAD}\n@pytest.mark.sendgrid_sandbox({marker})\ndef test():\n    pass\n", errors=1)
    assert re.search(f"^{said}$", printed, re.M)
    assert "Traceback" not in printed
    assert "pytest_sendgrid_campaigns.py" not in printed


PLANNED = "    sendgrid_sandbox.fault('get', answer=503)\n"


def test_planned_faults_are_checked_after_a_test_that_passed(run: Run) -> None:
    printed = run(f"{HEAD}\ndef test(sendgrid_sandbox):\n{PLANNED}", passed=1, errors=1)
    assert "AssertionError: the sandbox had plans that no request met: fault('get', 1, effect='none'" in printed


@pytest.mark.parametrize(("end", "counts"), [("assert 0", {"failed": 1}), ("pytest.skip('no')", {"skipped": 1})])
def test_planned_faults_are_not_checked_after_another(run: Run, end: str, counts: dict[str, int]) -> None:
    printed = run(f"{HEAD}\ndef test(sendgrid_sandbox):\n{PLANNED}    {end}\n", **counts)
    assert "plans that no request met" not in printed


def test_a_failed_test_reports_the_random_choices(run: Run) -> None:
    choose = "    effect = sendgrid_sandbox.make_outcome_unknown('send', seed=1)\n"
    printed = run(f"{HEAD}\ndef test(sendgrid_sandbox):\n{choose}    assert 0\n", failed=1)
    assert re.search(
        r"- the sandbox's random choices -+\nsandbox\.make_outcome_unknown\('send', 1, effect='\w+'\)\n", printed
    )
    printed = run(f"{HEAD}\ndef test(sendgrid_sandbox):\n    assert 0\n", failed=1)
    assert "random choices" not in printed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sendgrid_sandbox.fault('snd')", "Did you mean 'send'?"),
        ("sendgrid_sandbox.fault('send', effect='some')", "effect 'some' is none of"),
        ("sendgrid_sandbox.advance(-1)", "is from 0 to 1e9 seconds: -1"),
        ("sendgrid_sandbox.create_campaign(status='draft')", "Did you mean 'Draft'?"),
        ("Sandbox('/')", "the sandbox cannot keep its state in '/': unable to open"),
        ("Sandbox(knobs={})", "knobs is a Knobs, such as Knobs(rate_limit=5): {}"),
        ("Knobs(rate_limit=-1)", "rate_limit is from 0 to inf: -1"),
        ("sendgrid_sandbox.fault('get', answer=503); sendgrid_sandbox.close()", "plans that no request met"),
    ],
)
def test_a_traceback_ends_in_the_test(run: Run, line: str, said: str) -> None:
    head = f"{HEAD}from sendgrid_campaigns.sandbox import Knobs, Sandbox\n"
    printed = run(f"{head}\ndef test(sendgrid_sandbox):\n    {line}\n", failed=1)
    assert said in printed
    assert re.findall(r"^(\S+\.py):\d+: \w*Error", printed, re.M) == ["test_a_traceback_ends_in_the_test.py"]


def test_unittest(run: Run, no_network: list[object]) -> None:
    run(
        """
import unittest
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.testing import catch_clients

class Test(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(catch_clients(self.enterContext(Sandbox())))

    def test(self):
        CampaignsClient().send(4900)
        self.assertEqual(len(self.sandbox.mailings()), 1)
""",
        passed=1,
    )
    assert no_network == []
