"""Whole jobs against the sandbox: each campaign is mailed once, whatever happens, and the journal says what is true."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doubles import FORKS, cases
from sendgrid_campaigns import AuthenticationError, CampaignsClient, ConfigurationError, PermissionDeniedError, Retry
from sendgrid_campaigns.bulk import Job, Journal, Progress, plan, run
from sendgrid_campaigns.bulk.worker import MOST_RUNS, lease
from sendgrid_campaigns.models import SingleSendReceipt
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import SINGLE_SENDS

ROWS = 500
Start = Callable[..., Job]


@pytest.fixture
def knobs() -> dict[str, Any]:
    return {}


@pytest.fixture
def sandbox(tmp_path: Path, knobs: dict[str, Any]) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", knobs=Knobs(campaign_limit=10_000, **knobs)) as sandbox:
        yield sandbox


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Iterator[Start]:
    """Make a job of so many new campaigns of ten accounts; or of rows given."""
    with Journal(tmp_path / "journal", clock=sandbox.clock().time) as journal:

        def start(given: int | list[dict[str, Any]]) -> Job:
            return Job.of(rows_of(sandbox, given) if isinstance(given, int) else given, "job", journal)

        yield start


def rows_of(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    names = [f"sub{number}" for number in range(10)]
    for name in names:
        sandbox.add_subuser(name)
    pairs = [(names[number % 10], sandbox.create_campaign(on_behalf_of=names[number % 10])) for number in range(count)]
    return [{"subuser": name, "campaign_id": campaign_id} for name, campaign_id in pairs]


def check_truth(job: Job, sandbox: Sandbox) -> None:
    """Compare the journal with the sandbox's ledger."""
    mailed = Counter(mailing.single_send_id or mailing.campaign_id for mailing in sandbox.mailings())
    assert not mailed or max(mailed.values()) == 1
    for row in job.rows():
        if row.state in ("sent", "already"):
            assert row.receipt
            assert mailed[row.receipt.id] == 1, row
        elif row.state != "unknown":
            assert not mailed[row.single_send_id or row.campaign_id or 0], row


def codes(sandbox: Sandbox) -> Counter[int]:
    return Counter(request.status_code for request in sandbox.requests())


@pytest.mark.parametrize("knobs", [{"rate_limit": 100}])
def test_a_job_under_a_rate_limit_and_again(start: Start, sandbox: Sandbox, tmp_path: Path) -> None:
    job, seen = start(ROWS), list[Progress]()
    with sandbox.client() as campaigns:
        assert run(job, campaigns, progress=seen.append) == {"sent": ROWS}
        requests = len(sandbox.requests())
        assert requests <= ROWS + 1 + codes(sandbox)[429]
        assert seen[-1].total == seen[-1].finished == ROWS
        assert run(job, campaigns) == {"sent": ROWS}
        assert len(sandbox.requests()) == requests
    check_truth(job, sandbox)
    # The journal is lost: the job is run as if for the first time.
    with Journal(tmp_path / "another", clock=sandbox.clock().time) as journal, sandbox.client() as campaigns:
        rows = [{"subuser": row.on_behalf_of, "campaign_id": row.campaign_id} for row in job.rows()][:50]
        job = Job.of(rows, "job", journal)
        assert run(job, campaigns, workers=1) == {"already": 50}
        check_truth(job, sandbox)
    assert b"SG.sandbox" not in b"".join(path.read_bytes() for path in tmp_path.glob("journal*"))


@pytest.mark.parametrize("knobs", [{"rate_limit": 20, "rate_scope": "account"}])
def test_accounts_that_are_counted_apart(start: Start, sandbox: Sandbox) -> None:
    job, begin = start(200), sandbox.clock().time()
    assert run(job, sandbox.client()) == {"sent": 200}
    check_truth(job, sandbox)
    assert sandbox.clock().time() - begin < 3 * 60  # one count would take nine windows


def test_lost_answers(start: Start, sandbox: Sandbox) -> None:
    job = start(200)
    for occurrence in range(1, 200, 50):
        sandbox.fault("send", occurrence, ending="closed", effect="done")
        sandbox.fault("send", occurrence + 1, ending="closed", effect="none")
    counts = run(job, sandbox.client())
    check_truth(job, sandbox)
    unknown = [*job.rows("unknown")]
    # A Draft to the end may be mailed by a late copy yet: only a person may say that the row is to be sent.
    assert counts == {"sent": 200 - len(unknown), **({"unknown": len(unknown)} if unknown else {})}
    assert job.retry("unknown") == len(unknown)
    assert run(job, sandbox.client()) == {"sent": 200}
    check_truth(job, sandbox)


# --- one row after the other ---


def test_an_outage_is_waited_for(start: Start, sandbox: Sandbox) -> None:
    job = start([{"campaign_id": 4900}])
    sandbox.act("send", 1, lambda _: sandbox.outage(timedelta(minutes=2), ending="refused"))
    sandbox.fault("send", ending="refused")
    assert run(job, sandbox.client(retry=Retry(attempts=1))) == {"sent": 1}
    (row,) = job.rows()
    assert row.runs > 1
    check_truth(job, sandbox)


def test_what_fails_too_often_is_for_later(start: Start, sandbox: Sandbox) -> None:
    job = start([{"campaign_id": 4900}])
    sandbox.fault("send", times=MOST_RUNS, ending="refused")
    campaigns, begin = sandbox.client(retry=Retry(attempts=1)), sandbox.clock().time()
    assert run(job, campaigns, workers=1) == {"later": 1}
    assert sandbox.clock().time() - begin >= 30 + 60 + 120 + 240
    (row,) = job.rows()
    assert (row.runs, row.error and row.error.temporary) == (MOST_RUNS, True)
    assert run(start([{"campaign_id": 4900}]), campaigns) == {"sent": 1}  # the same command again


@cases("row", {"campaign_id": 1}, {"campaign_id": 4901}, {"campaign_id": 7, "subuser": "nobody"})
def test_a_definite_no(start: Start, sandbox: Sandbox, row: dict[str, Any]) -> None:
    job = start([row, {"campaign_id": 4900}])
    assert run(job, sandbox.client()) == {"refused": 1, "sent": 1}
    check_truth(job, sandbox)
    (refused,) = job.rows("refused")
    assert refused.error
    assert not refused.error.may_have_been_applied


def test_an_unknown_row_is_asked_about_once_and_sent_by_a_person(start: Start, sandbox: Sandbox) -> None:
    job = start([{"campaign_id": 4900}])
    sandbox.make_outcome_unknown("send", effect="none")
    campaigns, begin = sandbox.client(), sandbox.clock().time()
    assert run(job, campaigns) == {"unknown": 1}
    assert sandbox.clock().time() - begin >= 60
    sandbox.outage(0)
    for only_ask in (True, False):
        assert run(job, campaigns, only_ask=only_ask) == {"unknown": 1}
    job.ask_again()
    assert run(job, campaigns, only_ask=True) == {"unknown": 1}  # a Draft may be sent by a late copy yet
    assert sandbox.mailings() == []
    job.retry("unknown")
    assert run(job, campaigns) == {"sent": 1}


@pytest.mark.parametrize("seconds", [180, 10_000])
def test_an_unknown_row_that_was_sent(start: Start, sandbox: Sandbox, seconds: int) -> None:
    """The run itself asks, a minute later; `ask_again` does when reading did not tell then."""
    job = start([{"campaign_id": 4900}])
    sandbox.make_outcome_unknown("send", effect="done", seconds=seconds)
    if run(job, sandbox.client()) != {"sent": 1}:
        assert (seconds, job.counts()) == (10_000, {"unknown": 1})
        sandbox.outage(0)
        assert job.ask_again() == 1
        assert run(job, sandbox.client(), only_ask=True) == {"sent": 1}
    (row,) = job.rows()
    assert row.receipt
    assert row.receipt.known_from == "read-back"
    check_truth(job, sandbox)


@pytest.mark.parametrize("effect", ["done", "none"])
def test_a_campaign_that_is_made_and_sent_once(start: Start, sandbox: Sandbox, effect: Any) -> None:
    """The answer to its create is lost: `outcome` says whether there is a draft, and the next try finds the draft."""
    content = sandbox.client().get(4900).to_dict()
    names = ("subject", "sender_id", "list_ids", "suppression_group_id", "html_content", "plain_content")
    job = start([{"key": "march", "title": "March", **{name: content[name] for name in names}}])
    sandbox.make_outcome_unknown("create", effect=effect)
    counts = run(job, sandbox.client())
    if effect == "none":
        assert counts == {"unknown": 1}  # a late copy may make the draft yet
        sandbox.outage(0)
        job.retry("unknown")
        counts = run(job, sandbox.client())
    assert counts == {"sent": 1}
    assert len(sandbox.mailings()) == 1


# --- single sends ---

OWN, OF_ACME, OF_A123 = SINGLE_SENDS
MADE: dict[str, Any] = {
    "name": "March",
    "send_to": {"list_ids": ["f2fe66a1-43f3-4e3a-87b1-c6a600d805f0"]},
    "email_config": {"subject": "S", "sender_id": 124451, "suppression_group_id": 42, "plain_content": "long " * 99},
}


@pytest.mark.parametrize("knobs", [{"needs_unsubscribe_tag": False}])
def test_single_sends_and_campaigns_in_one_job(start: Start, sandbox: Sandbox, tmp_path: Path) -> None:
    single_sends = [
        {"single_send_id": OWN.upper()},
        {"single_send_id": OF_ACME, "subuser": "acme"},
        {"single_send_id": OF_A123, "account_id": "A123"},
        {"key": "march", **MADE},
    ]
    rows = [*single_sends, {"campaign_id": 4900}]
    job, campaigns = start(rows), sandbox.client()
    planned, before = plan(job, campaigns), len(sandbox.requests())
    assert run(job, campaigns) == {"sent": 5}
    looks, proofs = 2, 2 * 3
    assert planned.requests == len(sandbox.requests()) - before - looks - proofs == 3 * 2 + 7 + 1
    assert run(start(rows), campaigns) == {"sent": 5}
    with Journal(tmp_path / "another", clock=sandbox.clock().time) as journal:
        assert run(Job.of(rows, "job", journal), campaigns) == {"already": 5}
    assert {
        row.item: bool(row.receipt.send_at) for row in job.rows() if isinstance(row.receipt, SingleSendReceipt)
    } == {
        **{f"single send {id}": True for id in SINGLE_SENDS},
        "single send key march": True,
    }
    sandbox.advance(600)
    check_truth(job, sandbox)
    assert [mailing.plain_content for mailing in sandbox.mailings()][-1:] == [MADE["email_config"]["plain_content"]]
    # A key for Single Sends alone may not read campaigns.
    sandbox.add_key("SG.newer", scopes=["marketing.read", "marketing.update"])
    draft = sandbox.create_single_send()
    assert run(start([{"single_send_id": draft}]), sandbox.client("SG.newer")) == {"sent": 6}
    with pytest.raises(PermissionDeniedError):
        run(start([{"campaign_id": sandbox.create_campaign()}]), sandbox.client("SG.newer"))


@pytest.mark.parametrize("effect", ["done", "none"])
def test_an_unknown_row_of_a_single_send_is_settled_by_its_time(start: Start, sandbox: Sandbox, effect: Any) -> None:
    """A draft long after the chosen time was not sent, and is sent then, without a person."""
    job, began = start([{"single_send_id": OWN}]), sandbox.clock().time()
    sandbox.make_outcome_unknown("schedule_single_send", effect=effect)
    assert run(job, sandbox.client()) == {"sent": 1}
    (row,) = job.rows()
    assert isinstance(row.receipt, SingleSendReceipt)
    assert row.receipt.known_from == ("read-back" if effect == "done" else "answer")
    assert row.receipt.send_at
    assert (sandbox.clock().time() - began > 720) is (effect == "none")
    sandbox.advance(600)
    check_truth(job, sandbox)


@pytest.mark.parametrize("knobs", [{"single_sends_on_behalf_of": "parent"}])
def test_a_row_whose_account_may_be_ignored_sends_nothing(start: Start, sandbox: Sandbox) -> None:
    job = start([{"single_send_id": OF_ACME, "subuser": "acme"}, {"single_send_id": OWN}])
    run(job, sandbox.client())
    sandbox.advance(600)
    assert [row.state for row in job.rows()][1:] == ["sent"]
    check_truth(job, sandbox)


# --- ends ---


def test_a_key_that_the_service_refuses_ends_the_run_at_once(start: Start, sandbox: Sandbox) -> None:
    job = start(5)
    sandbox.add_key("SG.reader", scopes=[])
    for key, kind in (("SG.wrong", AuthenticationError), ("SG.reader", Exception)):
        with pytest.raises(kind):
            run(job, sandbox.client(key))
    assert (job.counts(), len(sandbox.requests())) == ({"todo": 5}, 3)


def test_a_client_that_cannot_be_used_leaves_the_rows_as_they_are(start: Start, sandbox: Sandbox) -> None:
    job, campaigns = start(5), sandbox.client()
    sandbox.act("send", 2, lambda _: campaigns.close())
    with pytest.raises(ConfigurationError, match="this client is closed"):
        run(job, campaigns, workers=1)
    assert job.counts() == {"sent": 2, "todo": 3}
    with pytest.raises(ConfigurationError, match="is no CampaignsClient"):
        run(job, sandbox.async_client())  # type: ignore[arg-type]


def test_a_stop_lets_what_is_in_flight_end(start: Start, sandbox: Sandbox) -> None:
    job, stop = start(20), threading.Event()
    sandbox.act("send", 5, lambda _: stop.set())
    counts = run(job, sandbox.client(), workers=2, stop=stop)
    assert counts["sent"] in (5, 6)
    assert counts == {"sent": counts["sent"], "todo": 20 - counts["sent"]}
    assert run(job, sandbox.client()) == {"sent": 20}
    check_truth(job, sandbox)


def worker_that_dies(folder: Path, sends: int) -> None:
    """Be a process that dies within its last send, after the service has carried that out."""
    with Sandbox(folder / "sandbox", knobs=Knobs(campaign_limit=10_000)) as sandbox:
        sandbox.act("send", sends, lambda _: os.kill(os.getpid(), signal.SIGKILL))
        run(Job("job", Journal(folder / "journal", clock=sandbox.clock().time)), sandbox.client(), workers=2)


def test_workers_that_are_killed(start: Start, sandbox: Sandbox, tmp_path: Path) -> None:
    job = start(40)
    for sends in (5, 10):
        process = FORKS.Process(target=worker_that_dies, args=(tmp_path, sends))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert job.counts()["doing"] >= 2
    assert set(run(job, sandbox.client(), workers=2)) <= {"sent", "already"}
    check_truth(job, sandbox)
    assert len(sandbox.mailings()) == 40


def test_a_lease_is_longer_than_any_call() -> None:
    with CampaignsClient("SG.key", timeout=5, retry=Retry(deadline=20)) as campaigns:
        assert lease(campaigns) > 20 + 2 * 5


def test_a_job_that_is_done_in_a_sandbox_is_not_done_elsewhere(start: Start, sandbox: Sandbox) -> None:
    job = start(1)
    assert run(job, sandbox.client()) == {"sent": 1}
    with CampaignsClient("SG.key") as campaigns:
        for call in (run, plan):
            with pytest.raises(ConfigurationError, match=r"this client sends to api\.sendgrid\.com"):
                call(job, campaigns)


# --- before ---


@cases("limit windows", (None, 0), (1000, 0), (10, 2), (1, 24))
def test_a_plan(start: Start, sandbox: Sandbox, tmp_path: Path, limit: int | None, windows: int) -> None:
    with Sandbox(tmp_path / "limited", knobs=Knobs(rate_limit=limit)) as limited:
        rows = [{"campaign_id": number} for number in range(1, 21)] + [{"key": "march", "title": "March"}]
        planned = plan(start(rows), limited.client())
        assert (planned.rows, planned.requests, planned.limit, planned.windows) == (21, 24, limit, windows)
        assert len(limited.requests()) == 1
        now = limited.clock().time()
    if limit is not None:
        assert planned.ends_at
        assert (windows - 1) * 60 <= planned.ends_at.timestamp() - now <= windows * 60
