"""Test the job on the sandbox: no account, no network, no waiting.

The fixture `sendgrid_sandbox` comes with the package: every client that the job makes reaches this sandbox.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import newsletter
from sendgrid_campaigns.sandbox import Sandbox

CUSTOMERS: list[dict[str, Any]] = [
    {
        "subuser": subuser,
        "subject": "Spring!",
        "sender_id": 124451,
        "list_ids": [110],
        "suppression_group_id": 42,
        "plain_content": "Hello! [unsubscribe]",
    }
    for subuser in ("acme", "beta")
]


@pytest.fixture
def sandbox(sendgrid_sandbox: Sandbox) -> Sandbox:
    sendgrid_sandbox.add_subuser("beta")
    return sendgrid_sandbox


def run(sandbox: Sandbox) -> list[int]:
    with sandbox.client() as campaigns:
        return [code for _, code in newsletter.send_all(campaigns, "2026-03", CUSTOMERS)]


def test_each_customer_gets_one_mailing(sandbox: Sandbox) -> None:
    assert run(sandbox) == [newsletter.DONE, newsletter.DONE]
    assert run(sandbox) == [newsletter.DONE, newsletter.DONE]  # a second run of the same month
    assert [mailing.account for mailing in sandbox.mailings()] == ["acme", "beta"]


@pytest.mark.parametrize("effect", ["none", "done"])
def test_the_next_run_finds_out_an_unknown_outcome(sandbox: Sandbox, effect: Any) -> None:
    sandbox.make_outcome_unknown("send", effect=effect)
    assert run(sandbox)[0] == newsletter.UNKNOWN
    sandbox.outage(0)
    assert run(sandbox) == [newsletter.DONE, newsletter.DONE]
    assert sorted(str(mailing.account) for mailing in sandbox.mailings()) == ["acme", "beta"]


def test_one_customers_error_does_not_stop_the_others(sandbox: Sandbox) -> None:
    sandbox.set_credits(0, on_behalf_of="acme")
    assert run(sandbox) == [newsletter.FIX, newsletter.DONE]
    assert [mailing.account for mailing in sandbox.mailings()] == ["beta"]


def test_the_program(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "customers.json"
    file.write_text(json.dumps(CUSTOMERS))
    monkeypatch.setattr("sys.argv", ["newsletter.py", "2026-03", str(file)])
    assert newsletter.main() == newsletter.DONE
    assert [(mailing.account, mailing.subject) for mailing in sandbox.mailings()] == [
        ("acme", "Spring!"),
        ("beta", "Spring!"),
    ]


def test_an_outage_is_no_matter_for_a_person(sandbox: Sandbox) -> None:
    sandbox.outage(600)
    assert run(sandbox) == [newsletter.LATER, newsletter.LATER]
    sandbox.outage(0)
    assert run(sandbox) == [newsletter.DONE, newsletter.DONE]
