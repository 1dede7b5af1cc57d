"""The sandbox's front end in process: an httpx transport, sync and async, without sockets."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpcore
import httpx

from sendgrid_campaigns.sandbox.faults import CannotPlay, Ending, Fault, Network, full_headers, on_the_wire
from sendgrid_campaigns.sandbox.service import Reply, Request, operation


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for httpx.Client and httpx.AsyncClient that sends requests for every host to the sandbox."""

    def __init__(self, network: Network, advance: Callable[[float], None]) -> None:
        self._network = network
        self._advance = advance

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        fault, reply = self._carry(request)
        if trace := request.extensions.get("trace"):
            for event in _events(fault, request):
                trace(*event)
        return self._answer(fault, reply, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from anyio.lowlevel import checkpoint  # httpx's own library; sync programs need none of it

        await request.aread()
        await checkpoint()  # other tasks run while a request is on its way
        fault, reply = self._carry(request)
        if trace := request.extensions.get("trace"):
            for event in _events(fault, request):
                await trace(*event)
        return self._answer(fault, reply, request)

    def _carry(self, request: httpx.Request) -> tuple[Fault | None, Reply | None]:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        plan = self._network.plan(operation(request.method, path), "transport()")
        asked = Request(
            method=request.method,
            path=path,
            query=dict(request.url.params) if request.url.query else {},
            headers=dict(request.headers.items()),
            body=request.content,
        )
        return plan.fault, self._network.carry(plan, asked)

    def _answer(self, fault: Fault | None, reply: Reply | None, request: httpx.Request) -> httpx.Response:
        if fault is None:
            assert reply is not None
            return httpx.Response(reply.status_code, headers=dict(reply.headers), content=reply.body)
        timeout: float | None = request.extensions.get("timeout", {}).get("read")
        if timeout is None and (fault.drip or fault.ending == "silence"):
            raise CannotPlay(f"{fault}: the client has no read timeout, and would wait for ever")
        head, body = on_the_wire(reply)
        whole = head + body
        arriving, ending = fault.arriving(whole), fault.ending
        if timeout is not None and fault.drip * len(arriving) > timeout:
            arriving, ending = arriving[: int(timeout / fault.drip)], "silence"
        waited = fault.drip * len(arriving)
        self._advance(waited)

        def lose() -> None:
            assert ending is not None
            if ending == "silence":
                self._advance((timeout or 0.0) - waited)
            error, text = _ENDINGS[ending]
            raise error(text, request=request)

        if reply is None or len(arriving) < len(head):
            lose()
        assert reply is not None
        stream = _Stream(arriving[len(head) :], lose if len(arriving) < len(whole) else None)
        return httpx.Response(reply.status_code, headers=full_headers(reply), stream=stream)


_ENDINGS: dict[Ending, tuple[type[httpx.TransportError], str]] = {
    "refused": (httpx.ConnectError, "connection refused"),
    "reset": (httpx.ReadError, "connection reset by peer"),
    "closed": (httpx.RemoteProtocolError, "the server disconnected without a complete answer"),
    "silence": (httpx.ReadTimeout, "the read operation timed out"),
}


def _events(fault: Fault | None, request: httpx.Request) -> list[tuple[str, dict[str, Any]]]:
    """Return the trace events of httpcore for a request, which tell whether the request was written at all.

    https://www.encode.io/httpcore/extensions/#trace
    """
    if fault is not None and fault.ending == "refused":
        return [("connection.connect_tcp.started", {}), ("connection.connect_tcp.failed", {})]
    return [("http11.send_request_headers.started", {"request": httpcore.Request(request.method, str(request.url))})]


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that may break off with an error."""

    def __init__(self, body: bytes, lose: Callable[[], None] | None) -> None:
        self._body = body
        self._lose = lose

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        if self._lose is not None:
            self._lose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part
