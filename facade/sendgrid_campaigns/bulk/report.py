"""Write what became of a job's rows: as CSV, as JSON lines, or as one HTML page."""

import csv
import hashlib
import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TextIO, get_args

from sendgrid_campaigns.bulk.journal import Job
from sendgrid_campaigns.bulk.rows import Row, State
from sendgrid_campaigns.config import check
from sendgrid_campaigns.errors import SendGridError, shown
from sendgrid_campaigns.models import KnownFrom

NOT_SENT: tuple[State, ...] = ("unknown", "refused", "later", "doing", "todo")
"""The states of rows that the page lists, the ones to look at first."""
SENT: tuple[State, ...] = ("sent", "already")
_HEADER = (
    "line",
    "on_behalf_of",
    "campaign_id",
    "single_send_id",
    "key",
    "state",
    "known_from",
    "status",
    "changed_at",
    "reason",
    "next",
)
_BARS, _WIDTH, _HEIGHT = 60, 900, 160
"""Bars of the plot, and its size in pixels."""


Words = Callable[[SendGridError], str]
"""Returns what an error advises."""


def in_python(error: SendGridError) -> str:
    """Return what an error advises, in words of the Python API."""
    return error.advice


def write_report(job: Job, file: str | Path, *, words: Words = in_python) -> None:
    """Write a report of a job: rows as .csv or .jsonl, or a page as .html. Replaces the file only when all is written.

    words: returns what an error advises, for readers who use another interface than Python's.

    Raises ConfigurationError for another ending, and OSError.
    """
    path = check_report(file)
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8", newline="") as stream:
        {".csv": _csv, ".jsonl": _json_lines, ".html": _html}[path.suffix.lower()](job, stream, words)
    new.replace(path)


def check_report(file: str | Path) -> Path:
    """Return a report's path. Raises ConfigurationError for an ending that names no form, or a useless folder."""
    path = Path(file)
    good = path.suffix.lower() in (".csv", ".jsonl", ".html")
    check(good, f"the report is {shown(str(file))}", "End its name in .html, .csv or .jsonl.")
    check(not path.is_dir(), f"the report {shown(str(file))} is a folder", "Name a file.")
    check(path.parent.is_dir(), f"the report's folder {shown(str(path.parent))} is not there", "Make the folder.")
    check(
        os.access(path.parent, os.W_OK), f"nothing can be written in {shown(str(path.parent))}", "Name another folder."
    )
    return path


def next_step(row: Row, words: Words) -> str:
    """Return what a person does about a row that is not sent."""
    if row.state == "unknown":
        kind = "single send" if row.is_single_send else "campaign"
        return (
            f"It may have been sent: look at the {kind}. --resolve asks the service once more; --retry-unknown sends"
            f" the {kind} if it is still a Draft."
        )
    if row.state in ("todo", "doing"):
        return "Run the job again: it goes on where it ended."
    return words(row.error) if row.error else ""


def _csv(job: Job, stream: TextIO, words: Words) -> None:
    writer = csv.writer(stream)
    writer.writerow(_HEADER)
    for row in job.rows():
        receipt = row.receipt
        at = row.changed_at.isoformat(timespec="seconds") if row.changed_at else None
        known = (receipt.known_from, receipt.status) if receipt else (None, None)
        open_ = row.state in NOT_SENT
        why = (row.error.summary if row.error else None, next_step(row, words)) if open_ else (None, None)
        id = receipt.id if receipt else row.single_send_id or row.campaign_id  # `send_once` makes one
        ids = (None, id) if row.is_single_send else (id, None)
        cells = (row.line, row.on_behalf_of, *ids, row.key, row.state, *known, at, *why)
        writer.writerow(_inert(cell) for cell in cells)


def _inert(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _json_lines(job: Job, stream: TextIO, words: Words) -> None:
    for row in job.rows():
        stream.write(json.dumps(row.to_dict()) + "\n")


# --- the page ---


def _html(job: Job, stream: TextIO, words: Words) -> None:
    package = files("sendgrid_campaigns.bulk")
    script = package.joinpath("report.js").read_text("utf-8")
    counts = job.counts()
    page = Template(package.joinpath("report.html").read_text("utf-8")).substitute(
        job=escape(job.name),
        journal=escape(job.journal.where),
        read_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        total=f"{sum(counts.values()):,}",
        counts="".join(
            f'<li class="{state}"><b>{counts[state]:,}</b>{state}</li>' for state in get_args(State) if state in counts
        ),
        plot=_plot(job.rows(*SENT)),
        not_sent=_table(counts, job.rows(*NOT_SENT), words),
        script=script,
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    stream.write(page)


def _plot(rows: Iterable[Row]) -> str:
    sends = [(row.changed_at.timestamp(), row.receipt.known_from) for row in rows if row.changed_at and row.receipt]
    if not sends:
        return '<p class="soft">Nothing was sent yet.</p>'
    begin, end = min(at for at, _ in sends), max(at for at, _ in sends)
    span = max(end - begin, 1.0)
    bars = Counter((min(int((at - begin) / span * _BARS), _BARS - 1), known_from) for at, known_from in sends)
    highest = max(sum(bars[bar, known] for known in get_args(KnownFrom)) for bar in range(_BARS))
    drawn = list[str]()
    step = _WIDTH / _BARS
    for bar in range(_BARS):
        top = float(_HEIGHT)
        for known in get_args(KnownFrom):
            if count := bars[bar, known]:
                height = count / highest * _HEIGHT
                top -= height
                place = f'x="{bar * step + 1:.1f}" y="{top:.1f}" width="{step - 2:.1f}" height="{height:.1f}"'
                drawn.append(f'<rect class="bar-{known}" {place}><title>{count:,} {known}</title></rect>')
    times = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") for at in (begin, begin + span)]
    return (
        f'<div class="axis"><span>{highest:,} in {span / _BARS:.1f} s</span></div>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="sends over time">{"".join(drawn)}</svg>'
        f'<div class="axis"><span>{times[0]}</span><span>{times[1]}</span></div>'
    )


def _table(counts: Mapping[State, int], rows: Iterable[Row], words: Words) -> str:
    states = [state for state in NOT_SENT if state in counts]
    if not states:
        return '<p class="soft">Every row is sent.</p>'
    options = "".join(f"<option>{state}</option>" for state in states)
    order = {state: place for place, state in enumerate(NOT_SENT)}
    lines = "".join(_line(row, words) for row in sorted(rows, key=lambda row: (order[row.state], row.line)))
    return (
        '<div class="filter"><input id="text" type="search" placeholder="Filter by account, campaign or reason"'
        f' aria-label="filter"><select id="state" aria-label="state"><option value="">all states</option>{options}'
        '</select><span id="shown" class="soft"></span></div><div class="scroll"><table><thead><tr><th>Line</th>'
        f"<th>State</th><th>Send</th><th>Reason, and what to do</th></tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _line(row: Row, words: Words) -> str:
    why = escape(row.error.summary) if row.error else "not tried yet"
    return (
        f'<tr data-state="{row.state}"><td>{row.line}</td><td class="state state-{row.state}">{row.state}</td>'
        f'<td>{escape(str(row))}</td><td>{why}<div class="next">{escape(next_step(row, words))}</div></td></tr>\n'
    )
