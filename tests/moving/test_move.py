"""Moves of campaigns: what a plan says, what it makes, and that there is one draft, whatever fails and runs again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles import cases
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, SingleSendsClient, errors
from sendgrid_campaigns.cli import main
from sendgrid_campaigns.moving import Plan, move
from sendgrid_campaigns.sandbox import Canned, Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import CAMPAIGNS, READY, READY_SINGLE_SEND, own_id

LIST, OTHER = READY_SINGLE_SEND["list_ids"]
(SEGMENT,) = READY_SINGLE_SEND["segment_ids"]
PARTNERS = ["1b4e28ba-2fa1-4d2b-883f-0016d3cca427", "2b4e28ba-2fa1-4d2b-883f-0016d3cca427"]
ABSENT = "00000000-0000-4000-8000-000000000000"


def single_sends_of(sandbox: Sandbox) -> SingleSendsClient:
    http = httpx.Client(transport=sandbox.transport())
    return SingleSendsClient("SG.sandbox", base_url="https://sandbox.invalid", http_client=http, clock=sandbox.clock())


def planned(sandbox: Sandbox, campaign_id: int = 4900, **options: Any) -> Plan:
    """Plan by new clients, as another process would."""
    return move(sandbox.client(), single_sends_of(sandbox), campaign_id, **{"segments": {110: SEGMENT}, **options})


def made(sandbox: Sandbox) -> list[str]:
    """Return the ids of the single sends that moves have made."""
    found = sandbox.overview()["single_sends"]
    return [each["id"] for each in found if "(once move-" in each["title"]]


def writes(sandbox: Sandbox) -> list[str]:
    every = sandbox.requests()
    return [each.path for each in every if each.method != "GET" and not each.path.endswith("/search")]


# --- the whole way ---


@pytest.mark.parametrize(("campaign_id", "account"), CAMPAIGNS.items())
def test_a_campaign_is_moved_and_sent(campaign_id: int, account: str) -> None:
    with Sandbox() as sandbox:
        campaigns, single_sends = sandbox.client(), single_sends_of(sandbox)
        if account:
            name = {"account_id": account.split()[-1]} if " " in account else {"subuser": account}
            campaigns, single_sends = campaigns.on_behalf_of(**name), single_sends.on_behalf_of(**name)
        plan = move(campaigns, single_sends, campaign_id, segments={110: own_id(SEGMENT, account)})
        assert (plan.ready, plan.problems, plan.notes, writes(sandbox)) == (True, (), (), [])
        moved = plan.apply()
        assert (moved.already, moved.differing, made(sandbox)) == (False, (), [moved.single_send_id])
        assert "could both be sent now" in moved.warning
        assert campaigns.get(campaign_id).is_draft
        assert sandbox.mailings() == []
        assert single_sends.check(moved.single_send_id) == ()

        single_sends.ensure_sent(moved.single_send_id)
        sandbox.advance(200)
        (mailing,) = sandbox.mailings()
        assert (mailing.single_send_id, mailing.account) == (moved.single_send_id, account or None)
        assert (mailing.subject, mailing.recipients, mailing.sender_id) == (READY["subject"], 1630, 124451)
        assert mailing.html_content == READY["html_content"].replace("[unsubscribe]", "{{{unsubscribe}}}")
        assert mailing.plain_content == READY["plain_content"].replace("[unsubscribe]", "{{{unsubscribe}}}")


def test_a_plan_can_be_read() -> None:
    with Sandbox() as sandbox:
        plan = planned(sandbox, segments=None)
        assert repr(plan).startswith(
            "Plan(campaign_id=4900, on_behalf_of=None, name='March Newsletter (once move-4900)'"
        )
        assert "<html>" not in repr(plan) + str(plan)
        assert "\nrewritten  html_content            [unsubscribe] becomes {{{unsubscribe}}} (1x)\n" in str(plan)
        assert f"\ncarried    list_ids                send_to.list_ids: 110 becomes 'Newsletter' ({LIST})," in str(plan)
        data = json.loads(json.dumps(plan.to_dict()))
        assert (data["ready"], data["problems"][0]["field"]) == (False, "segment_ids")
        assert data["rewritten"]["plain_content"] == [{"old": "[unsubscribe]", "new": "{{{unsubscribe}}}", "times": 1}]
        assert not [name for name in data if name.startswith("_")]
        assert hash(plan) != hash(planned(sandbox))


# --- problems and notes ---


def partners(sandbox: Sandbox, *uuids: str, recipients: int = 9) -> None:
    sandbox.add_resource("list", 555, name="Partners", recipients=9)
    for uuid in uuids:
        sandbox.add_resource("list", uuid, name="Partners", recipients=recipients)


def many_lists(sandbox: Sandbox) -> None:
    for number in range(51):
        sandbox.add_resource("list", 1000 + number, name=f"Many {number}")
        sandbox.add_resource("list", f"{number:08}-2fa1-4d2b-883f-0016d3cca427", name=f"Many {number}")


def nothing(sandbox: Sandbox) -> None:
    pass


@cases(
    "fields options before field message remedy",
    (
        {"list_ids": [999]},
        {},
        nothing,
        "list_ids",
        "the account has no legacy list 999 any more",
        'lists={"999": "<uuid>"}',
    ),
    (
        {"list_ids": [555]},
        {},
        partners,
        "list_ids",
        "no list of contacts has the name of the legacy list 'Partners'",
        LIST,
    ),
    (
        *({"list_ids": [555]}, {}, lambda sandbox: partners(sandbox, *PARTNERS), "list_ids"),
        *("2 lists of contacts have the name of the legacy list 'Partners' (555)", f"'Partners' ({PARTNERS[1]})"),
    ),
    ({"list_ids": [110]}, {"lists": {110: ABSENT}}, nothing, "list_ids", f"110 is to become {ABSENT}, and", LIST),
    (
        *({"list_ids": [*range(1000, 1051)]}, {}, many_lists, "list_ids"),
        *("there are 51, and a single send has 50 at most", "Leave some out"),
    ),
    ({}, {"segments": None}, nothing, "segment_ids", "no way to carry segment 110 over is documented", SEGMENT),
    ({}, {"segments": {110: LIST}}, nothing, "segment_ids", f"110 is to become {LIST}, and", "'Bought in spring'"),
    (
        {"subject": "[%pet%]"},
        {},
        nothing,
        "subject",
        "[%pet%]: the account has no such field",
        "Make that custom field",
    ),
    ({"html_content": "<%asm_global_unsubscribe_raw_url%>"}, {}, nothing, "html_content", "no tag for this", "a link"),
    ({"plain_content": "{{x y}}"}, {}, nothing, "plain_content", "read these braces as Handlebars", "a space"),
    ({"categories": [*"abcdefghijk"]}, {}, nothing, "categories", "there are 11 categories", "Leave some out"),
)
def test_what_stops_a_move(
    fields: dict[str, Any], options: dict[str, Any], before: Callable[[Sandbox], None], field: str, message: str,
    remedy: str,
) -> None:  # fmt: skip
    with Sandbox() as sandbox:
        before(sandbox)
        plan = planned(sandbox, sandbox.create_campaign(**fields), **options)
        (problem,) = plan.problems
        assert problem.field == field
        assert message in problem.message
        assert remedy in problem.remedy
        assert str(problem) in str(plan).replace(f"{field:<22}  ", f"{field}: ")
        with pytest.raises(errors.NotAppliedError, match="was not moved: the plan has a problem") as raised:
            plan.apply()
        assert (raised.value.temporary, writes(sandbox)) == (False, [])


@cases(
    "fields options before",
    ({"list_ids": [555]}, {"lists": {"555": PARTNERS[1].upper()}}, lambda sandbox: partners(sandbox, *PARTNERS)),
    ({"subject": "[%pet%]"}, {}, lambda sandbox: sandbox.add_resource("custom_field", "e1_T", name="pet")),
    ({"list_ids": [110, 555]}, {"lists": {555: LIST, 7: ABSENT}}, partners),  # twice the same successor, and one unused
    ({"categories": ["a", "A", "b"]}, {}, nothing),
    ({"plain_content": None, "editor": "design"}, {}, nothing),
    ({"html_content": None, "categories": None}, {}, nothing),
    ({"suppression_group_id": None, "custom_unsubscribe_url": "https://example.com/u"}, {}, nothing),
    ({"title": None}, {}, nothing),
    ({"title": "t" * 100}, {}, nothing),
    (dict.fromkeys(READY), {}, nothing),
)
def test_what_is_read_back_is_as_planned(
    fields: dict[str, Any], options: dict[str, Any], before: Callable[[Sandbox], None]
) -> None:
    with Sandbox(knobs=Knobs(lowers_categories=True)) as sandbox:
        before(sandbox)
        plan = planned(sandbox, sandbox.create_campaign(**fields), **options)
        moved = plan.apply()
        assert (moved.differing, moved.name) == ((), plan.name)
        assert len(plan.name) <= 100
        found = single_sends_of(sandbox).get(moved.single_send_id).to_dict()
        assert found["name"] == plan.name
        sent = plan.single_send.get("email_config", {})
        assert {name: found["email_config"][name] for name in sent} == sent
        lists = plan.single_send.get("send_to", {}).get("list_ids", [])
        assert found["send_to"]["list_ids"] == lists
        assert len({*lists}) == len(lists)


EXTRA = Canned(200, {"Content-Type": "application/json"}, b'{"id": 4903, "status": "Draft", "is_split": true, "x": ""}')


@cases(
    "fields before field message",
    ({"status": "Sent"}, nothing, "status", 'the campaign is "Sent"'),
    ({"title": "t" * 100}, nothing, "title", "with the key of the move it may have 8"),
    (
        *({"list_ids": [555]}, lambda sandbox: partners(sandbox, PARTNERS[0], recipients=0), "list_ids"),
        "has 9 recipients, and its successor 0 contacts",
    ),
    ({}, lambda sandbox: sandbox.fault("get", answer=EXTRA), "is_split", "this version does not know the field"),
)
def test_what_to_look_at(fields: dict[str, Any], before: Callable[[Sandbox], None], field: str, message: str) -> None:
    with Sandbox() as sandbox:
        before(sandbox)
        plan = planned(sandbox, sandbox.create_campaign(**fields))
        (note,) = plan.notes
        assert note.field == field
        assert message in note.message
        assert f"note       {field}" in str(plan)
        assert plan.ready


# --- one draft ---


def interrupted(sandbox: Sandbox) -> None:
    def interrupt(sandbox: Sandbox) -> None:
        raise KeyboardInterrupt

    sandbox.act("create_single_send", 1, interrupt, when="after")


@cases(
    "knobs before ends",
    ({}, nothing, None),
    ({}, lambda sandbox: sandbox.lose_answer("create_single_send"), None),
    ({}, lambda sandbox: sandbox.fault("create_single_send", ending="refused"), None),
    ({}, lambda sandbox: sandbox.fault("create_single_send", effect="none", ending="reset"), None),
    ({}, lambda sandbox: sandbox.fault("create_single_send", effect="late", delay=20, ending="silence"), None),
    ({"staleness": 20}, nothing, None),
    ({}, interrupted, KeyboardInterrupt),
    ({}, lambda sandbox: sandbox.fault("get_single_send", times=4, answer=503), errors.ServerError),
    ({}, lambda sandbox: sandbox.fault("search_single_sends", times=4, answer=503), errors.ServerError),
    ({"staleness": 500}, nothing, errors.NotAppliedError),
    (
        *({}, lambda sandbox: sandbox.make_outcome_unknown("create_single_send", effect="done")),
        errors.OutcomeUnknownError,
    ),
    (
        *({}, lambda sandbox: sandbox.make_outcome_unknown("create_single_send", effect="none")),
        errors.OutcomeUnknownError,
    ),
)
def test_a_move_that_runs_again_makes_one_draft(
    knobs: dict[str, Any], before: Callable[[Sandbox], None], ends: type[BaseException] | None
) -> None:
    with Sandbox(knobs=Knobs(**knobs)) as sandbox:
        sandbox.advance(600)
        plan = planned(sandbox)
        before(sandbox)
        if ends:
            with pytest.raises(ends) as raised:
                plan.apply()
            assert "finds the draft" in str(raised.value) or not made(sandbox) or ends is KeyboardInterrupt
            sandbox.outage(0)
            sandbox.advance(600)
        first = plan.apply()
        sandbox.advance(600)
        again = planned(sandbox).apply()
        assert made(sandbox) == [first.single_send_id] == [again.single_send_id]
        assert (first.differing, again.differing, again.already) == ((), (), True)
        assert sandbox.mailings() == []


EMPTY = Canned(200, {"Content-Type": "application/json"}, b'{"result": null, "_metadata": {}}')


@cases("operation", "search_single_sends", "list_single_sends")
def test_the_search_or_else_the_list_finds_the_draft(operation: str) -> None:
    with Sandbox() as sandbox:
        moved = planned(sandbox).apply()
        sandbox.fault(operation, answer=EMPTY)
        assert planned(sandbox).apply().already
        assert made(sandbox) == [moved.single_send_id]
        sandbox.forget_faults()  # the list is not read when the search has found the draft


def test_a_draft_that_somebody_changed_stays_as_it_is() -> None:
    with Sandbox() as sandbox:
        moved = planned(sandbox).apply()
        changes: Any = {"email_config": {"subject": "Mine"}, "send_to": {"all": True}}
        single_sends_of(sandbox).update(moved.single_send_id, **changes)
        before = len(writes(sandbox))
        found = {each.field: (each.planned, each.found) for each in planned(sandbox).apply().differing}
        assert found == {"email_config.subject": (READY["subject"], "Mine"), "send_to.all": (False, True)}
        assert len(writes(sandbox)) == before


@cases(
    "status send warning",
    ("Scheduled", False, 'Campaign {} is "Scheduled", and single send'),
    ("Sent", False, 'Campaign {} is "Sent", and single send'),
    ("Draft", True, 'the single send is "triggered"'),
)
def test_a_status_that_matters_is_said(status: str, send: bool, warning: str) -> None:
    with Sandbox() as sandbox:
        plan = planned(sandbox)
        moved = plan.apply()
        if send:
            single_sends_of(sandbox).send(moved.single_send_id)
            with pytest.raises(errors.NotInDraftError, match=warning) as raised:
                planned(sandbox).apply()
            assert "there is nothing left to move" in str(raised.value)
        else:  # the status has changed since the plan
            sandbox.set_status(4900, status)
            assert plan.apply().warning.startswith(warning.format(4900))


def test_a_campaign_that_has_changed_is_planned_again() -> None:
    with Sandbox() as sandbox:
        plan = planned(sandbox)
        sandbox.client().update(4900, subject="Other")
        with pytest.raises(errors.NotAppliedError, match="the campaign has changed since it was planned"):
            plan.apply()
        assert made(sandbox) == []


# --- accounts and arguments ---


@cases(
    "clients options text",
    (
        lambda one, other: (one.on_behalf_of("acme"), other),
        {},
        "campaigns acts for acme, and that of single sends acts",
    ),
    (lambda one, other: (one, other.on_behalf_of("acme")), {}, "acts for the key's own account, and that of"),
    (
        lambda one, other: (CampaignsClient("SG.x"), other),
        {},
        "asks api.sendgrid.com, and that of single sends asks san",
    ),
    (lambda one, other: (AsyncCampaignsClient("SG.x"), other), {}, "is no CampaignsClient"),
    (lambda one, other: (one, one), {}, "is no SingleSendsClient"),
    (lambda one, other: (one, other), {"lists": {110: "Newsletter"}}, "lists is {110: 'Newsletter'}"),
    (lambda one, other: (one, other), {"lists": [LIST]}, "lists is ["),
    (lambda one, other: (one, other), {"segments": {"x": LIST}}, "segments is {'x': "),
)
def test_what_cannot_be_right_makes_no_request(clients: Any, options: dict[str, Any], text: str) -> None:
    with Sandbox() as sandbox:
        with pytest.raises(errors.ConfigurationError) as raised:
            move(*clients(sandbox.client(), single_sends_of(sandbox)), 4900, **options)
        assert text in str(raised.value)
        assert sandbox.requests() == []


def test_lists_of_the_parent_account_are_never_planned_for_another() -> None:
    with Sandbox(knobs=Knobs(single_sends_on_behalf_of="parent")) as sandbox:
        campaigns, single_sends = sandbox.client().on_behalf_of("acme"), single_sends_of(sandbox).on_behalf_of("acme")
        with pytest.raises(errors.NotAppliedError, match="on-behalf-of may be ignored"):
            move(campaigns, single_sends, 4901)


# --- the command ---


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    (segments := tmp_path / "segments.json").write_text(json.dumps({"110": SEGMENT}))
    (wrong := tmp_path / "wrong.json").write_text("[]")
    file = str(tmp_path / "play.db")

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["move", "4900", "--sandbox", file, *arguments])
        return int(str(ended.value.code)), "".join(capsys.readouterr())

    ready = ("--segments", str(segments))
    code, text = run("--apply")
    assert (code, text.split()[:3]) == (3, ["WHAT", "FIELD", "HOW"])
    assert 'and give --segments FILE with {"110": "<uuid>"}.' in text
    code, text = run(*ready)
    assert (code, text.splitlines()[-1].split(maxsplit=1)) == (0, ["ready", "--apply makes the draft"])
    code, text = run(*ready, "--json")
    assert (code, json.loads(text)["ready"]) == (0, True)
    for option, value, why in (
        ("--lists", str(wrong), "holds no JSON object"),
        ("--segments", "/nowhere", "cannot be read"),
        ("--lists", __file__, "is no JSON"),
    ):
        code, text = run(option, value)
        assert (code, why in text) == (2, True)
    with Sandbox(file) as sandbox:
        assert writes(sandbox) == []
    code, text = run(*ready, "--apply")
    assert (code, "differing       no field\n" in text, "could both be sent now" in text) == (0, True, True)
    moved = json.loads(run(*ready, "--apply", "--json")[1])
    assert (moved["already"], moved["differing"]) == (True, [])
    assert run("--on-behalf-of", "acme")[0] == 3  # the campaign is the parent account's
    data = json.loads(run("--on-behalf-of", "acme", "--json")[1])
    assert (data["error"], data["on_behalf_of"]) == ("NotFoundError", "acme")
    with Sandbox(file) as sandbox:
        single_sends = single_sends_of(sandbox)
        assert made(sandbox) == [moved["single_send_id"]]
        single_sends.update(moved["single_send_id"], categories=["other"])
        code, text = run(*ready, "--apply")
        assert (code, "differing       categories: ['other'], planned ['spring line']\n" in text) == (3, True)
        single_sends.ensure_sent(moved["single_send_id"])
        sandbox.advance(200)
        assert [each.single_send_id for each in sandbox.mailings()] == made(sandbox)
    code, text = run(*ready, "--apply")
    assert (code, "NotInDraftError" in text) == (3, True)
