"""What every client is: settings, views on behalf of others, and the loop that runs flows.

The async client is written here; `make generate` makes the sync one of it, in _sync/.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NoReturn, TypeVar, overload
from urllib.parse import urlsplit

import httpx

from sendgrid_campaigns.auth import ApiKey, on_behalf_of
from sendgrid_campaigns.config import Clock, Retry, check, check_count, check_kind, check_seconds, checked_base_url
from sendgrid_campaigns.errors import OutcomeUnknownError, shown
from sendgrid_campaigns.models import Outcome
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.change import find_out
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer, Operation, R, Sleep, T
from sendgrid_campaigns.protocol.goals import Resource, Write
from sendgrid_campaigns.protocol.reading import read
from sendgrid_campaigns.transport.exchange import AsyncExchange
from sendgrid_campaigns.transport.requests import Target

C = TypeVar("C", bound="AsyncClient")
"""The client's own class. Self means AsyncClient to jedi, which then completes no operation of a view."""


class AsyncClient:
    """Settings, views and connections. Use a client as an async context manager, or close it."""

    _new_exchange: ClassVar[type[AsyncExchange]] = AsyncExchange

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_connections: int = 100,
        retry: Retry = Retry(),  # noqa: B008 - frozen
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = Clock(),  # noqa: B008 - holds no state
        sandbox: bool = False,
    ) -> None:
        """Check the settings, which never change afterwards.

        api_key: without one, the environment variable SENDGRID_API_KEY.
        base_url: https, or http to loopback; may hold a path, but not the /v3 that every path begins with. Without one,
        the environment variable SENDGRID_CAMPAIGNS_BASE_URL, or https://api.sendgrid.com.
        timeout: seconds for one attempt of a request, in all; connect_timeout: the share that connecting may take.
        max_connections: how many requests are in flight at one time, all views together. The others wait for their
        turn, each for another `timeout` seconds at most, and not beyond the deadline of its call.
        retry: how patiently a call repeats what is safe to repeat, and its deadline.
        http_client: an httpx client of the caller's, for a proxy, certificates or a transport. The client never closes
        it, and uses nothing of its headers, cookies, authentication and base URL. With it, the sync client cannot cut
        short an answer whose head arrives byte by byte.
        clock: for tests.
        sandbox: True allows plain http to another machine, where a sandbox is served; only with a sandbox's key, which
        begins with SG.sandbox.

        Raises ConfigurationError for a setting that cannot be right.
        """
        try:
            key = ApiKey(api_key)
        finally:
            del api_key  # a traceback that shows locals must not show the key
        check_seconds("timeout", timeout)
        check_seconds("connect_timeout", connect_timeout)
        check_count("max_connections", max_connections, 1)
        check_kind(retry, Retry)
        check_kind(clock, Clock)
        url = checked_base_url(base_url, sandbox and key.is_of_the_sandbox())
        target = Target(key=key, base_url=url, connect_timeout=connect_timeout)
        self._session = Session(clock=clock, retry=retry, timeout=timeout, host=urlsplit(url).netloc)
        self._exchange = self._new_exchange(target, clock, http_client, max_connections)
        self._proven = set[str]()  # the accounts for which single sends were seen to honor on-behalf-of
        self._is_view = False

    @overload
    def on_behalf_of(self: C, subuser: str) -> C: ...
    @overload
    def on_behalf_of(self: C, *, account_id: str) -> C: ...
    def on_behalf_of(self: C, subuser: str | None = None, *, account_id: str | None = None) -> C:
        """Return a view of this client that acts for a Subuser, by username, or for a customer account, by id.

        A view shares connections and settings; each of its requests carries the header, and no other client's does.
        Closing a view closes nothing. The key must be the parent account's.

        Raises ConfigurationError for a value that cannot be right.

        https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of
        """
        return self._view(on_behalf_of=on_behalf_of(subuser, account_id))

    def with_options(self: C, *, timeout: float | None = None, retry: Retry | None = None) -> C:
        """Return a view of this client with another timeout or other retries. What is left out stays as it is.

        Raises ConfigurationError for a value that cannot be right.
        """
        timeout = self._session.timeout if timeout is None else timeout
        retry = self._session.retry if retry is None else retry
        check_seconds("timeout", timeout)
        check_kind(retry, Retry)
        return self._view(timeout=timeout, retry=retry)

    def _view(self: C, **changes: Any) -> C:
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__, _session=replace(self._session, **changes), _is_view=True)
        return view

    async def _run(self, flow: Flow[T]) -> T:
        # Once a call has begun, a client that is closed makes no requests: the call knows what that means for a write.
        self._exchange.usable()
        try:
            step = next(flow)
            while True:
                step = flow.send(await self._perform(step))
        except StopIteration as done:
            result: T = done.value
            return result
        except BaseException as error:
            flow.throw(error)  # the flow adds a note when there is doubt; an error of its own comes out as it is
            raise

    async def _perform(self, step: Ask | Sleep) -> Answer | NoAnswer | None:
        if isinstance(step, Sleep):
            await self._session.clock.sleep_async(step.seconds)
            return None
        return await self._exchange.attempt(step, self._session.on_behalf_of, self._session.timeout)

    async def _read(self, resource: Resource, operation: Operation[R], *ids: Any, **parameters: Any) -> R:
        call = Call(self._session, operation, "read", resource, *map(resource.checked_id, ids))
        parameters |= {resource.id_name: call.id} if ids else {}
        tried = await self._run(read(call, operation, parameters))
        assert tried.value is not None
        return tried.value

    async def _find_out(self, of: Any, send: Write[Any], writes: Mapping[str | None, Write[Any]]) -> Outcome:
        if not isinstance(of, OutcomeUnknownError):
            return await self._run(find_out(self._session, send, send.resource.checked_id(of), {}))
        known = of.action in writes and of.resource == send.resource.name
        check(known, f"the error is about a {of.resource} to be {shown(of.action)}", "Give an error of this client's.")
        own, its = self._session.on_behalf_of, of.on_behalf_of
        check(own in (None, its), f"the error is about {its or 'the parent account'!r}", "Ask that account's view.")
        id = None if of.campaign_id is None else send.resource.checked_id(of.campaign_id)
        view = self._view(on_behalf_of=its)
        return await view._run(find_out(view._session, writes[of.action], id, of.wanted))

    async def aclose(self) -> None:
        """Close the connections. Views, and clients with an http_client of the caller's, close nothing."""
        if not self._is_view:
            await self._exchange.aclose()

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} holds an API key and is not pickled. Make one in each process.")

    def __repr__(self) -> str:
        session = vars(self).get("_session")  # None in a traceback out of __init__
        about = f"host={session.host!r}, on_behalf_of={session.on_behalf_of!r}" if session else "..."
        return f"{type(self).__name__}({about})"
