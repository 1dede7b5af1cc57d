"""The journal: what a file that is loaded again changes, who may take a row, and what is written down."""

import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sendgrid_campaigns as sg
from doubles import FakeClock, cases
from sendgrid_campaigns import ConfigurationError, OutcomeUnknownError, SendReceipt
from sendgrid_campaigns.bulk import Job, Journal, Row, State
from sendgrid_campaigns.models import Attempt
from sendgrid_campaigns.sandbox import Sandbox

LEASE = 200.0
UNKNOWN = OutcomeUnknownError(
    action="sent", campaign_id=1, cause="no answer", attempts=(Attempt("POST", "/", "unknown"),)
)
RESULTS: dict[State, Any] = {
    "sent": SendReceipt(1, "Scheduled", "answer", (Attempt("POST", "/", "accepted", 201),)),
    "already": SendReceipt(1, "Sent", "already"),
    "refused": sg.NotFoundError(action="sent", campaign_id=1),
    "later": sg.NotAppliedError(action="sent", cause="no network"),
    "unknown": UNKNOWN,
}


@pytest.fixture
def journal(tmp_path: Path, clock: FakeClock) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", clock=clock.time) as journal:
        yield journal


def job_of(journal: Journal, *ids: int) -> Job:
    return Job.of([{"campaign_id": id} for id in ids], "job", journal)


def states(job: Job) -> dict[int | None, State]:
    return {row.campaign_id: row.state for row in job.rows()}


def claimed(job: Job, **more: Any) -> Row:
    row = job.claim(LEASE, **more)
    assert row is not None
    return row


def end(job: Job, state: State, **more: Any) -> None:
    job.finish(claimed(job), state, RESULTS[state], **more)


def test_what_became_of_rows_stays(journal: Journal) -> None:
    ended: list[State] = ["sent", "already", "refused", "later", "unknown"]
    job = job_of(journal, *range(1, 8))
    for state in ended:
        end(job, state)
    assert job.claim(LEASE)
    kept = {**dict(enumerate(ended, 1)), 6: "doing", 7: "todo"}
    assert states(job) == kept
    assert states(job_of(journal, *range(1, 8))) == {**kept, 4: "todo"}  # given up for now: until the next run
    # A row that the file has no more is removed, unless it was sent or may have been.
    assert states(job_of(journal, 100)) == {1: "sent", 2: "already", 5: "unknown", 6: "doing", 100: "todo"}
    assert journal.names() == ["job"]


def test_a_refused_row_with_new_fields_is_tried_again(journal: Journal) -> None:
    def load(subject: str) -> Job:
        return Job.of([{"key": "march", "title": "March", "subject": subject}], "job", journal)

    end(load(""), "refused")
    assert load("").counts() == {"refused": 1}
    assert load("Spring").counts() == {"todo": 1}


def test_long_texts_are_kept_once(journal: Journal, tmp_path: Path) -> None:
    content = "<p>Spring</p>" * 10_000
    rows = [{"key": f"m{number}", "title": "March", "html_content": content} for number in range(100)]
    job = Job.of(rows, "job", journal)
    assert {row.fields["html_content"] for row in job.rows()} == {content}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5 * len(content)


@pytest.mark.parametrize("state", RESULTS)
def test_results_are_written_down_whole(journal: Journal, state: State, clock: FakeClock) -> None:
    job = job_of(journal, 1)
    end(job, state)
    (row,) = job.rows()
    result = RESULTS[state]
    assert (row.state, row.runs, row.changed_at and row.changed_at.timestamp()) == (state, 1, clock.time())
    found: Any = row.receipt or row.error
    assert (type(found), found.to_dict()) == (type(result), result.to_dict())
    assert json.loads(json.dumps(row.to_dict()))["state"] == state


# --- claims ---


def test_a_row_is_claimed_by_one_until_its_lease_is_over(journal: Journal, clock: FakeClock) -> None:
    job = job_of(journal, 1)
    first = claimed(job)
    assert (first.state, job.claim(LEASE), job.next_due()) == ("doing", None, LEASE)
    clock.now += LEASE
    second = claimed(job)
    assert second.runs == 2
    # The first worker was stopped, and goes on now: what the second one finds out stands.
    job.finish(first, "later", RESULTS["later"])
    job.free(first)
    assert states(job) == {1: "doing"}
    job.finish(second, "already", RESULTS["already"])
    job.finish(first, "later", RESULTS["later"])
    assert (states(job), job.claim(LEASE), job.next_due()) == ({1: "already"}, None, None)


def test_rows_whose_lease_is_over_come_after_new_rows(journal: Journal, clock: FakeClock) -> None:
    job = job_of(journal, 1, 2)
    assert job.claim(LEASE)
    clock.now += LEASE
    assert [row and row.campaign_id for row in (job.claim(LEASE), job.claim(LEASE), job.claim(LEASE))] == [2, 1, None]


def test_a_row_that_is_given_back_counts_no_run(journal: Journal) -> None:
    job = job_of(journal, 1)
    for _ in range(2):
        row = claimed(job)
        assert row.runs == 1
        job.free(row)
        assert states(job) == {1: "todo"}


def test_an_unknown_row_stays_unknown_while_it_is_claimed(journal: Journal, clock: FakeClock) -> None:
    job = job_of(journal, 1)
    end(job, "unknown", wait=60.0)
    assert job.claim(LEASE) is None
    clock.now += 60
    row = claimed(job)
    assert (row.state, type(row.error)) == ("unknown", OutcomeUnknownError)
    clock.now += LEASE  # the worker died
    assert states(job) == {1: "unknown"}


def test_many_threads_claim_each_row_once(tmp_path: Path) -> None:
    with job_of(Journal(tmp_path / "journal"), *range(1, 201)) as job:
        claimed: list[int] = []

        def claim() -> None:
            while row := job.claim(LEASE):
                claimed.append(row.line)

        threads = [threading.Thread(target=claim) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(claimed) == [*range(1, 201)]


@pytest.mark.parametrize("portion", [1, 2, 1000])
def test_messages_are_made_once_until_they_count_as_lost(
    journal: Journal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr("sendgrid_campaigns.bulk.journal.PORTION", portion)
    job = job_of(journal, 1, 2)

    def queue(age: float = 900) -> list[tuple[str, str]]:
        return [item for items in job.queue(900, age) for item in items]

    assert [*map(len, (queue(), queue()))] == [2, 0]
    row = claimed(job, item=("", "2"))
    assert row.campaign_id == 2
    job.finish(row, "todo", RESULTS["later"], 30.0)
    assert queue() == []  # not due yet
    clock.now += 30
    assert queue() == [("", "2")]
    assert (job.queued(900, 31), job.queued(900, 30), job.queued(900, 0)) == (0, 1, 2)
    assert (queue(31), queue(30)) == ([], [("", "1")])
    clock.now += 900
    assert job.queued(900, 0) == 0, "the messages count as lost"
    assert queue() == [("", "1"), ("", "2")]


# --- people ---


def test_retry(journal: Journal) -> None:
    job = job_of(journal, 1, 2, 3)
    for state in ("sent", "refused", "unknown"):
        end(job, state)
    assert (job.retry("refused"), states(job)) == (1, {1: "sent", 2: "todo", 3: "unknown"})
    assert (job.retry("unknown", "later"), states(job)) == (1, {1: "sent", 2: "todo", 3: "todo"})
    for wrong in ((), ("sent",), ("todo",)):
        with pytest.raises(ConfigurationError, match="Give `refused`, `later` or `unknown`"):
            job.retry(*wrong)  # type: ignore[arg-type]


def test_a_job_that_was_tried_in_the_sandbox_is_not_taken_for_sent(journal: Journal) -> None:
    job = job_of(journal, 1)
    job.bind("127.0.0.1:1234")
    job.bind("localhost:99")  # the sandbox has another port each time
    with pytest.raises(ConfigurationError, match="'job' is one of loopback, and this client sends to api"):
        job.bind("api.sendgrid.com")


@cases(
    "where text",
    ("mysql://user:secret@host/x", "the journal is in 'mysql'. |Give a file, or a URL of postgresql"),
    ("nonsense://", "Could not parse|nonsense"),
)
def test_a_journal_that_cannot_be(where: str, text: str) -> None:
    with pytest.raises(Exception, match=text) as refused:
        Journal(where)
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ImportError, match=r"pip install 'sendgrid-campaigns\[postgresql\]'"):
        Journal("postgresql://host/mail")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"not a database" * 100)
    with pytest.raises(Exception, match="file is not a database"):
        Journal(tmp_path / "other")


def test_a_database_of_another_program_is_not_changed(tmp_path: Path) -> None:
    Sandbox(tmp_path / "play.db").close()
    before = (tmp_path / "play.db").read_bytes()
    with pytest.raises(ConfigurationError, match=r"play\.db is a database of another program"):
        Journal(tmp_path / "play.db")
    assert (tmp_path / "play.db").read_bytes() == before


def test_the_clock_of_the_database(tmp_path: Path) -> None:
    """Without a clock of a test."""
    with job_of(Journal(tmp_path / "journal"), 1) as job:
        end(job, "sent")
        (row,) = job.rows()
    assert row.changed_at is not None
    with closing(sqlite3.connect(":memory:")) as database:
        (now,) = database.execute("SELECT unixepoch('now')").fetchone()
    assert abs(row.changed_at.timestamp() - now) < 30
