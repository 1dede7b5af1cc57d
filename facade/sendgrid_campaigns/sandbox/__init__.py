"""An offline emulator of SendGrid's Campaigns and Single Sends APIs: stateful, with no account, network or mail.

from sendgrid_campaigns.sandbox import Sandbox

sandbox = Sandbox()
with sandbox.client() as campaigns:
    campaigns.send(4900)
sandbox.mailings(4900)  # each mailing, with the request that caused the mailing
"""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from pathlib import Path
from sqlite3 import Row
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import attrs

from sendgrid_campaigns.sandbox import example, rules, single_sends
from sendgrid_campaigns.sandbox.faults import Canned, Effect, Ending, Fault, Network, check_among, in_seconds
from sendgrid_campaigns.sandbox.service import ALL_SCOPES, OPERATIONS, Knobs, Origin, Service
from sendgrid_campaigns.sandbox.shared import table_of
from sendgrid_campaigns.sandbox.state import State

if TYPE_CHECKING:
    import ssl

    from sendgrid_campaigns import AsyncCampaignsClient, AsyncSingleSendsClient, CampaignsClient, SingleSendsClient
    from sendgrid_campaigns.config import Clock, Retry
    from sendgrid_campaigns.sandbox.server import Server
    from sendgrid_campaigns.sandbox.transport import SandboxTransport
    from sendgrid_campaigns.sandbox.wire import FaultyServer

WRITES = tuple(name for name in OPERATIONS if not name.startswith(("list", "get", "search")))
STATUSES = ("Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled")
Kind = Literal["sender", "list", "segment", "suppression_group", "ip_pool", "custom_field"]

__all__ = ["Canned", "Knobs", "Mailing", "RequestRecord", "Sandbox", "SentTest"]


__tracebackhide__: methodcaller = methodcaller("errisinstance", (AssertionError, ValueError, TypeError))
"""For pytest: the traceback of a failed check, or of a wrong use, ends in the test."""


def _machine_time() -> float:
    return time.time()  # looked up now: a test may have frozen the time


_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""The clock may go on for a year from there."""


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """A request that the service handled."""

    number: int
    """The position in order of arrival, from 1."""
    at: datetime
    """The time of arrival, by the sandbox's clock."""
    method: str
    path: str
    on_behalf_of: str | None
    headers: Mapping[str, str] = field(repr=False, hash=False)
    """The headers, with names in lower case, without Authorization: the sandbox stores no key of a request."""
    body: str = field(repr=False)
    """The body as text; empty when there is none."""
    status_code: int
    origin: Origin
    """The sender: a client; the network, with a late or a second copy of a client's request; or, during an action
    planned by `Sandbox.act`, another client."""
    error: str = field(default="", repr=False)
    """The body of an answer with a status code from 400; otherwise empty."""


def _record(row: Row) -> RequestRecord:
    columns: dict[str, Any] = {**dict(row), "at": _time(row["at"]), "headers": json.loads(row["headers"])}
    return RequestRecord(**columns)


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """A campaign or single send that the service would have mailed to its audience."""

    number: int
    """The position in order, from 1."""
    campaign_id: int | None
    """None for a single send."""
    single_send_id: str | None
    """None for a campaign."""
    account: str | None
    """The campaign's account, as the on-behalf-of header names the account; None: the parent account."""
    at: datetime
    """The time when the mail went out, by the sandbox's clock."""
    subject: str | None
    """This and the next fields are the campaign's, as they were when the mail went out."""
    html_content: str | None = field(repr=False)
    plain_content: str | None = field(repr=False)
    sender_id: int | None
    list_ids: tuple[int, ...] | tuple[str, ...]
    """Integers of a campaign, UUIDs of a single send."""
    recipients: int
    request: RequestRecord | None
    """The request that caused the mailing; None for what `create_campaign` or `create_single_send` made scheduled."""


def _mailing(row: Row, request: RequestRecord | None) -> Mailing:
    campaign, id = json.loads(row["fields"]), row["campaign_id"]
    return Mailing(
        number=row["number"],
        campaign_id=None if isinstance(id, str) else id,
        single_send_id=id if isinstance(id, str) else None,
        account=row["account"] or None,
        at=_time(row["at"]),
        subject=campaign["subject"],
        html_content=campaign["html_content"],
        plain_content=campaign["plain_content"],
        sender_id=campaign["sender_id"],
        list_ids=tuple(campaign["list_ids"] or ()),
        recipients=row["recipients"],
        request=request,
    )


@dataclass(frozen=True, kw_only=True)
class SentTest:
    """A test mail that the service would have sent to a few addresses."""

    campaign_id: int
    addresses: tuple[str, ...]
    at: datetime
    """The time of the request, by the sandbox's clock."""


def _shown(row: Row) -> dict[str, Any]:
    """Return a row of the overview: a time as text, the parent account as None, a list of JSON as a list."""
    shown = dict(row)
    if "at" in shown:
        shown["at"] = _time(shown["at"]).isoformat()
    if "account" in shown:
        shown["account"] = shown["account"] or None
    return shown | {name: json.loads(shown[name] or "[]") for name in ("list_ids", "addresses") if name in shown}


class Sandbox:
    """An emulated SendGrid, in memory or in a file that several processes may share.

    A new sandbox holds an example: the key `SG.sandbox`, the Draft 4900, the Subuser `acme` with campaign 4901 and the
    customer account `A123` with campaign 4902. Each account has a single send, too; `example.SINGLE_SENDS` has the ids.
    All of them are ready to send. Threads may share a sandbox.

    path: the file; None keeps the state in memory. Raises ValueError for a file that holds something else.
    clock: returns the time as unix seconds; default: `time.time()`, which a test may freeze. `advance` adds to the
    returned time.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        knobs: Knobs | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not isinstance(path, str | Path | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"path is the path of a file, or None: {path!r}")
        if not isinstance(knobs, Knobs | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"knobs is a Knobs, such as Knobs(rate_limit=5): {knobs!r}")
        self._clock = clock or _machine_time
        self._state = State(path)
        self._knobs = knobs or Knobs()
        self._service = Service(self._state, self._knobs, self._now)
        self._network = Network(self._service, self._now)
        self._random_choices: list[str] = []
        self._state.transact(self._insert_example)

    # --- clients ---

    def client(self, api_key: str = example.KEY, *, retry: "Retry | None" = None) -> "CampaignsClient":
        """Return a sync client. The client's waits advance the sandbox's clock, in no real time."""
        from sendgrid_campaigns import CampaignsClient
        from sendgrid_campaigns.sandbox.client import client_of

        return client_of(self, CampaignsClient, api_key, retry)

    def async_client(self, api_key: str = example.KEY, *, retry: "Retry | None" = None) -> "AsyncCampaignsClient":
        """Return an async client. The client's waits advance the sandbox's clock, in no real time."""
        from sendgrid_campaigns import AsyncCampaignsClient
        from sendgrid_campaigns.sandbox.client import client_of

        return client_of(self, AsyncCampaignsClient, api_key, retry)

    def single_sends_client(self, api_key: str = example.KEY, *, retry: "Retry | None" = None) -> "SingleSendsClient":
        """Return a sync client of Single Sends. The client's waits advance the sandbox's clock, in no real time."""
        from sendgrid_campaigns import SingleSendsClient
        from sendgrid_campaigns.sandbox.client import client_of

        return client_of(self, SingleSendsClient, api_key, retry)

    def async_single_sends_client(
        self, api_key: str = example.KEY, *, retry: "Retry | None" = None
    ) -> "AsyncSingleSendsClient":
        """Return an async client of Single Sends. The client's waits advance the sandbox's clock, in no real time."""
        from sendgrid_campaigns import AsyncSingleSendsClient
        from sendgrid_campaigns.sandbox.client import client_of

        return client_of(self, AsyncSingleSendsClient, api_key, retry)

    def clock(self) -> "Clock":
        """Return the sandbox's clock, for a client. Sleeping advances the clock, in no real time."""
        from sendgrid_campaigns.sandbox.client import SandboxClock

        return SandboxClock(self._now, self.advance)

    def transport(self) -> "SandboxTransport":
        """Return an httpx transport for any httpx client: `httpx.Client(transport=sandbox.transport())`."""
        from sendgrid_campaigns.sandbox.transport import SandboxTransport

        return SandboxTransport(self._network, self.advance)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1", start: bool = True) -> "Server":
        """Open an HTTP server on loopback for clients in any language, with a page for people at `/`.

        The server's `url` is the base URL, and the page's address. The server is a context manager. Raises ImportError
        when the extra `sandbox` is not installed, and OSError when the address is taken or not this machine's.

        port: 0 takes a free port.
        host: the address to listen on. Whoever reaches it can read and steer the sandbox.
        start: True runs the server in a thread until the server is closed; False: call the server's `run` yourself.
        """
        from sendgrid_campaigns.sandbox.control import Control
        from sendgrid_campaigns.sandbox.server import Server

        server = Server(Control(self, self._network, self._version), self._network, host, port)
        if start:
            server.start()
        return server

    def serve_faulty(self, tls: "ssl.SSLContext | None" = None) -> "FaultyServer":
        """Open an HTTP server on loopback that plays every planned fault to the byte: see docs/sandbox.md.

        The server is a context manager, runs in threads, needs no extra, and is made for tests.

        tls: the server's context for https; None: http.
        """
        from sendgrid_campaigns.sandbox.wire import FaultyServer

        return FaultyServer(self._network, tls)

    # --- contents ---

    def create_campaign(
        self,
        *,
        on_behalf_of: str | None = None,
        account_id: str | None = None,
        status: str = "Draft",
        send_at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Create a campaign and return its id: by default a complete Draft, ready to send.

        Raises TypeError for an unknown field or a field of the wrong type, and ValueError for an unknown account or
        status, and unless exactly the Scheduled campaigns have a `send_at`.

        on_behalf_of: the account, as the header names the account: "acme", "account-id A123"; None: the parent account.
        account_id: a customer account, by its id, in place of on_behalf_of.
        fields: campaign fields by the API's names, in place of the defaults; None clears a field.
        """
        account = self._account(on_behalf_of, account_id)
        check_among("status", STATUSES, status)
        if (status == "Scheduled") != (send_at is not None):
            raise ValueError("a Scheduled campaign has a send_at, and no other has")
        if not rules.is_parsed(fields):
            raise TypeError(f"a campaign field has the wrong type: {fields!r}")
        if unknown := fields.keys() - rules.FIELDS.keys():
            raise TypeError(
                f"campaigns have no field {', '.join(sorted(unknown))}; they have {', '.join(rules.FIELDS)}"
            )
        at = send_at.timestamp() if send_at else None if status == "Draft" else self._now()
        return self._state.transact(lambda: self._insert_campaign(account, fields, status=status, send_at=at, due=at))

    def create_single_send(
        self,
        *,
        on_behalf_of: str | None = None,
        account_id: str | None = None,
        status: str = "draft",
        send_at: datetime | None = None,
        **fields: Any,
    ) -> str:
        """Create a single send and return its id: by default a complete draft, ready to send.

        Raises as `create_campaign` does; exactly a scheduled single send has a `send_at`.

        on_behalf_of, account_id: the account, as in `create_campaign`.
        fields: by the API's names, without nesting, in place of the defaults: subject="Summer", list_ids=["<uuid>"].
        """
        account = self._account(on_behalf_of, account_id)
        check_among("status", single_sends.STATUSES, status)
        if (status == "scheduled") != (send_at is not None):
            raise ValueError("a scheduled single send has a send_at, and no other has")
        if unknown := fields.keys() - single_sends.FIELDS.keys():
            known = ", ".join(single_sends.FIELDS)
            raise TypeError(f"single sends have no field {', '.join(sorted(unknown))}; they have {known}")
        if not single_sends.is_parsed(fields):
            raise TypeError(f"a field of a single send has the wrong type: {fields!r}")
        at = send_at.timestamp() if send_at else None if status == "draft" else self._now()
        return self._state.transact(
            lambda: self._insert_single_send(account, fields, status=status, send_at=at, due=at)
        )

    def set_status(self, campaign_id: int | str, status: str) -> None:
        """Set a campaign's status, as the web interface can: pause, cancel, or any other text.

        Raises ValueError when there is no such campaign.

        campaign_id: also the id of a single send.
        """

        def work() -> None:
            self._service.run_due(self._now())
            if self._state.row(f"SELECT 1 FROM {table_of(campaign_id)} WHERE id = ?", campaign_id) is None:  # noqa: S608
                raise ValueError(f"there is no campaign {campaign_id}")
            self._service.change(campaign_id, self._now(), status=status, accepted_at=None)

        self._state.transact(work)

    def add_resource(
        self,
        kind: Kind,
        id: int | str,
        *,
        name: str | None = None,
        recipients: int = 0,
        verified: bool = True,
        on_behalf_of: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Add to an account a resource that campaigns refer to by id. Raises ValueError for an unknown account or kind.

        id: of a list or segment of single sends: a UUID as text; of one of campaigns: an integer.
        name: default: the kind and the id, such as "list 555". Contents name a custom field by its name.
        recipients: of a list or a segment.
        verified: of a sender.
        """
        check_among("kind", get_args(Kind), kind)
        account = self._account(on_behalf_of, account_id)
        value = recipients if kind in ("list", "segment") else int(verified)
        self._state.transact(
            lambda: self._state.rows(
                "REPLACE INTO resources VALUES (?, ?, ?, ?, ?)", account, kind, str(id), value, name or f"{kind} {id}"
            )
        )

    def add_subuser(self, username: str) -> None:
        """Add a Subuser to the parent account, with the example's resources. Raises ValueError when taken."""
        self._add_account(username)

    def add_account(self, account_id: str) -> None:
        """Add a customer account to the parent account, with the example's resources. Raises ValueError when taken."""
        self._add_account(f"account-id {account_id}")

    def add_key(
        self,
        value: str,
        *,
        scopes: Sequence[str] = ALL_SCOPES,
        on_behalf_of: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Add an API key to the parent account, or to the account named. Raises ValueError for an empty key.

        scopes: such as ["marketing_campaigns.read"], and for Single Sends ["marketing.read"].
        """
        if not value:
            raise ValueError("an API key must not be empty")
        account = self._account(on_behalf_of, account_id)
        rights = json.dumps([scopes] if isinstance(scopes, str) else list(scopes))
        self._state.transact(lambda: self._state.rows("REPLACE INTO keys VALUES (?, ?, ?)", value, account, rights))

    def api_keys(self) -> list[str]:
        """Return the API keys that the sandbox holds."""
        return [row["value"] for row in self._state.rows("SELECT value FROM keys ORDER BY value")]

    def set_credits(self, credits: int, *, on_behalf_of: str | None = None, account_id: str | None = None) -> None:
        """Set the number of mails that an account may still send. Raises ValueError for an unknown account."""
        account = self._account(on_behalf_of, account_id)
        self._state.transact(
            lambda: self._state.rows("UPDATE accounts SET credits = ? WHERE name = ?", credits, account)
        )

    # --- faults, and other clients ---

    def fault(
        self,
        operation: str,
        occurrence: int = 1,
        *,
        times: int = 1,
        effect: Effect | None = None,
        delay: float | timedelta = 0.0,
        answer: int | Canned | Literal["second"] | None = None,
        ending: Ending | None = None,
        cut: int | None = None,
        drip: float | timedelta = 0.0,
        raw: bytes | None = None,
        after: int | None = None,
    ) -> None:
        """Plan a fault for one request: the request's effect on the service, and the answer that the client sees.

        Raises ValueError or TypeError for a contradictory plan. A plan that no request meets fails the test: see
        `close`.

        operation: the name of the client's method, such as "get_schedule"; for Single Sends the name in the fragment,
        such as "schedule_single_send"; "connect": a connection to `serve_faulty`.
        occurrence: which request for the operation, counted from now on; 1 is the next.
        times: the number of successive requests with this fault.
        effect: "none"; "done"; "late": the service handles the request when the `delay` is over, in seconds of the
        sandbox's time or as a timedelta; "twice": the service handles two copies of the request. Default: "none" for an
        answer given as a status code or `Canned`, for `after`, and for the ending "refused"; otherwise "done".
        answer: a status code, with an HTML page as from a proxy; `Canned`; or "second": the service's answer to the
        second copy. Default: the service's answer, to the first copy.
        ending: the end of the connection, in place of an answer: "refused", "reset", "closed" or "silence".
        cut: bytes of the answer, the head included, that arrive before the ending; default ending: "closed". With a
        cut longer than the answer, the whole answer arrives before the ending.
        drip: seconds before each byte of the answer. In process, the client's read timeout limits the whole answer.
        raw: bytes in place of the answer, before the ending; default ending: "closed". Only for `serve_faulty`.
        after: bytes of the request's body, or of the connection, that the server reads before the ending. Only for
        `serve_faulty`.
        """
        fault = Fault(
            operation=operation, effect=effect, delay=in_seconds("delay", delay), answer=answer, ending=ending, cut=cut,
            drip=in_seconds("drip", drip), raw=raw, after=after,
        )  # fmt: skip
        self._network.fault(fault, occurrence, times)

    def lose_answer(self, operation: str, occurrence: int = 1) -> None:
        """Plan a fault: the service carries a request out, and the connection breaks before the answer.

        operation, occurrence: which request, see `fault`.
        """
        self.fault(operation, occurrence, effect="done", ending="reset")

    def outage(self, seconds: float | timedelta, *, answer: int | Canned = 503, ending: Ending | None = None) -> None:
        """Stop every request before the service for a number of seconds of the sandbox's time, starting now.

        A request with a planned fault meets that fault instead. A new outage replaces the old one; 0 seconds end the
        outage. Raises ValueError for a negative number, and for `answer` and `ending` as `fault` does.
        """
        fault = Fault(operation="any", effect="none", answer=None if ending else answer, ending=ending)
        self._network.outage(in_seconds("outage", seconds), fault)

    def act(
        self,
        operation: str,
        occurrence: int,
        what: Callable[["Sandbox"], object],
        *,
        when: Literal["before", "after"] = "before",
    ) -> None:
        """Plan an action of another client, right before or after the service handles one request.

        Raises ValueError for an unknown operation. A plan that no request meets fails the test: see `close`.

        occurrence: which request for the operation, counted from now on; 1 is the next.
        what: a function of this sandbox. The function may use a new `client()` of the sandbox, whose requests meet no
        plans and are not counted. The function must not use the client under test, which waits for the function to
        return; so does the client's event loop.
        """
        self._network.act(operation, occurrence, lambda: what(self), when)

    def make_outcome_unknown(
        self,
        operation: str = "send",
        occurrence: int = 1,
        *,
        effect: Literal["none", "done"] | None = None,
        seed: int | None = None,
        seconds: float | timedelta = 180.0,
    ) -> Literal["none", "done"]:
        """Make a write end in OutcomeUnknownError: lose the write's answer, and start an outage so that no read tells.

        Returns the effect. Raises ValueError for an operation that is not a write.

        effect: "done": the service carries the write out; "none": the write is lost on the way. Default: a random
        choice, which is also noted on an exception that leaves the sandbox's `with` block.
        seed: of the random choice.
        seconds: the length of the outage, in the sandbox's time. The default is longer than a client's call may take.
        `outage(0)` ends the outage.
        """
        check_among("operation", WRITES, operation, ": only the outcome of a write can be unknown")
        in_seconds("seconds", seconds)
        if effect is None:
            effect = "done" if random.Random(seed).random() < 0.5 else "none"  # noqa: S311 - no secret
            self._random_choices.append(f"sandbox.make_outcome_unknown({operation!r}, {occurrence}, effect={effect!r})")
        self.fault(operation, occurrence, effect=effect, ending="reset")
        self.act(operation, occurrence, lambda sandbox: sandbox.outage(seconds), when="after")
        return effect

    @property
    def random_choices(self) -> tuple[str, ...]:
        """The random choices so far, as calls that repeat them."""
        return tuple(self._random_choices)

    def unused_faults(self) -> list[str]:
        """Return the plans of `fault` and `act` that no request has met so far, as calls."""
        return self._network.unused()

    def forget_faults(self) -> None:
        """Drop the plans of `fault` and `act` that no request has met, and end an outage."""
        self._network.forget()

    def set_knobs(self, **changes: Any) -> None:
        """Change knobs of this sandbox from now on: `set_knobs(staleness=10)`. The others keep their values.

        Raises TypeError for an unknown knob, and ValueError for a value out of range: see `Knobs`.
        """
        if unknown := changes.keys() - {each.name for each in fields(Knobs)}:
            names = ", ".join(each.name for each in fields(Knobs))
            raise TypeError(f"there is no knob {', '.join(sorted(unknown))}; the knobs are {names}")
        self._turn(replace(self._service.knobs, **changes))

    def _turn(self, knobs: Knobs) -> None:
        def work() -> None:
            self._service.run_due(self._now())
            self._service.knobs = knobs

        self._state.transact(work)

    def reset(self) -> None:
        """Make the sandbox as new: the example alone, no plans, the first knobs, and a clock that nothing has advanced.

        Other processes on the same file keep their plans and knobs.
        """

        def work() -> None:
            self._state.clear()
            self._service.knobs = self._knobs
            self._insert_example()

        self._state.transact(work)
        self._network.forget()

    # --- ledgers ---

    def mailings(self, campaign_id: int | str | None = None) -> list[Mailing]:
        """Return the mailings until now, of one campaign, of one single send (by its UUID), or of all, in order."""
        self._run_due()
        rows = self._state.rows(
            "SELECT * FROM mailings WHERE campaign_id = coalesce(?, campaign_id) ORDER BY number", campaign_id
        )
        causes = self._state.rows("SELECT * FROM requests WHERE number IN (SELECT request FROM mailings)")
        requests = {row["number"]: _record(row) for row in causes}
        return [_mailing(row, requests.get(row["request"])) for row in rows]

    def tests(self, campaign_id: int | None = None) -> list[SentTest]:
        """Return the test mails until now, of one campaign or of all, in order."""
        self._run_due()
        rows = self._state.rows(
            "SELECT campaign_id, addresses, at FROM tests WHERE campaign_id = coalesce(?, campaign_id) ORDER BY number",
            campaign_id,
        )
        return [
            SentTest(campaign_id=row["campaign_id"], addresses=tuple(json.loads(row["addresses"])), at=_time(row["at"]))
            for row in rows
        ]

    def requests(self) -> list[RequestRecord]:
        """Return every request that the service has handled, in order."""
        self._run_due()
        return [_record(row) for row in self._state.rows("SELECT * FROM requests ORDER BY number")]

    def overview(self) -> dict[str, Any]:
        """Return what a person looks at, as JSON data: the clock, accounts, campaigns, plans, and the latest events.

        Times are texts of ISO 8601, but for `send_at`, a unix time. Of campaigns, mailings, tests and requests the
        overview holds the latest hundred, without contents; `counts` says how many there are.
        """
        return self._state.transact(self._overview)

    def _overview(self) -> dict[str, Any]:
        now = self._now()
        self._service.run_due(now)
        rows = self._state.rows
        text = "substr(json_extract(fields, '$.{0}'), 1, 200) AS {0}"
        title, subject = text.format("title"), text.format("subject")
        name = "substr(json_extract(fields, '$.name'), 1, 200)"
        contents = {
            "campaigns": f"id, account, status, send_at, {title}, {subject}",
            "single_sends": f"number, id, account, status, send_at, {name} AS title, {subject}",
            "mailings": "number, iif(typeof(campaign_id) = 'text', NULL, campaign_id) AS campaign_id,"
            " iif(typeof(campaign_id) = 'text', campaign_id, NULL) AS single_send_id,"
            f" account, at, {subject}, recipients, json_extract(fields, '$.sender_id')"
            " AS sender_id, json_extract(fields, '$.list_ids') AS list_ids, request",
            "tests": "number, campaign_id, addresses, at",
            "requests": "number, at, method, path, on_behalf_of, status_code, origin, substr(error, 1, 500) AS error",
        }
        latest = {
            name: [_shown(row) for row in rows(f"SELECT {columns} FROM {name} ORDER BY 1 DESC LIMIT 100")]  # noqa: S608
            for name, columns in contents.items()
        }
        return {
            "now": _time(now).isoformat(),
            "advanced_by": rows("SELECT advanced_by FROM clock")[0]["advanced_by"],
            "staleness": self._service.knobs.staleness,
            "accounts": [_shown(row) for row in rows("SELECT name AS account, credits FROM accounts ORDER BY rowid")],
            **latest,
            "plans": self._network.unused(),
            "faults": [{**attrs.asdict(each), "at": _time(each.at).isoformat()} for each in list(self._network.played)],
            "counts": {name: rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in contents},  # noqa: S608
        }

    def _version(self) -> object:
        """Return a value that changes when the overview may have changed."""
        return self._state.version(), self._network.unused(), list(self._network.played)[-1:], self._service.is_due()

    # --- time ---

    def now(self) -> datetime:
        """Return the time of the sandbox's clock."""
        return _time(self._now())

    def advance(self, seconds: float | timedelta) -> None:
        """Advance the sandbox's clock. Raises ValueError unless `seconds` is from 0 to 1e9, or for the year 9999."""
        by = in_seconds("what the clock advances by", seconds)

        def work() -> None:
            if self._now() + by > _LATEST:
                raise ValueError("the clock cannot advance to the year 9999; reset() sets it back")
            self._state.rows("UPDATE clock SET advanced_by = advanced_by + ?", by)

        self._state.transact(work)

    def _run_due(self) -> None:
        self._state.transact(lambda: self._service.run_due(self._now()))

    def close(self, *, check: bool = True) -> None:
        """Close the sandbox; a file keeps the state. The end of the sandbox's `with` block does the same.

        Raises AssertionError for plans that no request has met, unless another exception is being handled.

        check: whether to look for such plans.
        """
        self._state.close()
        if check and sys.exception() is None:
            self._network.check_used()

    def __repr__(self) -> str:
        try:
            self._run_due()
        except (RuntimeError, AttributeError):  # in a traceback out of __init__
            return "Sandbox(closed)"
        names = ("campaigns", "requests", "mailings")
        counts = [self._state.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in names]  # noqa: S608
        contents = ", ".join(f"{name}={count}" for name, count in zip(names, counts, strict=True))
        return f"Sandbox({contents}, now={self.now().isoformat(' ', 'seconds')})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state.close()
        if error is None:
            self._network.check_used()
        elif self._random_choices:
            error.add_note(f"The sandbox chose at random: {'; '.join(self._random_choices)}")

    def _now(self) -> float:
        row = self._state.row("SELECT advanced_by FROM clock")
        return self._clock() + (row["advanced_by"] if row else 0.0)

    def _account(self, on_behalf_of: str | None, account_id: str | None) -> str:
        """Return the name of an account in the state."""
        if on_behalf_of is not None and account_id is not None:
            raise ValueError("on_behalf_of and account_id both name an account: give one of them")
        name = f"account-id {account_id}" if account_id is not None else on_behalf_of or ""
        if self._state.row("SELECT 1 FROM accounts WHERE name = ?", name) is None:
            raise ValueError(f"there is no account {name!r}: add_subuser() or add_account() adds one")
        return name

    def _add_account(self, name: str) -> None:
        self._state.transact(lambda: self._insert_account(name))

    def _insert_account(self, name: str) -> None:
        if self._state.row("SELECT 1 FROM accounts WHERE name = ?", name) is not None:
            raise ValueError(f"there already is an account {name!r}")
        self._state.insert("accounts", name=name, credits=example.CREDITS)
        for kind, id, value, title in example.RESOURCES:
            self._state.insert(
                "resources", account=name, kind=kind, id=example.own_id(id, name), value=value, name=title
            )

    def _insert_campaign(self, account: str, fields: Mapping[str, Any], **columns: Any) -> int:
        packed = json.dumps({**rules.FIELDS, **example.READY, **fields})
        return self._state.insert("campaigns", **{"account": account, "status": "Draft", "fields": packed, **columns})

    def _insert_single_send(self, account: str, fields: Mapping[str, Any], **columns: Any) -> str:
        stored = single_sends.complete({**example.ready_single_send(account), **fields})
        return self._service.insert_single_send(account, stored, self._now(), **columns)

    def _insert_example(self) -> None:
        if self._state.row("SELECT 1 FROM clock") is not None:
            return
        self._state.insert("clock", advanced_by=0.0)
        for id, account in example.CAMPAIGNS.items():
            self._insert_account(account)
            self._insert_campaign(account, {}, id=id)
        for single_send_id, account in example.SINGLE_SENDS.items():
            self._insert_single_send(account, {}, id=single_send_id)
        self._state.insert("keys", value=example.KEY, account="", scopes=json.dumps(ALL_SCOPES))
