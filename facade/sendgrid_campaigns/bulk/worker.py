"""Send the rows of a job: one function for a row, for threads here and for tasks of an engine; and the threads."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sendgrid_campaigns import CampaignsClient, SingleSendsClient
from sendgrid_campaigns.bulk.journal import RESOLVE_AFTER, Job
from sendgrid_campaigns.bulk.rows import Receipt, Row, State
from sendgrid_campaigns.config import check_count, check_kind
from sendgrid_campaigns.errors import ConfigurationError, OutcomeUnknownError, SendGridError
from sendgrid_campaigns.models import SendReceipt, SingleSendReceipt
from sendgrid_campaigns.operations import utc
from sendgrid_campaigns.protocol.goals import CUTOFF

# pyright: reportPrivateUsage=false

MOST_RUNS = 5
"""How often a row is tried before it is given up for now."""
FIRST_WAIT = 30.0
"""Seconds until a row is tried a second time; doubled for each further time."""
POLL = 1.0
"""Seconds after which a worker that has nothing to do looks again."""
LOOK = 0.2
"""Seconds after which a worker looks again that waits for answers to other calls of its process."""
MARGIN = 1.5
"""How many requests are left for each that is taken to be in flight. With 1, processes go over the limit by a few."""
ASSUMED = 10
"""How many processes a process assumes to share the limit before it has counted."""


def lease(campaigns: CampaignsClient) -> float:
    """Return seconds after which the worker of a claimed row counts as dead: no call of this client takes so long."""
    session = campaigns._session
    return session.retry.deadline + 2 * session.timeout + 30.0  # the last look begins before the deadline


def account_view(campaigns: CampaignsClient, on_behalf_of: str | None) -> CampaignsClient:
    """Return the client's view for an account, as the on-behalf-of header names the account."""
    kind, _, account_id = (on_behalf_of or "").partition(" ")
    if on_behalf_of is None:
        return campaigns
    return campaigns.on_behalf_of(account_id=account_id) if account_id else campaigns.on_behalf_of(kind)


def single_sends_view(campaigns: CampaignsClient) -> SingleSendsClient:
    """Return a client of single sends with the same key, account and connections."""
    view = object.__new__(SingleSendsClient)
    vars(view).update(vars(campaigns), _is_view=True)
    return view


def work(job: Job, campaigns: CampaignsClient, row: Row) -> State:
    """Send a claimed row, or ask what became of an unknown one; write down the result, and return the new state.

    Raises ConfigurationError when the client cannot be used; the row is free again then.
    """
    view: Any = account_view(campaigns, row.on_behalf_of)
    if row.is_single_send:
        view = single_sends_view(view)
    try:
        if row.state == "unknown":
            return _ask(job, view, row)
        receipt = _send(view, row)
    except ConfigurationError:
        job.free(row)
        raise
    except OutcomeUnknownError as error:
        return _finish(job, row, "unknown", error, RESOLVE_AFTER)
    except SendGridError as error:
        return _failed(job, row, error)
    return _finish(job, row, "already" if receipt.known_from == "already" else "sent", receipt)


def _send(view: Any, row: Row) -> Receipt:
    receipt: Receipt = (
        view.ensure_sent(row.single_send_id or row.campaign_id)
        if row.key is None
        else view.send_once(row.key, **row.fields)
    )
    return receipt


def _ask(job: Job, view: Any, row: Row) -> State:
    """Ask what became of an unknown row."""
    assert isinstance(row.error, OutcomeUnknownError)
    try:
        outcome = view.outcome(row.error)
    except ConfigurationError:
        raise
    except SendGridError:
        outcome = None
    if outcome is None or not any(attempt.proof == "accepted" for attempt in outcome.attempts):
        # Nothing could be read.
        return _finish(job, row, "unknown", None, _pause(row) if row.runs < MOST_RUNS else None)
    send_at = row.error.wanted.get("send_at")
    if outcome.applied is None:
        # A draft proves that nothing was sent once the chosen time of a single send is long past.
        wait = send_at + CUTOFF + RESOLVE_AFTER - view._session.clock.time() if send_at else 0.0
        return _finish(job, row, "unknown", None, wait if wait > 0 else None)
    if outcome.applied and outcome.action == "sent":
        receipt = (
            SingleSendReceipt(outcome.id, outcome.status, utc(send_at), "read-back", outcome.attempts)
            if row.is_single_send
            else SendReceipt(outcome.id, outcome.status, "read-back", outcome.attempts)
        )
        return _finish(job, row, "sent", receipt)
    # Nothing was sent: the write had no effect, or it only made or changed the draft that `send_once` finds again.
    return _finish(job, row, "todo", None, 0.0)


def _failed(job: Job, row: Row, error: SendGridError) -> State:
    if not error.temporary:
        return _finish(job, row, "refused", error)
    if row.runs >= MOST_RUNS:
        return _finish(job, row, "later", error)
    return _finish(job, row, "todo", error, getattr(error, "retry_after", None) or _pause(row))


def _pause(row: Row) -> float:
    return FIRST_WAIT * 2.0 ** (row.runs - 1)


def _finish(
    job: Job, row: Row, state: State, result: Receipt | SendGridError | None = None, wait: float | None = None
) -> State:
    job.finish(row, state, result, *([] if wait is None else [wait]))
    return state


# --- many rows ---


@dataclass(frozen=True)
class Progress:
    """How far a job is."""

    counts: Mapping[State, int]
    """Rows by state."""
    seconds: float
    """Since this run began."""
    finished: int
    """Rows that this run, and no other process, finished."""
    limit_opens_at: datetime | None
    """Until when workers wait for the rate limit; None when none waits."""

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """How many rows are to be sent yet."""
        return self.counts.get("todo", 0) + self.counts.get("doing", 0)

    @property
    def per_minute(self) -> float:
        """How many rows this run finishes in a minute."""
        return self.finished * 60 / self.seconds if self.seconds > 0 else 0.0


def run(
    job: Job,
    campaigns: CampaignsClient,
    *,
    workers: int = 8,
    progress: Callable[[Progress], object] | None = None,
    stop: threading.Event | None = None,
    only_ask: bool = False,
) -> dict[State, int]:
    """Send every row of a job that is due, by threads, and return the number of rows by state.

    Returns when no row is todo any more, and none is with another process: rows of a process that died are taken over
    when their lease is over, some minutes after they were claimed. Rows that cannot be sent for now are tried
    again meanwhile. About each row that is unknown, `outcome` is asked, until reading works.

    progress: called about once a second, and at the end.
    stop: an event to end the run by: rows in flight are finished, and the rest stays todo.
    only_ask: send nothing, and only ask what became of the unknown rows.

    Raises AuthenticationError or PermissionDeniedError before anything is sent when the service refuses the key;
    ConfigurationError for a client that cannot be used; and SQLAlchemy's errors when the journal cannot be written. The
    same call goes on where this one ended.
    """
    check_kind(campaigns, CampaignsClient)
    check_count("workers", workers, 1)
    threads = _Threads(job, campaigns, stop or threading.Event(), ("unknown",) if only_ask else _OPEN)
    return threads.run(workers, progress or (lambda progress: None))


_OPEN: tuple[State, ...] = ("todo", "doing", "unknown")


def _look(job: Job, campaigns: CampaignsClient) -> None:
    """Make a read of each API that the job's rows use. Raises the error of a key that may not read there."""
    if job.sends(single_sends=False):
        campaigns.list(limit=1)
    if job.sends(single_sends=True):
        single_sends_view(campaigns).list(most=1)


class _Threads:
    def __init__(self, job: Job, campaigns: CampaignsClient, stop: threading.Event, states: tuple[State, ...]) -> None:
        self.job, self.campaigns, self.stop, self.states = job, campaigns, stop, states
        self.clock = campaigns._session.clock
        self.began = self.clock.monotonic()
        self.finished = 0
        self.lock = threading.Lock()
        self.failed = threading.Event()
        self.throttle = Throttle(campaigns)

    def run(self, workers: int, progress: Callable[[Progress], object]) -> dict[State, int]:
        self.job.bind(self.campaigns._session.host)
        if self.job.next_due(self.states) is None:
            return self.job.counts()
        try:
            _look(self.job, self.campaigns)  # a key that the service refuses ends the run here, and not each row
        except SendGridError as error:
            if not error.temporary:
                raise
        with ThreadPoolExecutor(workers, "sendgrid-campaigns") as pool:
            running: set[Future[None]] = {pool.submit(self._work) for _ in range(workers)}
            try:
                while running:
                    done, running = wait(running, POLL, FIRST_EXCEPTION)
                    for future in done:
                        future.result()
                    progress(self._progress())
            except BaseException:
                self.failed.set()
                raise
        return self.job.counts()

    def _work(self) -> None:
        while not (self.stop.is_set() or self.failed.is_set()):
            if pause := self.throttle.begin():
                self.clock.sleep(pause)
                continue
            state = self.throttle.work(self.job, self.states)
            if state is not None:
                with self.lock:
                    self.finished += state not in ("todo", "unknown")
            elif (seconds := self.job.next_due(self.states)) is None:
                return
            else:
                self._wait(min(max(seconds, 0.01), POLL))

    def _wait(self, seconds: float) -> None:
        """Wait in the time of the journal, which may be a test's."""
        if self.job.journal.clock is None:
            self.stop.wait(seconds)
        else:
            self.clock.sleep(seconds)

    def _progress(self) -> Progress:
        now, limit = self.clock.monotonic(), self.campaigns._session.rate_limits[None]
        opens = None
        if self.throttle.waiting and now < limit._reset < math.inf:
            opens = datetime.fromtimestamp(self.clock.time() + limit._reset - now, UTC)
        return Progress(self.job.counts(), now - self.began, self.finished, opens)


class Throttle:
    """Lets calls begin as long as the requests that all processes have in flight fit into the rate limit.

    A process knows from its last answer how many requests are left, and not how many the other processes have in
    flight. It knows its own share of the requests since it began or since the window began, and assumes to have the
    same share of those in flight. A process that begins when few requests are left is careful: see ASSUMED.
    """

    def __init__(self, campaigns: CampaignsClient) -> None:
        self.campaigns = campaigns
        self.waiting: bool = False
        self._lock = threading.Lock()
        self._calls = self._ended = 0  # under way; ended since `_before`
        self._before = math.inf  # requests that were left in this window when this process began to count
        self._window = math.inf  # when it ends

    def begin(self) -> float:
        """Count a call that begins, and return 0; or return seconds until to ask again."""
        session = self.campaigns._session
        with self._lock:
            limit, now = session.rate_limits[None], session.clock.monotonic()
            pause = limit.wait(now)
            if self._window < math.inf and abs(limit._reset - self._window) > 2.0:
                self._before, self._ended = limit._left, 0
            elif math.isinf(self._before):
                self._before = limit._left + self._ended
            self._window = limit._reset
            used = self._before - limit._left  # nan before the first answer, which is never more
            assumed = min(ASSUMED, limit._limit / 10)  # so that in a new window one call may always begin
            full = MARGIN * (self._calls + 1) * (used + assumed) >= limit._left * (self._ended + 1)
            self.waiting = (pause > 0 or full) and len(session.rate_limits) == 1  # else each account has a limit
            if self.waiting:
                return min(max(limit._reset - now, 0.01), LOOK if self._calls else POLL)
            self._calls += 1
            return 0.0

    def work(self, job: Job, states: Sequence[State] = _OPEN, item: tuple[str, str] | None = None) -> State | None:
        """Claim a row and work on it, in a call that has begun; return its new state, or None when no row is due."""
        state: State | None = None
        try:
            row = job.claim(lease(self.campaigns), states, item)
            if row is not None:
                state = work(job, self.campaigns, row)
        finally:
            self.end(used=state is not None)
        return state

    def end(self, *, used: bool) -> None:
        """Count a call that has ended. used: whether it made a request."""
        with self._lock:
            self._calls -= 1
            self._ended += used


# --- before anything is sent ---


@dataclass(frozen=True)
class Plan:
    """What a run of a job will do, as far as can be told before."""

    rows: int
    """Rows that are to be sent."""
    requests: int
    """The least number of requests."""
    limit: int | None
    """Requests that the service allows in a window of time; None when its answers name no limit."""
    windows: int
    """How many windows the requests need after the present one."""
    window: float
    """The assumed length of a window in seconds: a minute, or what is left of this one when that is more."""
    ends_at: datetime | None
    """The earliest end; None without a limit."""


def plan(job: Job, campaigns: CampaignsClient) -> Plan:
    """Read the rate limit, and return what a run of the job would do. Sends nothing."""
    job.bind(campaigns._session.host)
    _look(job, campaigns)
    told, now = campaigns._session.rate_limits[None], campaigns._session.clock.monotonic()
    rows = requests = 0
    for row in job.rows("todo", "doing"):
        rows += 1
        if row.is_single_send:
            requests += 2 if row.key is None else 7  # a read, its schedule; before: 3 lists, its draft, a read
        else:
            requests += 1 if row.key is None else 4  # its list, its draft, the list again, its send
    if math.isinf(told._limit) or math.isinf(told._reset):
        return Plan(rows, requests, None, 0, 0.0, None)
    limit, window_ends = int(told._limit), told._reset - now
    window = max(60.0, window_ends)
    windows = max(0, math.ceil((requests - told._left) / limit))  # after this one
    seconds = window_ends + (windows - 1) * window if windows else 0.0
    ends_at = datetime.fromtimestamp(campaigns._session.clock.time() + seconds, UTC)
    return Plan(rows, requests, limit, windows, window, ends_at)
