"""The sandbox's Python calls: campaigns, accounts, keys, ledgers and files; and which requests it lets in."""

import gc
import json
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doubles import FORKS, Style
from sandbox.helpers import START, FixedSandbox
from sendgrid_campaigns import (
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
)
from sendgrid_campaigns.sandbox import Knobs, Sandbox

LIVE = f"SG.{'a' * 22}.{'b' * 43}"


def test_accounts_are_separate(style: Style, sandbox: FixedSandbox) -> None:
    sandbox.add_subuser("beta")
    sandbox.add_account("B7")
    beta, b7 = sandbox.create_campaign(on_behalf_of="beta"), sandbox.create_campaign(account_id="B7")
    client = style.of(sandbox)
    own = {
        (4900, None): client,
        (4901, "acme"): client.on_behalf_of("acme"),
        (4902, "account-id A123"): client.on_behalf_of(account_id="A123"),
        (beta, "beta"): client.on_behalf_of("beta"),
        (b7, "account-id B7"): client.on_behalf_of(account_id="B7"),
    }
    for (campaign_id, _), view in own.items():
        for other in {4900, 4901, 4902} - {campaign_id}:
            style.error(NotFoundError, view.send, other)
        style.do(view.send, campaign_id)
    assert [(mailing.campaign_id, mailing.account) for mailing in sandbox.mailings()] == list(own)
    assert all(each.request and each.request.on_behalf_of == each.account for each in sandbox.mailings())


def test_the_key_of_a_subuser(style: Style, sandbox: FixedSandbox) -> None:
    sandbox.add_key("SG.acme", on_behalf_of="acme")
    acme = style.of(sandbox, "SG.acme")
    assert style.do(acme.send, 4901).id == 4901
    style.error(NotFoundError, acme.send, 4900)
    style.error(PermissionDeniedError, acme.on_behalf_of(account_id="A123").send, 4902)


@pytest.mark.parametrize("value", ["", "SG.sandbox", "Basic SG.sandbox", "Bearer", "Bearer SG.sandbox2"])
def test_invalid_authorization(sandbox: FixedSandbox, value: str) -> None:
    answer = sandbox.do("send", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"field": None, "message": "authorization required"}]}


def test_a_key_that_looks_like_a_live_one_is_refused(style: Style, sandbox: FixedSandbox) -> None:
    for key in (LIVE, LIVE + "b"):
        sandbox.add_key(key)
    error = style.error(AuthenticationError, style.of(sandbox, LIVE).send, 4900)
    assert "this is a sandbox, and that looks like a live key" in str(error)
    assert LIVE not in str(error)
    assert sandbox.do("get", key=LIVE + "b").status_code == 200  # longer than a live key


@pytest.mark.parametrize("name", ["", "Acme", " acme", "acme ", "nobody", "account-id", "account-id acme", "A123"])
def test_unknown_on_behalf_of(name: str) -> None:
    for knob, status_code, accounts in ((401, 401, []), (403, 403, []), ("parent", 201, [None])):
        sandbox = FixedSandbox(unknown_on_behalf_of=knob)
        assert sandbox.do("send", headers={"on-behalf-of": name}).status_code == status_code
        assert [mailing.account for mailing in sandbox.mailings()] == accounts


NOT_FOUND = '{"errors": [{"field": null, "message": "not found"}]}'
NO_PAGE = "404 page not found\n"


@pytest.mark.parametrize(
    ("method", "path", "status_code", "text"),
    [
        ("POST", "/1/schedules/now", 404, NOT_FOUND),
        *[("GET", f"/{id}", 404, NOT_FOUND) for id in (1, "abc", "04900", 2**63)],
        *[("GET", path, 404, NO_PAGE) for path in ("/4900/x", "https://x.example/", "/4900/")],
        ("POST", "https://x.example/v3//campaigns/4900", 404, NO_PAGE),
        ("PUT", "/4900/schedules/now", 405, None),
        ("DELETE", "/4900/schedules/now", 405, None),
        *[("POST", path, 405, None) for path in ("/4900%2Fschedules%2Fnow", "/%34900")],
        *[("GET", path, 404, NOT_FOUND) for path in ("/4900%2Fschedules%2Fnow", "/%34900")],
    ],
)
def test_unknown_paths(sandbox: FixedSandbox, method: str, path: str, status_code: int, text: str | None) -> None:
    answer = sandbox.ask(method, path)
    assert answer.status_code == status_code
    assert text is None or answer.text == text
    assert sandbox.requests()[-1].status_code == status_code
    assert sandbox.mailed == []


@pytest.mark.parametrize(("status", "later"), [("In Progress", "Sent"), ("Sent", "Sent"), ("Paused", "Paused")])
def test_campaigns_created_in_a_status(sandbox: FixedSandbox, status: str, later: str) -> None:
    campaign_id = sandbox.create_campaign(status=status)
    assert [sandbox.status(campaign_id), sandbox.wait(60).status(campaign_id)] == [status, later]
    assert sandbox.mailings() == []
    sandbox.set_status(campaign_id, "Hibernating")
    assert sandbox.status(campaign_id) == "Hibernating"


def test_a_campaign_created_scheduled_mails_without_a_request(sandbox: FixedSandbox) -> None:
    send_at = sandbox.now() + timedelta(hours=1)
    campaign_id = sandbox.create_campaign(status="Scheduled", send_at=send_at)
    assert sandbox.wait(3_599).mailings() == []
    (mailing,) = sandbox.wait(10).mailings()
    assert (mailing.campaign_id, mailing.at, mailing.request) == (campaign_id, send_at, None)


def test_resources(sandbox: FixedSandbox) -> None:
    sandbox.add_resource("list", 556, recipients=20, on_behalf_of="acme")
    assert sandbox.do("update", body={"list_ids": [556]}).status_code == 400
    sandbox.add_resource("list", 555, recipients=20)
    assert sandbox.do("update", body={"list_ids": [555, 555], "segment_ids": None}).status_code == 200
    for verified, status_code in ((False, 400), (True, 200)):
        sandbox.add_resource("sender", 777, verified=verified)
        assert sandbox.do("update", body={"sender_id": 777}).status_code == status_code
    sandbox.send()
    assert sandbox.mailings()[0].recipients == 20  # once, though the campaign names the list twice


def test_mail_takes_credits_of_its_account(sandbox: FixedSandbox) -> None:
    sandbox.set_credits(1630)
    assert [sandbox.send(), sandbox.do("send", sandbox.create_campaign()).status_code] == [201, 400]
    acme = {"headers": {"on-behalf-of": "acme"}}
    sandbox.set_credits(1629, on_behalf_of="acme")
    assert sandbox.do("send", 4901, **acme).status_code == 400
    sandbox.set_credits(1630, on_behalf_of="acme")
    assert sandbox.do("send", 4901, **acme).status_code == 201


def test_account_id_names_a_customer_account(sandbox: FixedSandbox) -> None:
    sandbox.add_account("B7")
    campaign_id = sandbox.create_campaign(account_id="B7")
    assert sandbox.create_campaign(on_behalf_of="account-id B7") == campaign_id + 1
    sandbox.add_resource("list", 555, recipients=20, account_id="B7")
    sandbox.add_key("SG.b7", account_id="B7", scopes="marketing_campaigns.update")
    sandbox.set_credits(20, account_id="B7")
    for list_id, status_code in ((555, 200), (556, 400)):
        body = {"list_ids": [list_id], "segment_ids": None}
        assert sandbox.do("update", campaign_id, body, key="SG.b7").status_code == status_code
    sent = [sandbox.do("send", id, headers={"on-behalf-of": "account-id B7"}) for id in (campaign_id, campaign_id + 1)]
    assert [answer.status_code for answer in sent] == [201, 400]  # no credits are left


def test_a_mailing_shows_the_campaign_as_it_was(sandbox: FixedSandbox) -> None:
    changed = {"subject": "Summer", "plain_content": "Sun! [unsubscribe]", "html_content": None, "list_ids": [124]}
    sandbox.do("update", body=changed)
    sandbox.do("schedule")
    sandbox.advance(timedelta(hours=2))
    sandbox.do("delete")
    (mailing,) = sandbox.mailings()
    assert (mailing.subject, mailing.plain_content, mailing.html_content) == ("Summer", "Sun! [unsubscribe]", None)
    assert (mailing.sender_id, mailing.list_ids, mailing.recipients) == (124451, (124,), 350 + 80)
    assert "unsubscribe" not in repr(mailing)


def test_a_record_has_the_body_and_the_headers_without_the_key(tmp_path: Path) -> None:
    with FixedSandbox(tmp_path / "kept.db") as sandbox:
        sandbox.do("update", body={"subject": "Größe"}, headers={"X-Own": "1"}, key="SG.nobody")
        sandbox.do("update", body=b"\xff")
        sandbox.do("get", headers={"AUTHORIZATION": "Bearer SG.nobody"})
        update, broken, get = sandbox.requests()
    assert (json.loads(update.body), update.headers["x-own"]) == ({"subject": "Größe"}, "1")
    assert (broken.body, get.body) == ("\N{REPLACEMENT CHARACTER}", "")
    assert all("authorization" not in record.headers for record in (update, broken, get))
    assert hash(get) == hash(replace(get, headers={}))
    assert "Größe" not in repr(update)
    assert all(b"SG.nobody" not in file.read_bytes() for file in tmp_path.iterdir())


def test_frozen_time_is_the_sandboxs_time(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()
    client = style.of(sandbox)
    monkeypatch.setattr("time.time", lambda: START)
    assert sandbox.now().timestamp() == START
    style.do(client.schedule, 4900, sandbox.now() + timedelta(hours=1))
    assert sandbox.mailings() == []
    monkeypatch.setattr("time.time", lambda: START + 3_600)
    assert [mailing.at.timestamp() for mailing in sandbox.mailings()] == [START + 3_600]
    sandbox.advance(60)
    assert style.do(client.get, 4900).status == "Sent"


def test_the_repr_says_what_is_in_it(sandbox: FixedSandbox) -> None:
    sandbox.create_campaign(status="Scheduled", send_at=sandbox.now() + timedelta(seconds=5))
    sandbox.do("get")
    sandbox.advance(5)
    assert repr(sandbox) == "Sandbox(campaigns=4, requests=1, mailings=1, now=2027-01-15 08:00:05+00:00)"
    sandbox.close()
    assert repr(sandbox) == "Sandbox(closed)"
    assert repr(object.__new__(Sandbox)) == "Sandbox(closed)"


def test_a_closed_sandbox_says_so(sandbox: FixedSandbox) -> None:
    sandbox.close()
    for call in (sandbox.mailings, sandbox.now, sandbox.create_campaign, lambda: sandbox.do("get")):
        with pytest.raises(RuntimeError, match="the sandbox is closed"):
            call()


def test_ledgers(sandbox: FixedSandbox) -> None:
    other = sandbox.create_campaign()
    for to in ("a@example.com", ["b@example.com", "c@example.com"]):
        sandbox.do("send_test", body={"to": to})
    assert sandbox.mailings() == []
    sandbox.do("send_test", 4901, headers={"on-behalf-of": "acme"})
    for campaign_id in (4900, other):
        sandbox.do("send", campaign_id)
    assert [test.addresses for test in sandbox.tests(4900)] == [("a@example.com",), ("b@example.com", "c@example.com")]
    assert [test.campaign_id for test in sandbox.tests()] == [4900, 4900, 4901]
    assert [mailing.campaign_id for mailing in sandbox.mailings(other)] == [other]
    assert [(mailing.campaign_id, mailing.recipients) for mailing in sandbox.mailings()] == [
        (4900, 1630),
        (other, 1630),
    ]
    assert [(request.number, request.on_behalf_of) for request in sandbox.requests()] == [
        *((1, None), (2, None), (3, "acme"), (4, None), (5, None)),
    ]
    assert {entry.at.timestamp() for entry in (*sandbox.tests(), *sandbox.mailings(), *sandbox.requests())} == {START}


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda it: it.create_campaign(subjekt="x"), TypeError, "campaigns have no field subjekt; they have title, su"),
        (lambda it: it.create_campaign(list_ids="110"), TypeError, "wrong type"),
        (lambda it: it.create_campaign(html_content=5), TypeError, "wrong type"),
        (lambda it: it.create_campaign(status="draft"), ValueError, "'draft' is none of Draft, Scheduled.*'Draft'"),
        (lambda it: it.create_campaign(status="Scheduled"), ValueError, "send_at"),
        (lambda it: it.create_campaign(send_at=it.now()), ValueError, "send_at"),
        (lambda it: it.create_campaign(on_behalf_of="nobody"), ValueError, r"no account 'nobody': add_subuser\(\)"),
        (lambda it: it.create_campaign(account_id="acme"), ValueError, "no account 'account-id acme'"),
        (lambda it: it.set_credits(5, account_id="A123", on_behalf_of="acme"), ValueError, "give one of them"),
        (lambda it: it.add_resource("lists", 5), ValueError, "kind 'lists' is none of sender, list,.*'list'"),
        (lambda it: it.set_status(1, "Paused"), ValueError, "there is no campaign 1"),
        (lambda it: it.add_subuser("acme"), ValueError, "already is an account 'acme'"),
        (lambda it: it.add_account("A123"), ValueError, "already is an account 'account-id A123'"),
        (lambda it: it.add_key(""), ValueError, "must not be empty"),
        *[(lambda it, n=n: it.advance(n), ValueError, "clock") for n in (-1, math.inf, math.nan, 1e12)],
        (lambda it: it.advance(timedelta(-1)), ValueError, "clock"),
        *[(lambda it, n=n: it.advance(n), TypeError, "number of seconds, or a timedelta") for n in ("5", None, True)],
        (lambda it: Sandbox("/"), ValueError, "cannot keep its state in '/': unable to open.*Give the path of a new"),
        (lambda it: Sandbox(__file__), ValueError, "file is not a database"),
        (lambda it: Sandbox(Knobs()), TypeError, "path is the path of a file"),
        (lambda it: Sandbox(knobs={"lead": 5}), TypeError, "knobs is a Knobs"),
        (lambda it: it.client(""), ConfigurationError, "key"),
    ],
)
def test_invalid_calls_change_nothing(
    sandbox: FixedSandbox, call: Callable[[Sandbox], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call(sandbox)
    assert sandbox.time == START
    assert sandbox.send() == 201
    assert [item["id"] for item in sandbox.do("list").json()["result"]] == [4900]


def open_in_a_process(path: str) -> str | None:
    with FixedSandbox(path) as sandbox:
        return sandbox.status()


def test_processes_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=FORKS) as pool:
        for number in range(20):
            path = str(tmp_path / f"new-{number}.db")
            assert list(pool.map(open_in_a_process, [path] * 4)) == ["Draft"] * 4


def test_a_garbage_sandbox_is_closed(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox.db")
    close = sandbox._state._close
    assert close.alive
    del sandbox
    gc.collect()
    assert not close.alive
