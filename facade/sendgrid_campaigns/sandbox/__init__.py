"""The embedded SendGrid: a stateful double of the Campaigns API, with no account, no network and no mail.

from sendgrid_campaigns.sandbox import Sandbox

sandbox = Sandbox()
with sandbox.client() as campaigns:
campaigns.send(4900)
sandbox.mailings(4900)  # what would have been mailed, and by which request
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import attrs

from sendgrid_campaigns.sandbox import example, rules
from sendgrid_campaigns.sandbox.service import ALL_SCOPES, Knobs, Service
from sendgrid_campaigns.sandbox.state import State

if TYPE_CHECKING:
    from sendgrid_campaigns.client import AsyncCampaignsClient, CampaignsClient
    from sendgrid_campaigns.sandbox.server import Server
    from sendgrid_campaigns.sandbox.transport import SandboxTransport
    from sendgrid_campaigns.settings import Retry

STATUSES = ("Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled")

__all__ = ["Knobs", "Mailing", "RequestRecord", "Sandbox", "SentTest"]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@attrs.frozen(kw_only=True)
class RequestRecord:
    """A request that the sandbox answered."""

    number: int
    """From 1, in the order of arrival."""
    at: datetime = attrs.field(converter=_time)
    method: str
    path: str
    on_behalf_of: str | None
    status_code: int


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

        return SandboxTransport(self._service)

    def serve(self, port: int = 0, *, start: bool = True) -> "Server":
        """An HTTP server for clients in any language, on loopback; `url` is its base URL. Needs the extra `sandbox`.

        port: 0 takes a free one.
        start: in a thread, until it is closed; use it as a context manager. False: call its `run` yourself.
        """
        from sendgrid_campaigns.sandbox.server import Server

        server = Server(self._service, port)
        if start:
            server.start()
        return server

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
        return self._state.transact(lambda: self._insert_campaign(account, fields, status=status, send_at=at))

    def set_status(self, campaign_id: int, status: str) -> None:
        """Do what is done in the web interface only: pause, cancel, or anything else to a campaign's status."""

        def work() -> None:
            self._service.settle(self._now())
            if self._state.row("SELECT 1 FROM campaigns WHERE id = ?", campaign_id) is None:
                raise ValueError(f"there is no campaign {campaign_id}")
            self._state.rows("UPDATE campaigns SET status = ? WHERE id = ?", status, campaign_id)

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

    # --- what has happened ---

    def mailings(self, campaign_id: int | None = None) -> list[Mailing]:
        """What would have been mailed until now, in order: of one campaign, or of all."""
        self._state.transact(lambda: self._service.settle(self._now()))
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
        rows = self._state.rows(
            "SELECT campaign_id, addresses, at FROM tests WHERE campaign_id = coalesce(?, campaign_id) ORDER BY number",
            campaign_id,
        )
        return [SentTest(**dict(row)) for row in rows]

    def requests(self) -> list[RequestRecord]:
        """Every request that was answered, in order."""
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

    def close(self) -> None:
        """Close the state; a file keeps it."""
        self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

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
