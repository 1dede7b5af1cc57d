"""Reports: every row with what became of it, and nothing in them that runs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doubles import FakeClock
from sendgrid_campaigns import BadRequestError, ConfigurationError, ErrorDetail, OutcomeUnknownError, SendReceipt
from sendgrid_campaigns.bulk import Job, Journal, State, write_report
from sendgrid_campaigns.models import SingleSendReceipt

HOSTILE = '=1+1,<script>alert("x")</script>'
ENDS: list[tuple[State, Any]] = [
    ("sent", SendReceipt(1, "Scheduled", "answer")),
    ("sent", SendReceipt(2, "Scheduled", "read-back")),
    ("already", SendReceipt(3, "Sent", "already")),
    ("refused", BadRequestError(action="sent", campaign_id=4, errors=(ErrorDetail(message=HOSTILE),))),
    ("unknown", OutcomeUnknownError(action="sent", campaign_id=5, cause="no answer")),
]


@pytest.fixture
def job(tmp_path: Path, clock: FakeClock) -> Iterator[Job]:
    rows = [{"campaign_id": number, "subuser": HOSTILE} for number in range(1, 7)]
    job = Job.of(rows, "<b>job</b>", Journal(tmp_path / "journal", clock=clock.time))
    for state, result in ENDS:
        row = job.claim(100)
        assert row
        clock.now += 10
        job.finish(row, state, result)
    yield job
    job.close()


def report(job: Job, folder: Path, name: str) -> str:
    write_report(job, folder / name)
    assert not [*folder.glob("*.new")]
    return (folder / name).read_text("utf-8")


def test_csv(job: Job, tmp_path: Path) -> None:
    rows = [*csv.DictReader(report(job, tmp_path, "report.csv").splitlines())]
    assert [row["state"] for row in rows] == ["sent", "sent", "already", "refused", "unknown", "todo"]
    assert [row["known_from"] for row in rows] == ["answer", "read-back", "already", "", "", ""]
    assert {row["on_behalf_of"] for row in rows} == {f"'{HOSTILE}"}  # no formula to a spreadsheet
    assert rows[3]["reason"] == f"campaign 4 was not sent: 400 Bad Request, {HOSTILE}"
    assert "look at the campaign. --resolve asks" in rows[4]["next"]
    assert rows[5]["next"] == "Run the job again: it goes on where it ended."


def test_json_lines(job: Job, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in report(job, tmp_path, "report.jsonl").splitlines()]
    assert rows == [row.to_dict() for row in job.rows()]
    assert rows[1]["receipt"]["known_from"] == "read-back"
    assert rows[4]["error"]["may_have_been_applied"] is True


def test_a_page(job: Job, tmp_path: Path) -> None:
    page = report(job, tmp_path, "report.html")
    assert page.count("<script>") == 1
    assert "&lt;b&gt;job&lt;/b&gt;" in page
    assert page.count("bar-") == 3 + 3  # a rule of style and a bar for each way of knowing
    assert [page.count(f'data-state="{state}"') for state in ("sent", "refused", "unknown", "todo")] == [0, 1, 1, 1]
    assert page.index('data-state="unknown"') < page.index('data-state="refused"')


def test_a_page_of_a_job_that_was_not_begun_and_of_one_that_is_done(tmp_path: Path) -> None:
    with Job.of([{"campaign_id": 1}], "job", tmp_path / "journal") as job:
        assert "Nothing was sent yet." in report(job, tmp_path, "report.html")
        row = job.claim(100)
        assert row
        job.finish(row, "sent", SendReceipt(1, None))
        assert "Every row is sent." in report(job, tmp_path, "report.html")


def test_a_report_of_no_form(job: Job, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"End its name in \.html, \.csv or \.jsonl"):
        report(job, tmp_path, "report.pdf")


@pytest.mark.parametrize(
    ("field", "receipt", "line"),
    [
        ("title", SendReceipt(4903, None), "1,,4903,,march,sent,"),
        ("name", SingleSendReceipt("27c2", None), "1,,,27c2,march,sent,"),
    ],
)
def test_a_row_with_a_key_is_reported_with_what_it_made(tmp_path: Path, field: str, receipt: Any, line: str) -> None:
    with Job.of([{"key": "march", field: "March"}], "job", tmp_path / "journal") as job:
        row = job.claim(100)
        assert row
        job.finish(row, "sent", receipt)
        assert line in report(job, tmp_path, "report.csv")
