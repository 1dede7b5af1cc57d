"""The report of a job, as a person sees it: rows, filter, plot; and no foreign text runs or breaks the layout."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import OpenPage
from sendgrid_campaigns import BadRequestError, ErrorDetail, OutcomeUnknownError, SendReceipt
from sendgrid_campaigns.bulk import Job, Journal, write_report

HOSTILE = '"><script>alert(1)</script><img src="http://other.example/x" onerror="alert(2)">' + "x" * 300
RESULTS = [
    ("sent", SendReceipt(1, "Scheduled", "answer")),
    ("sent", SendReceipt(2, "Scheduled", "read-back")),
    ("already", SendReceipt(3, "Sent", "already")),
    ("refused", BadRequestError(action="sent", campaign_id=4, errors=(ErrorDetail(message=HOSTILE),))),
    ("unknown", OutcomeUnknownError(action="sent", campaign_id=5, cause="no answer")),
]


@pytest.fixture(params=[1280, 400], ids=lambda width: f"{width} px")
def page(tmp_path: Path, open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    now = [1_800_000_000.0]
    rows = [{"campaign_id": number, "subuser": f"sub{number}{HOSTILE}"} for number in range(1, 7)]
    with Job.of(rows, HOSTILE, Journal(tmp_path / "journal", clock=lambda: now[0])) as job:
        for state, result in RESULTS:
            row = job.claim(100)
            assert row
            now[0] += 60
            job.finish(row, state, result)  # type: ignore[arg-type]
        write_report(job, tmp_path / "report.html")
    return open_page(f"file://{tmp_path}/report.html", viewport={"width": request.param, "height": 800})


def test_what_a_person_sees(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    assert [each.inner_text().split() for each in page.locator(".counts li").all()] == [
        ["1", "todo"], ["2", "sent"], ["1", "already"], ["1", "refused"], ["1", "unknown"],
    ]  # fmt: skip
    bars = page.locator("svg rect")
    expect(bars).to_have_count(3)
    assert all((box := bar.bounding_box()) and box["height"] > 20 for bar in bars.all())
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("unknown")
    expect(rows.nth(1)).to_contain_text(f"400 Bad Request, {HOSTILE}")


def test_the_filter(page: Page) -> None:
    shown, rows = page.locator("#shown"), page.locator("tbody tr:visible")
    expect(shown).to_have_text("3 shown")
    page.get_by_label("state").select_option("unknown")
    expect(rows).to_have_count(1)
    page.get_by_label("filter").fill("SUB4")
    expect(shown).to_have_text("0 shown")
    page.get_by_label("state").select_option("")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("refused")


def test_nothing_is_wider_than_the_page(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
