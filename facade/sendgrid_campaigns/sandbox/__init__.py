"""The embedded SendGrid: a stateful double of the Campaigns API, with no account, no network and no mail.

from sendgrid_campaigns.sandbox import Sandbox

sandbox = Sandbox()
with sandbox.client() as campaigns:
campaigns.send(4900)
sandbox.mailings(4900)  # what would have been mailed, and by which request
"""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import attrs

from sendgrid_campaigns.sandbox import example, rules
from sendgrid_campaigns.sandbox.faults import Canned, Effect, Ending, Fault, Network
from sendgrid_campaigns.sandbox.service import ALL_SCOPES, OPERATIONS, Knobs, Origin, Service
from sendgrid_campaigns.sandbox.state import State

if TYPE_CHECKING:
    import ssl

    from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient
    from sendgrid_campaigns.config import Retry
    from sendgrid_campaigns.sandbox.server import Server
    from sendgrid_campaigns.sandbox.transport import SandboxTransport
    from sendgrid_campaigns.sandbox.wire import FaultyServer

WRITES = tuple(name for name in OPERATIONS if name not in ("list", "get", "get_schedule"))
STATUSES = ("Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled")

__all__ = ["Canned", "Knobs", "Mailing", "RequestRecord", "Sandbox", "SentTest"]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@attrs.frozen(kw_only=True)
class RequestRecord:
    """A request that the service has handled."""

    number: int
    """From 1, in the order of arrival."""
    at: datetime = attrs.field(converter=_time)
    method: str
    path: str
    on_behalf_of: str | None
    status_code: int
    origin: Origin
    """Whose it is: a client's, a copy of it that the network made, or somebody else's: see `Sandbox.act`."""


@attrs.frozen(kw_only=True)
class Mailing:
    """A campaign that would have gone out to its audience."""

    campaign_id: int
    account: str | None
    """Whose it is, as the on-behalf-of header names it; None: the parent account's."""
    at: datetime = attrs.field(converter=_time)
    recipients: int
    request: RequestRecord | None
    """The request that caused it; None when the campaign was made in that state."""


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@attrs.frozen(kw_only=True)
class SentTest:
    """A campaign that would have gone to a few addresses as a test."""

    campaign_id: int
    addresses: tuple[str, ...] = attrs.field(converter=_addresses)
    at: datetime = attrs.field(converter=_time)


class Sandbox:
    """A SendGrid of one's own. In memory, or kept in a file that several processes may share.

    It holds an example: key `SG.sandbox`, the Draft 4900, the Subuser `acme` with campaign 4901 and the customer
    account `A123` with campaign 4902, all ready to be sent. Safe to share between threads.

    clock: gives the time as unix seconds, in place of the machine's; `advance` moves it on in either case.
    """

    def __init__(
        self, path: str | Path | None = None, *, knobs: Knobs | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._state = State(path)
        self._service = Service(self._state, knobs or Knobs(), self._now)
        self._network = Network(self._service, self._now)
        self._fallen: list[str] = []
        self._state.transact(self._insert_example)

    # --- clients ---

    def client(self, api_key: str = example.KEY, *, retry: "Retry | None" = None) -> "CampaignsClient":
        """A blocking client of this sandbox. When it waits, the sandbox's clock moves and no time passes."""
        from sendgrid_campaigns.sandbox import client

        return client.blocking(self.transport(), client.SandboxClock(self._now, self.advance), api_key, retry)

    def async_client(self, api_key: str = example.KEY, *, retry: "Retry | None" = None) -> "AsyncCampaignsClient":
        """A client of this sandbox for asyncio. When it waits, the sandbox's clock moves and no time passes."""
        from sendgrid_campaigns.sandbox import client

        return client.awaiting(self.transport(), client.SandboxClock(self._now, self.advance), api_key, retry)

    def transport(self) -> "SandboxTransport":
        """An httpx transport, for a client with settings of its own: `httpx.Client(transport=sandbox.transport())`."""
        from sendgrid_campaigns.sandbox.transport import SandboxTransport

        return SandboxTransport(self._network, self.advance)

    def serve(self, port: int = 0, *, start: bool = True) -> "Server":
        """An HTTP server for clients in any language, on loopback; `url` is its base URL. Needs the extra `sandbox`.

        port: 0 takes a free one.
        start: in a thread, until it is closed; use it as a context manager. False: call its `run` yourself.
        """
        from sendgrid_campaigns.sandbox.server import Server

        server = Server(self._network, port)
        if start:
            server.start()
        return server

    def serve_faulty(self, tls: "ssl.SSLContext | None" = None) -> "FaultyServer":
        """An HTTP server on loopback, in threads, that plays what `fault` plans, to the byte; a context manager.

        tls: with it, https. It needs nothing installed, and is made for tests: see docs/sandbox.md.
        """
        from sendgrid_campaigns.sandbox.wire import FaultyServer

        return FaultyServer(self._network, tls)

    # --- what is in it ---

    def create_campaign(
        self,
        *,
        on_behalf_of: str | None = None,
        status: str = "Draft",
        send_at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Make a campaign and return its id: a Draft that can be sent, but for what is given here.

        on_behalf_of: the account, as the header names it: "acme", "account-id A123"; None: the parent.
        fields: campaign fields by the API's names; None leaves one out. Raises TypeError for another name.
        """
        account = self._account(on_behalf_of)
        if status not in STATUSES:
            raise ValueError(f"{status!r} is none of {', '.join(STATUSES)}")
        if (status == "Scheduled") != (send_at is not None):
            raise ValueError("a Scheduled campaign has a send_at, and no other has")
        if not rules.is_parsed(fields):
            raise TypeError(f"a field has a type that no campaign has: {fields!r}")
        if unknown := fields.keys() - rules.FIELDS.keys():
            raise TypeError(
                f"campaigns have no field {', '.join(sorted(unknown))}; they have {', '.join(rules.FIELDS)}"
            )
        at = send_at.timestamp() if send_at else None if status == "Draft" else self._now()
        return self._state.transact(lambda: self._insert_campaign(account, fields, status=status, send_at=at, due=at))

    def set_status(self, campaign_id: int, status: str) -> None:
        """Do what is done in the web interface only: pause, cancel, or anything else to a campaign's status."""

        def work() -> None:
            self._service.settle(self._now())
            if self._state.row("SELECT 1 FROM campaigns WHERE id = ?", campaign_id) is None:
                raise ValueError(f"there is no campaign {campaign_id}")
            self._service.change(campaign_id, self._now(), status=status, accepted_at=None)

        self._state.transact(work)

    def add_resource(
        self,
        kind: Literal["sender", "list", "segment", "suppression_group", "ip_pool"],
        id: int | str,
        *,
        recipients: int = 0,
        verified: bool = True,
        on_behalf_of: str | None = None,
    ) -> None:
        """Give an account something that campaigns refer to. A list or segment has recipients, a sender is verified."""
        account = self._account(on_behalf_of)
        value = recipients if kind in ("list", "segment") else int(verified)
        self._state.transact(
            lambda: self._state.rows("REPLACE INTO resources VALUES (?, ?, ?, ?)", account, kind, str(id), value)
        )

    def add_subuser(self, username: str) -> None:
        """Give the parent account a Subuser, with a sender, a list and credits of its own."""
        self._add_account(username)

    def add_account(self, account_id: str) -> None:
        """Give the parent account a customer account, with a sender, a list and credits of its own."""
        self._add_account(f"account-id {account_id}")

    def add_key(self, value: str, *, scopes: Sequence[str] = ALL_SCOPES, on_behalf_of: str | None = None) -> None:
        """Make a key known: of the parent account, or of the one named. Scopes as `marketing_campaigns.read`."""
        if not value:
            raise ValueError("a key is not empty")
        account = self._account(on_behalf_of)
        rights = json.dumps(list(scopes))
        self._state.transact(lambda: self._state.rows("REPLACE INTO keys VALUES (?, ?, ?)", value, account, rights))

    def set_credits(self, credits: int, *, on_behalf_of: str | None = None) -> None:
        """Set how many more mails an account may send."""
        account = self._account(on_behalf_of)
        self._state.transact(
            lambda: self._state.rows("UPDATE accounts SET credits = ? WHERE name = ?", credits, account)
        )

    # --- what goes wrong, and who else acts ---

    def fault(
        self,
        operation: str,
        occurrence: int = 1,
        *,
        times: int = 1,
        effect: Effect | None = None,
        delay: float = 0.0,
        answer: int | Canned | Literal["second"] | None = None,
        ending: Ending | None = None,
        cut: int | None = None,
        drip: float = 0.0,
        raw: bytes | None = None,
        after: int | None = None,
    ) -> None:
        """Plan what goes wrong with one request: what becomes of it, and, apart from that, what its client sees.

        operation: by the client's name for it, such as "get_schedule"; "connect": a connection of `serve_faulty`.
        occurrence: which request for it, from 1, the next; times: and how many more in a row.
        effect: "none"; "done"; "late": carried out `delay` seconds later, in the sandbox's time; "twice": two copies
        of it come, one behind the other. Left out: "done", or "none" where the answer is made up or it never left.
        answer: a status code: of a page, as something on the way answers; `Canned`; "second": what the second of two
        copies is answered. Left out: what the service answers, to the first of two.
        ending: how the connection ends without an answer. "refused": there never is one; "reset"; "closed"; "silence".
        cut: bytes of the answer, with its head, that arrive before the ending, which is then "closed" if left out. More
        than it has: the connection ends when all is said.
        drip: seconds before each byte of the answer. In process, the client gives up after its read timeout in all.
        raw: bytes in place of the answer, and then the ending, "closed" if left out. Only `serve_faulty` can do it.
        after: bytes that are read before the ending, of a request's body, or of a connection; the rest never is. Only
        `serve_faulty` can do it.

        Raises ValueError for what cannot be. A plan that nothing meets fails the test: see `close`.
        """
        fault = Fault(
            operation=operation, effect=effect, delay=delay, answer=answer, ending=ending, cut=cut, drip=drip, raw=raw,
            after=after,
        )  # fmt: skip
        self._network.fault(fault, occurrence, times)

    def outage(self, seconds: float, *, answer: int | Canned = 503, ending: Ending | None = None) -> None:
        """From now on, for so many seconds of the sandbox's time, let no request through but those with other plans.

        Something on the way answers, or nobody does: see `fault`. One takes the place of the other; 0 seconds end it.
        """
        fault = Fault(operation="any", effect="none", answer=None if ending else answer, ending=ending)
        self._network.outage(seconds, fault)

    def act(
        self,
        operation: str,
        occurrence: int,
        what: Callable[["Sandbox"], object],
        *,
        when: Literal["before", "after"] = "before",
    ) -> None:
        """Let somebody else do something right before or after a request: the next one for an operation is the first.

        what: is given this sandbox. It may use a new `client()` of it, whose requests meet no plans and are counted
        nowhere; not the client whose request this is, which waits for it. An event loop stands still meanwhile.
        """
        self._network.act(operation, occurrence, lambda: what(self), when)

    def buggify(
        self,
        operation: str = "send",
        occurrence: int = 1,
        *,
        effect: Literal["none", "done"] | None = None,
        seed: int | None = None,
        seconds: float = 180.0,
    ) -> Literal["none", "done"]:
        """Make a write end in OutcomeUnknownError: its answer is lost, and nothing can be read for so many seconds.

        effect: whether it was carried out. Left out, the dice say so, those of a `seed` or of chance; what fell is
        returned, and noted on an exception that leaves the sandbox's `with` block.
        seconds: of the sandbox's time, in which its clients wait: more than a whole call has. `outage(0)` ends them.
        """
        if operation not in WRITES:
            raise ValueError(
                f"{operation!r} is none of {', '.join(WRITES)}: what only reads has no outcome to find out"
            )
        if effect is None:
            effect = "done" if random.Random(seed).random() < 0.5 else "none"  # noqa: S311 - no secret
            self._fallen.append(f"sandbox.buggify({operation!r}, {occurrence}, effect={effect!r})")
        self.fault(operation, occurrence, effect=effect, ending="reset")
        self.act(operation, occurrence, lambda sandbox: sandbox.outage(seconds), when="after")
        return effect

    def unused_faults(self) -> list[str]:
        """The plans of `fault` and `act` that no request has met so far."""
        return self._network.unused()

    # --- what has happened ---

    def mailings(self, campaign_id: int | None = None) -> list[Mailing]:
        """What would have been mailed until now, in order: of one campaign, or of all."""
        self._settle()
        rows = self._state.rows(
            "SELECT * FROM mailings WHERE campaign_id = coalesce(?, campaign_id) ORDER BY number", campaign_id
        )
        requests = {record.number: record for record in self.requests()} if rows else {}
        return [
            Mailing(
                campaign_id=row["campaign_id"],
                account=row["account"] or None,
                at=row["at"],
                recipients=row["recipients"],
                request=requests.get(row["request"]),
            )
            for row in rows
        ]

    def tests(self, campaign_id: int | None = None) -> list[SentTest]:
        """What would have been sent as a test, in order: of one campaign, or of all."""
        self._settle()
        rows = self._state.rows(
            "SELECT campaign_id, addresses, at FROM tests WHERE campaign_id = coalesce(?, campaign_id) ORDER BY number",
            campaign_id,
        )
        return [SentTest(**dict(row)) for row in rows]

    def requests(self) -> list[RequestRecord]:
        """Every request that the service has handled, in order."""
        self._settle()
        return [RequestRecord(**dict(row)) for row in self._state.rows("SELECT * FROM requests ORDER BY number")]

    # --- time ---

    def now(self) -> datetime:
        """The sandbox's time."""
        return _time(self._now())

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock on: what falls due in between happens."""
        if not 0 <= seconds <= 1e9:
            raise ValueError(f"time goes on, by a number of seconds up to 1e9, and never back: {seconds!r}")
        self._state.transact(lambda: self._state.rows("UPDATE clock SET advanced_by = advanced_by + ?", seconds))

    def _settle(self) -> None:
        self._state.transact(lambda: self._service.settle(self._now()))

    def close(self) -> None:
        """Close the state; a file keeps it. The end of its `with` block does the same.

        Raises AssertionError, when no other exception is on its way, for plans that were not used.
        """
        self._state.close()
        if sys.exception() is None:
            self._network.check_used()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state.close()
        if error is None:
            self._network.check_used()
        elif self._fallen:
            error.add_note(f"The dice of the sandbox gave: {'; '.join(self._fallen)}")

    def _now(self) -> float:
        row = self._state.row("SELECT advanced_by FROM clock")
        return self._clock() + (row["advanced_by"] if row else 0.0)

    def _account(self, on_behalf_of: str | None) -> str:
        name = on_behalf_of or ""
        if self._state.row("SELECT 1 FROM accounts WHERE name = ?", name) is None:
            raise ValueError(f"no account is {on_behalf_of!r}: add_subuser() or add_account() makes one")
        return name

    def _add_account(self, name: str) -> None:
        self._state.transact(lambda: self._insert_account(name))

    def _insert_account(self, name: str) -> None:
        if self._state.row("SELECT 1 FROM accounts WHERE name = ?", name) is not None:
            raise ValueError(f"there is an account {name!r} already")
        self._state.insert("accounts", name=name, credits=example.CREDITS)
        for kind, id, value in example.RESOURCES:
            self._state.insert("resources", account=name, kind=kind, id=id, value=value)

    def _insert_campaign(self, account: str, fields: Mapping[str, Any], **columns: Any) -> int:
        packed = json.dumps({**rules.FIELDS, **example.READY, **fields})
        return self._state.insert("campaigns", **{"account": account, "status": "Draft", "fields": packed, **columns})

    def _insert_example(self) -> None:
        if self._state.row("SELECT 1 FROM clock") is not None:
            return
        self._state.insert("clock", advanced_by=0.0)
        for id, account in example.CAMPAIGNS.items():
            self._insert_account(account)
            self._insert_campaign(account, {}, id=id)
        self._state.insert("keys", value=example.KEY, account="", scopes=json.dumps(ALL_SCOPES))
