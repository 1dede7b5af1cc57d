"""The sandbox: the service's transitions and texts, accounts kept apart, a ledger, and time that moves when told."""

import gc
import json
import math
import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles import Colour
from sendgrid_campaigns import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    NotInDraftError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    SendReceipt,
)
from sendgrid_campaigns.sandbox import Knobs, Sandbox

START = 1_800_000_000.0
NOW = "https://api.sendgrid.com/v3/campaigns/{}/schedules/now"
HEADERS = {"Authorization": "Bearer SG.sandbox"}


@pytest.fixture(params=["memory", "file"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    path = tmp_path / "sandbox.db" if request.param == "file" else None
    with Sandbox(path, clock=lambda: START) as sandbox:
        yield sandbox


def client(colour: Colour, sandbox: Sandbox, api_key: str = "SG.sandbox") -> Any:
    return sandbox.client(api_key) if colour.http_class is httpx.Client else sandbox.async_client(api_key)


def raw(sandbox: Sandbox, method: str, url: str, **headers: str) -> httpx.Response:
    with httpx.Client(transport=sandbox.transport()) as http:
        return http.request(method, url, headers={**HEADERS, **headers})


# --- send now ---


def test_send_mails_once(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    assert colour.do(campaigns.get, 4900).status == "Draft"
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, "Scheduled")
    (mailing,) = sandbox.mailings(4900)
    assert (mailing.campaign_id, mailing.account, mailing.recipients) == (4900, None, 1630)
    assert mailing.at.timestamp() == START
    assert mailing.request is not None
    assert (mailing.request.number, mailing.request.method) == (3, "POST")
    assert colour.error(NotInDraftError, campaigns.send, 4900).status == "In Progress"
    assert sandbox.mailings() == [mailing]


def test_the_second_send_is_refused_on_the_wire(sandbox: Sandbox) -> None:
    first, second = raw(sandbox, "POST", NOW.format(4900)), raw(sandbox, "POST", NOW.format(4900))
    assert (first.status_code, first.json()) == (201, {"id": 4900, "status": "Scheduled"})
    message = "You may only send a campaign when it is in draft mode."
    assert (second.status_code, second.json()) == (403, {"errors": [{"field": None, "message": message}]})
    assert len(sandbox.mailings()) == 1


def test_time_takes_a_mailing_through_its_statuses(colour: Colour) -> None:
    with Sandbox(clock=lambda: START, knobs=Knobs(lead=10, duration=60)) as sandbox:
        campaigns = client(colour, sandbox)
        colour.do(campaigns.send, 4900)
        seen = []
        for seconds in (0, 9.9, 0.1, 59.9, 0.1, 10_000):
            sandbox.advance(seconds)
            seen.append((colour.do(campaigns.get, 4900).status, len(sandbox.mailings())))
        assert seen == [
            ("Scheduled", 0),
            ("Scheduled", 0),
            ("In Progress", 1),
            ("In Progress", 1),
            ("Sent", 1),
            ("Sent", 1),
        ]
        assert sandbox.now().timestamp() == START + 10_070
        assert sandbox.mailings()[0].at.timestamp() == START + 10


@pytest.mark.parametrize("status", ["Scheduled", "In Progress", "Sent", "Paused", "Canceled"])
def test_only_a_draft_is_sent(sandbox: Sandbox, status: str) -> None:
    send_at = sandbox.now() + timedelta(hours=1) if status == "Scheduled" else None
    campaign_id = sandbox.create_campaign(status=status, send_at=send_at)
    assert raw(sandbox, "POST", NOW.format(campaign_id)).status_code == 403
    assert raw(sandbox, "GET", f"https://api.sendgrid.com/v3/campaigns/{campaign_id}").json()["status"] == status
    assert sandbox.mailings() == []


TAG = "An [unsubscribe] tag in both your html and plain content is required to send a campaign."
MISSING: list[tuple[dict[str, Any], list[tuple[str | None, str]]]] = [
    ({"subject": None}, [("subject", "subject can't be blank")]),
    ({"subject": ""}, [("subject", "subject can't be blank")]),
    ({"sender_id": None}, [("sender_id", "sender_id can't be blank")]),
    (
        {"html_content": None, "plain_content": None},
        [("plain_content", "plain_content can't be blank, please provide plain text or html content")],
    ),
    (
        {"list_ids": [], "segment_ids": None},
        [("list_id", "You must select at least 1 segment or 1 list to send to.")],
    ),
    ({"html_content": "<html>"}, [("unsubscribe_tag", TAG)]),
    ({"plain_content": "plain"}, [("unsubscribe_tag", TAG)]),
    (
        {"suppression_group_id": None, "custom_unsubscribe_url": ""},
        [
            (
                "suppression_group_id",
                "Either a suppression_group_id or custom_unsubscribe_url is required to send a campaign.",
            )
        ],
    ),
    (
        {"subject": None, "sender_id": None},
        [("subject", "subject can't be blank"), ("sender_id", "sender_id can't be blank")],
    ),
]


@pytest.mark.parametrize(("fields", "problems"), MISSING, ids=str)
def test_what_is_missing_is_named(
    colour: Colour, sandbox: Sandbox, fields: dict[str, Any], problems: list[tuple[str | None, str]]
) -> None:
    campaign_id = sandbox.create_campaign(**fields)
    campaigns = client(colour, sandbox)
    error = colour.error(BadRequestError, campaigns.send, campaign_id)
    assert [(detail.field, detail.message) for detail in error.errors] == problems
    assert colour.do(campaigns.get, campaign_id).is_draft
    assert sandbox.mailings() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"list_ids": None},
        {"segment_ids": None},
        {"plain_content": None},
        {"html_content": None},
        {"suppression_group_id": None, "custom_unsubscribe_url": "https://example.com/out"},
        {"ip_pool": None, "categories": None},
    ],
    ids=str,
)
def test_what_is_not_missed(colour: Colour, sandbox: Sandbox, fields: dict[str, Any]) -> None:
    assert colour.do(client(colour, sandbox).send, sandbox.create_campaign(**fields)).status == "Scheduled"


def test_credits_are_spent(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.set_credits(2 * 1630 - 1)
    campaigns = client(colour, sandbox)
    colour.do(campaigns.send, 4900)
    error = colour.error(BadRequestError, campaigns.send, sandbox.create_campaign())
    assert "You do not have enough credits" in str(error)
    assert len(sandbox.mailings()) == 1


# --- who may ---


def test_accounts_are_kept_apart(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    views = [campaigns, campaigns.on_behalf_of("acme"), campaigns.on_behalf_of(account_id="A123")]
    for own, view in zip((4900, 4901, 4902), views, strict=True):
        for campaign_id in {4900, 4901, 4902} - {own}:
            colour.error(NotFoundError, view.send, campaign_id)
        colour.do(view.send, own)
    assert [(mailing.campaign_id, mailing.account) for mailing in sandbox.mailings()] == [
        (4900, None),
        (4901, "acme"),
        (4902, "account-id A123"),
    ]
    assert [mailing.request.on_behalf_of for mailing in sandbox.mailings() if mailing.request] == [
        None,
        "acme",
        "account-id A123",
    ]


def test_credits_are_an_accounts_own(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.set_credits(0, on_behalf_of="acme")
    campaigns = client(colour, sandbox)
    colour.error(BadRequestError, campaigns.on_behalf_of("acme").send, 4901)
    colour.do(campaigns.send, 4900)


def test_more_accounts(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.add_subuser("beta")
    sandbox.add_account("B7")
    campaigns = client(colour, sandbox)
    beta, b7 = sandbox.create_campaign(on_behalf_of="beta"), sandbox.create_campaign(on_behalf_of="account-id B7")
    assert colour.do(campaigns.on_behalf_of("beta").send, beta).id == beta
    assert colour.do(campaigns.on_behalf_of(account_id="B7").send, b7).id == b7
    with pytest.raises(ValueError, match=r"no account is 'nobody': add_subuser\(\)"):
        sandbox.create_campaign(on_behalf_of="nobody")


@pytest.mark.parametrize("key", ["SG.other", "SG.sandbox2"])
def test_a_key_that_is_not_known(colour: Colour, sandbox: Sandbox, key: str) -> None:
    colour.error(AuthenticationError, client(colour, sandbox, key).send, 4900)


@pytest.mark.parametrize("value", ["", "SG.sandbox", "Basic SG.sandbox", "Bearer"])
def test_authorization_that_is_none(sandbox: Sandbox, value: str) -> None:
    answer = raw(sandbox, "POST", NOW.format(4900), Authorization=value)
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"field": None, "message": "authorization required"}]}


def test_something_that_looks_like_a_live_key_is_refused(colour: Colour, sandbox: Sandbox) -> None:
    live = f"SG.{'a' * 22}.{'b' * 43}"
    sandbox.add_key(live)
    error = colour.error(AuthenticationError, client(colour, sandbox, live).send, 4900)
    assert "this is a sandbox, and that looks like a live key" in str(error)
    assert live not in str(error)


def test_scopes(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    sandbox.add_key("SG.writer", scopes=["marketing_campaigns.create"])
    reader, writer = client(colour, sandbox, "SG.reader"), client(colour, sandbox, "SG.writer")
    assert colour.do(reader.get, 4900).is_draft
    assert "access forbidden" in str(colour.error(PermissionDeniedError, reader.send, 4900))
    colour.error(PermissionDeniedError, writer.get, 4900)
    assert sandbox.mailings() == []


def test_a_subusers_own_key(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.add_key("SG.acme", on_behalf_of="acme")
    acme = client(colour, sandbox, "SG.acme")
    assert colour.do(acme.send, 4901).id == 4901
    colour.error(NotFoundError, acme.send, 4900)
    colour.error(PermissionDeniedError, acme.on_behalf_of(account_id="A123").send, 4902)


@pytest.mark.parametrize(("knob", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
def test_nobody_of_that_name(colour: Colour, knob: Any, kind: type[Exception]) -> None:
    sandbox = Sandbox(knobs=Knobs(unknown_on_behalf_of=knob))
    colour.error(kind, client(colour, sandbox).on_behalf_of("nobody").send, 4900)
    assert sandbox.mailings() == []


def test_the_danger_that_a_knob_shows(colour: Colour) -> None:
    sandbox = Sandbox(knobs=Knobs(unknown_on_behalf_of="parent"))
    colour.do(client(colour, sandbox).on_behalf_of("nobody").send, 4900)
    assert [mailing.account for mailing in sandbox.mailings()] == [None]


# --- the rest of the wire ---


def test_get_answers_every_field_null_when_unset(sandbox: Sandbox) -> None:
    campaign_id = sandbox.create_campaign(subject=None, list_ids=None)
    body = raw(sandbox, "GET", f"https://api.sendgrid.com/v3/campaigns/{campaign_id}").json()
    assert sorted(body) == [
        "categories",
        "custom_unsubscribe_url",
        "editor",
        "html_content",
        "id",
        "ip_pool",
        "list_ids",
        "plain_content",
        "segment_ids",
        "sender_id",
        "status",
        "subject",
        "suppression_group_id",
        "title",
    ]
    assert (body["subject"], body["list_ids"], body["editor"]) == (None, None, "code")


@pytest.mark.parametrize(
    ("method", "path", "status_code", "text"),
    [
        ("GET", "/v3/campaigns/1", 404, '{"errors": [{"field": null, "message": "not found"}]}'),
        ("POST", "/v3/campaigns/1/schedules/now", 404, '{"errors": [{"field": null, "message": "not found"}]}'),
        ("PUT", "/v3/campaigns/4900/schedules/now", 405, None),
        ("DELETE", "/v3/campaigns/4900/schedules/now", 405, None),
        ("GET", "/v3/campaigns/4900/x", 404, "404 page not found\n"),
        ("GET", "/v3/campaigns/abc", 404, '{"errors": [{"field": null, "message": "not found"}]}'),
        ("GET", "/v3/campaigns/04900", 404, '{"errors": [{"field": null, "message": "not found"}]}'),
        ("GET", "/v3/campaigns/9223372036854775808", 404, '{"errors": [{"field": null, "message": "not found"}]}'),
        ("GET", "/", 404, "404 page not found\n"),
    ],
)
def test_other_requests(sandbox: Sandbox, method: str, path: str, status_code: int, text: str | None) -> None:
    answer = raw(sandbox, method, f"https://api.sendgrid.com{path}")
    assert answer.status_code == status_code
    assert text is None or answer.text == text
    assert sandbox.requests()[-1].status_code == status_code


def test_the_ledger_of_requests(sandbox: Sandbox) -> None:
    raw(sandbox, "GET", "https://api.sendgrid.com/v3/campaigns/4900")
    raw(sandbox, "POST", NOW.format(4901), **{"on-behalf-of": "acme"})
    first, second = sandbox.requests()
    assert (first.number, first.method, first.path, first.on_behalf_of, first.status_code) == (
        *(1, "GET", "/v3/campaigns/4900", None, 200),
    )
    assert (second.path, second.on_behalf_of, second.status_code) == ("/v3/campaigns/4901/schedules/now", "acme", 201)
    assert first.at.timestamp() == START


def test_python_calls_that_are_wrong(sandbox: Sandbox) -> None:
    with pytest.raises(TypeError, match="campaigns have no field subjekt; they have title, subject"):
        sandbox.create_campaign(subjekt="x")
    with pytest.raises(ValueError, match="time goes on"):
        sandbox.advance(-1)
    with pytest.raises(ConfigurationError):
        sandbox.client("")


def test_waiting_moves_the_sandboxs_clock_only(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    clock = campaigns._settings.clock
    if colour.http_class is httpx.Client:
        clock.sleep(3_600)
    else:
        colour.do(clock.sleep_async, 3_600)
    assert sandbox.now().timestamp() == START + 3_600
    assert clock.monotonic() == clock.time() == START + 3_600


# --- control calls ---


def test_what_only_the_web_interface_can_do(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.set_status(4900, "Paused")
    assert colour.error(NotInDraftError, client(colour, sandbox).send, 4900).status == "Paused"
    sandbox.set_status(4900, "Hibernating")
    assert colour.do(client(colour, sandbox).get, 4900).status == "Hibernating"
    with pytest.raises(ValueError, match="there is no campaign 1"):
        sandbox.set_status(1, "Paused")


def test_resources(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    colour.error(BadRequestError, campaigns.update, 4900, list_ids=[555])
    sandbox.add_resource("list", 555, recipients=20)
    colour.do(campaigns.update, 4900, list_ids=[555], segment_ids=None)
    sandbox.add_resource("sender", 777, verified=False)
    error = colour.error(BadRequestError, campaigns.update, 4900, sender_id=777)
    assert error.errors[0].message == "sender_id is not a verified sender identity"
    sandbox.add_resource("sender", 777)
    colour.do(campaigns.update, 4900, sender_id=777)
    colour.do(campaigns.send, 4900)
    assert sandbox.mailings(4900)[0].recipients == 20
    sandbox.add_resource("list", 556, recipients=20, on_behalf_of="acme")
    colour.error(BadRequestError, campaigns.update, sandbox.create_campaign(), list_ids=[556])


def test_tests_are_kept(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    colour.do(campaigns.send_test, 4900, "a@example.com")
    colour.do(campaigns.send_test, 4900, ["b@example.com", "c@example.com"])
    colour.do(campaigns.on_behalf_of("acme").send_test, 4901, "d@example.com")
    assert [test.addresses for test in sandbox.tests(4900)] == [("a@example.com",), ("b@example.com", "c@example.com")]
    assert [test.campaign_id for test in sandbox.tests()] == [4900, 4900, 4901]
    assert sandbox.tests()[0].at.timestamp() == START
    assert sandbox.mailings() == []


def test_the_ledger_of_one_campaign(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    other = sandbox.create_campaign()
    for campaign_id in (4900, other):
        colour.do(campaigns.send, campaign_id)
    assert [mailing.campaign_id for mailing in sandbox.mailings(other)] == [other]
    assert len(sandbox.mailings()) == 2


def test_time_that_is_moved_mails_without_a_request(sandbox: Sandbox) -> None:
    send_at = sandbox.now() + timedelta(hours=1)
    campaign_id = sandbox.create_campaign(status="Scheduled", send_at=send_at)
    sandbox.advance(3_599)
    assert sandbox.mailings() == []
    sandbox.advance(10)
    (mailing,) = sandbox.mailings()
    assert (mailing.campaign_id, mailing.at, mailing.request) == (campaign_id, send_at, None)


@pytest.mark.parametrize(("status", "later"), [("In Progress", "Sent"), ("Sent", "Sent"), ("Paused", "Paused")])
def test_campaigns_made_in_a_status(colour: Colour, sandbox: Sandbox, status: str, later: str) -> None:
    campaign_id = sandbox.create_campaign(status=status)
    campaigns = client(colour, sandbox)
    assert colour.do(campaigns.get, campaign_id).status == status
    sandbox.advance(60)
    assert colour.do(campaigns.get, campaign_id).status == later
    assert sandbox.mailings() == []


def test_credits_of_exactly_one_mailing(colour: Colour, sandbox: Sandbox) -> None:
    sandbox.set_credits(1630)
    campaigns = client(colour, sandbox)
    colour.do(campaigns.send, 4900)
    colour.error(BadRequestError, campaigns.send, sandbox.create_campaign())
    colour.do(campaigns.on_behalf_of("acme").send, 4901)  # credits of its own


@pytest.mark.parametrize(
    ("knobs", "kind"),
    [
        ({"unknown_on_behalf_of": "parents"}, ValueError),
        ({"lead": -1}, ValueError),
        ({"lead": math.nan}, ValueError),
        ({"duration": 1e10}, ValueError),
        ({"rate_window": 0}, ValueError),
        ({"rate_reset": "both"}, ValueError),
        ({"colour": 1}, TypeError),
    ],
)
def test_knobs_that_are_none(knobs: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Knobs(**knobs)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda sandbox: sandbox.create_campaign(list_ids="110"), TypeError),
        (lambda sandbox: sandbox.create_campaign(html_content=5), TypeError),
        (lambda sandbox: sandbox.create_campaign(status="draft"), ValueError),
        (lambda sandbox: sandbox.create_campaign(status="Scheduled"), ValueError),
        (lambda sandbox: sandbox.create_campaign(send_at=sandbox.now()), ValueError),
        (lambda sandbox: sandbox.add_subuser("acme"), ValueError),
        (lambda sandbox: sandbox.add_account("A123"), ValueError),
        (lambda sandbox: sandbox.add_key(""), ValueError),
        (lambda sandbox: sandbox.advance(math.inf), ValueError),
        (lambda sandbox: sandbox.advance(math.nan), ValueError),
        (lambda sandbox: sandbox.advance(1e12), ValueError),
    ],
)
def test_control_calls_that_are_wrong_change_nothing(sandbox: Sandbox, call: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        call(sandbox)
    assert sandbox.now().timestamp() == START
    assert sandbox.client().send(4900).status == "Scheduled"


@pytest.mark.parametrize("name", ["", "Acme", " acme", "acme ", "nobody", "account-id", "account-id acme", "A123"])
def test_no_on_behalf_of_but_the_exact_one(sandbox: Sandbox, name: str) -> None:
    assert (
        raw(sandbox, "GET", "https://api.sendgrid.com/v3/campaigns/4900", **{"on-behalf-of": name}).status_code == 401
    )


@pytest.mark.parametrize(
    "path",
    ["/v3/campaigns/4900%2Fschedules%2Fnow", "/v3/campaigns/%34900", "/v3/campaigns/4900/", "/v3//campaigns/4900"],
)
def test_paths_are_taken_as_they_were_sent(sandbox: Sandbox, path: str) -> None:
    assert raw(sandbox, "POST", f"https://api.sendgrid.com{path}").status_code in (404, 405)
    assert raw(sandbox, "GET", f"https://api.sendgrid.com{path}").status_code == 404
    assert sandbox.mailings() == []


def test_patience_given_to_a_client_of_the_sandbox(colour: Colour) -> None:
    sandbox = Sandbox(clock=lambda: START, knobs=Knobs(rate_limit=1, rate_window=60))
    make = sandbox.client if colour.http_class is httpx.Client else sandbox.async_client
    colour.do(make().get, 4900)
    colour.error(RateLimitError, make(retry=Retry(attempts=1)).get, 4900)
    colour.do(make().get, 4900)  # waits, in the sandbox's time
    assert sandbox.now().timestamp() > START + 59


def test_a_closed_sandbox_client_is_closed(colour: Colour, sandbox: Sandbox) -> None:
    campaigns = client(colour, sandbox)
    colour.close(campaigns)
    assert "is closed" in str(colour.error(ConfigurationError, campaigns.get, 4900))


def test_a_sandbox_that_nobody_holds_is_closed(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox.db")
    close = sandbox._state._close
    assert close.alive
    del sandbox
    gc.collect()
    assert not close.alive


# --- one state, many hands ---


def test_threads_mail_once(sandbox: Sandbox) -> None:
    together = threading.Barrier(16)

    def send(_: int) -> str:
        together.wait()
        try:
            return sandbox.client().send(4900).status or ""
        except (NotInDraftError, OutcomeUnknownError) as error:
            return type(error).__name__

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    assert answers.count("Scheduled") == 1
    assert len(sandbox.mailings()) == 1


def _send_in_a_process(path: str) -> list[int]:
    sandbox = Sandbox(path)
    return [raw(sandbox, "POST", NOW.format(4900 + i)).status_code for i in range(3, 43)]


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "shared.db")
    sandbox = Sandbox(path)
    assert [sandbox.create_campaign() for _ in range(40)] == list(range(4903, 4943))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        answers = list(pool.map(_send_in_a_process, [path, path]))
    assert sorted(answer for pair in zip(*answers, strict=True) for answer in pair) == [201] * 40 + [403] * 40
    assert all(sorted(pair) == [201, 403] for pair in zip(*answers, strict=True))
    assert len(sandbox.mailings()) == 40


def test_a_file_keeps_the_state(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    with Sandbox(path, clock=lambda: START) as sandbox:
        sandbox.client().send(4900)
        sandbox.advance(90)
        before = sandbox.mailings()
    with Sandbox(path, clock=lambda: START) as sandbox:
        assert sandbox.now().timestamp() == START + 90
        assert sandbox.mailings() == before
        with pytest.raises(NotInDraftError, match="Sent"):
            sandbox.client().send(4900)
        assert json.loads(raw(sandbox, "GET", "https://api.sendgrid.com/v3/campaigns/4900").text)["status"] == "Sent"


# --- what `make fuzz` found ---

CAMPAIGNS = "https://api.sendgrid.com/v3/campaigns"


def ask(sandbox: Sandbox, method: str, url: str, **given: Any) -> httpx.Response:
    with httpx.Client(transport=sandbox.transport(), headers=HEADERS) as http:
        return http.request(method, url, **given)


def test_a_null_editor_is_none_of_the_two(sandbox: Sandbox) -> None:
    for method, url in (("POST", CAMPAIGNS), ("PATCH", f"{CAMPAIGNS}/4900")):
        answer = ask(sandbox, method, url, json={"title": "x", "editor": None})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"].startswith("editor must be 'code' or 'design' if included.")


def test_campaign_fields_mean_nothing_to_schedules_and_tests(sandbox: Sandbox) -> None:
    stray = {"subject": 1, "sender_id": "0"}
    send_at = int(sandbox.now().timestamp()) + 60
    for path, body in (("/test", {"to": "a@example.com"}), ("", {"send_at": send_at})):
        assert ask(sandbox, "POST", f"{CAMPAIGNS}/4900/schedules{path}", json={**body, **stray}).status_code == 201


def test_a_whole_number_is_an_integer_however_written(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "POST", CAMPAIGNS, json={"title": "x", "list_ids": [110.0]})
    assert (answer.status_code, answer.json()["list_ids"]) == (201, [110])
    assert ask(sandbox, "POST", CAMPAIGNS, json={"title": "x", "list_ids": [110.5]}).status_code == 400


def test_the_least_and_the_largest_time(sandbox: Sandbox) -> None:
    url = f"{CAMPAIGNS}/4900/schedules"
    assert ask(sandbox, "POST", url, json={"send_at": -(2**63)}).json()["errors"][0]["field"] == "send_at"
    assert ask(sandbox, "POST", url, json={"send_at": 2**63 - 1}).status_code == 201
    assert ask(sandbox, "GET", url).json() == {"send_at": 2**63 - 1}


def test_more_than_ten_segments_are_refused(sandbox: Sandbox) -> None:
    for count, status_code in ((10, 201), (11, 400)):
        answer = ask(sandbox, "POST", CAMPAIGNS, json={"title": "x", "segment_ids": [110] * count})
        assert answer.status_code == status_code


@pytest.mark.parametrize(
    ("query", "status_code", "count"),
    [
        ({"limit": str(10**30)}, 200, 1),
        ({"limit": "0" * 30 + "1"}, 200, 1),
        ({"offset": str(10**30)}, 200, 0),
        ({"limit": "0" * 30}, 400, None),
        ({"limit": "ten"}, 400, None),
    ],
)
def test_a_page_of_any_size(sandbox: Sandbox, query: dict[str, str], status_code: int, count: int | None) -> None:
    answer = ask(sandbox, "GET", CAMPAIGNS, params=query)
    assert answer.status_code == status_code
    assert count is None or len(answer.json()["result"]) == count


def _open_in_a_process(path: str) -> str:
    with Sandbox(path) as sandbox:
        return sandbox.client().get(4900).status or ""


def test_processes_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        for number in range(20):
            path = str(tmp_path / f"new-{number}.db")
            assert list(pool.map(_open_in_a_process, [path] * 4)) == ["Draft"] * 4


def test_half_a_character_is_no_text(sandbox: Sandbox) -> None:
    with httpx.Client(transport=sandbox.transport(), headers=HEADERS) as http:
        body = b'{"title": "x", "ip_pool": "\\ud800"}'
        answer = http.post("https://api.sendgrid.com/v3/campaigns", content=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "The JSON you have submitted cannot be parsed."


def test_a_list_that_is_named_twice_is_mailed_once(colour: Colour, sandbox: Sandbox) -> None:
    colour.do(client(colour, sandbox).send, sandbox.create_campaign(list_ids=[110, 110], segment_ids=None))
    assert sandbox.mailings()[0].recipients == 1200


# --- the server's own side ---


def test_the_server_listens_on_loopback_only_from_the_start(sandbox: Sandbox) -> None:
    server = sandbox.serve()
    assert server._socket.getsockname()[0] == "127.0.0.1"
    assert httpx.get(f"{server.url}/v3/campaigns/4900", headers=HEADERS, trust_env=False).status_code == 200
    server.close()


def test_a_request_that_is_too_large(sandbox: Sandbox) -> None:
    with sandbox.serve() as server:
        body = bytes(17 * 2**20)
        answer = httpx.post(f"{server.url}/v3/campaigns", headers=HEADERS, content=body, trust_env=False)
    assert answer.status_code == 413
    assert sandbox.requests() == []


@pytest.mark.parametrize("body", [b'{"title": "x", "other": NaN}', '{"title": "x"}'.encode("utf-16"), b"\xff{}"])
def test_json_of_python_only(sandbox: Sandbox, body: bytes) -> None:
    with httpx.Client(transport=sandbox.transport(), headers=HEADERS) as http:
        assert http.post("https://api.sendgrid.com/v3/campaigns", content=body).status_code == 400


def test_a_key_that_is_longer_than_a_live_one_is_none(sandbox: Sandbox) -> None:
    key = f"SG.{'a' * 22}.{'b' * 44}"
    sandbox.add_key(key)
    assert sandbox.client(key).get(4900).is_draft


def test_seconds_left_are_rounded_up(tmp_path: Path) -> None:
    sandbox = Sandbox(clock=lambda: START + 0.5, knobs=Knobs(rate_limit=5, rate_reset="delta"))
    answer = raw(sandbox, "GET", "https://api.sendgrid.com/v3/campaigns/4900")
    assert answer.headers["x-ratelimit-reset"] == "60"
