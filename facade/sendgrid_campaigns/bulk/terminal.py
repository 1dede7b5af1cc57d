"""What the command `bulk` shows: a bar on a terminal, lines elsewhere, and a summary. Needs the extra `cli`."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from sendgrid_campaigns.bulk.journal import Job
from sendgrid_campaigns.bulk.report import in_python, next_step
from sendgrid_campaigns.bulk.rows import State
from sendgrid_campaigns.bulk.worker import Plan, Progress

LINE_EVERY = 10.0
"""Seconds between two lines, where there is no terminal."""
MOST_SHOWN = 20
"""Rows that a summary lists."""


def progress_text(progress: Progress) -> str:
    """Return how fast a job is, what it waits for, and what went wrong, in a few words."""
    counts = progress.counts
    parts = [f"{progress.per_minute:,.0f} a minute"] if progress.per_minute else []
    if progress.limit_opens_at is not None:
        parts.append(f"waiting for the rate limit until {progress.limit_opens_at.astimezone():%H:%M:%S}")
    parts += [f"{counts[state]:,} {state}" for state in ("refused", "later") if counts.get(state)]
    if counts.get("unknown") and not progress.open:
        parts.append("waiting to ask what became of it")
    return ", ".join(parts)


@contextmanager
def shown_progress(stream: TextIO, *, silent: bool) -> Generator[Callable[[Progress], None]]:
    """Show progress on a stream until the end of the `with` block: a bar on a terminal, else a line now and then."""
    if silent:
        yield lambda progress: None
        return
    if not stream.isatty():
        yield _Lines(stream).show
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    bar = Bar(*columns, console=Console(file=stream), transient=True)
    task = bar.add_task("", total=None)

    def show(progress: Progress) -> None:
        unknown = progress.counts.get("unknown", 0)
        text = (f"[bold red]{unknown:,} unknown[/] " if unknown else "") + progress_text(progress)
        bar.update(task, total=progress.total, completed=progress.total - progress.open, description=text)
        bar.start()

    try:
        yield show
    finally:
        bar.stop()


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self.stream, self.next = stream, LINE_EVERY

    def show(self, progress: Progress) -> None:
        done, unknown = progress.total - progress.open, progress.counts.get("unknown", 0)
        if progress.seconds < self.next or not (progress.open or unknown):  # the summary says the end
            return
        self.next = progress.seconds + LINE_EVERY
        more = [f"{unknown:,} unknown" if unknown else "", progress_text(progress)]
        print(", ".join(filter(None, [f"{done:,} of {progress.total:,}", *more])), file=self.stream, flush=True)


def plan_text(plan: Plan) -> str:
    """Return a plan in words."""
    rows = f"{plan.rows:,} rows are to be sent, by at least {plan.requests:,} requests."
    if not plan.rows:
        return "No row is to be sent."
    if plan.limit is None or plan.ends_at is None:
        return f"{rows}\nThe service names no rate limit: the end depends on its speed and on --workers."
    limit = f"The service allows {plan.limit:,} requests in a window, taken to be {plan.window:.0f} s long."
    end = f"The earliest end is {plan.ends_at.astimezone():%Y-%m-%d %H:%M:%S %z}, {plan.windows:,} windows from now."
    return f"{rows}\n{limit}\n{end}"


_ENDED_BADLY: tuple[State, ...] = ("unknown", "refused", "later")


def summary_text(job: Job, counts: Mapping[State, int]) -> str:
    """Return what became of the rows, and what to do about those that are not sent."""
    lines = [f"{counts[state]:,} {state}" for state in counts]
    not_sent: list[State] = [state for state in _ENDED_BADLY if state in counts]
    listed = list[str]()
    for row in job.rows(*not_sent) if not_sent else ():
        if len(listed) == MOST_SHOWN:
            listed.append("  and more: --report FILE lists all")
            break
        why = row.error.summary if row.error else row.state
        listed += [f"  line {row.line}, {row.state}: {why}"]
    steps: dict[str, None] = dict.fromkeys(next_step(row, in_python) for row in job.rows("unknown"))
    open_ = counts.get("todo", 0) + counts.get("doing", 0)
    steps |= (
        {"Run the same command again: it goes on where this one ended.": None} if open_ or "later" in counts else {}
    )
    if "refused" in counts:
        steps |= {"Put right what is refused, then run the same command with --retry-refused.": None}
    return "\n".join([", ".join(lines) or "the job has no rows", *listed, *steps])
