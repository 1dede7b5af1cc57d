"""The sandbox's door that misbehaves: HTTP on loopback, to the byte, so that every planned fault can be played.

Each connection has a thread and a blocking socket: what was sent is sent when the connection is cut off.
"""

import select
import socket
import ssl
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import h11

from sendgrid_campaigns.sandbox.faults import CONNECT, CannotPlay, Ending, Fault, Network, on_the_wire
from sendgrid_campaigns.sandbox.service import Reply, Request, operation

HOST = "127.0.0.1"

_AT_ONCE = 2**16
"""Bytes."""

_GONE = getattr(select, "POLLRDHUP", 0)
"""Tells that the peer has closed, whatever it sent before; where there is none, a hang-up does."""


class FaultyServer:
    """An HTTP server on loopback that plays what `Sandbox.fault` plans. Close it before its sandbox."""

    def __init__(self, network: Network, tls: ssl.SSLContext | None) -> None:
        self._network = network
        self._tls = tls
        self._listener = socket.create_server((HOST, 0), backlog=1024)
        self._address = self._listener.getsockname()
        self.url: str = f"{'https' if tls else 'http'}://{HOST}:{self._address[1]}"
        """The base URL, such as http://127.0.0.1:49152."""
        self._closing = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._accepting = threading.Thread(target=self._accept, name="sendgrid-campaigns faulty sandbox", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Cut off every connection, and leave no thread and no socket behind."""
        if self._closing.is_set():
            return
        self._closing.set()
        socket.create_connection(self._address).close()  # wakes the thread that accepts
        self._accepting.join()
        self._listener.close()
        for thread, connection in list(self._open.items()):
            while thread.is_alive():
                with suppress(OSError):  # it may be closed already, or have become a socket of TLS
                    socket.socket.shutdown(self._open.get(thread, connection), socket.SHUT_RDWR)
                thread.join(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- connections ---

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._open[thread] = connection
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            # The peer may go at any moment, and say anything.
            with suppress(OSError, h11.RemoteProtocolError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                fault = self._network.plan(CONNECT, "serve_faulty()").fault
                if fault is not None:
                    self._break_off(connection, fault, 0)
                    return
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                    self._open[threading.current_thread()] = connection
                    connection.do_handshake()
                self._converse(connection)
        finally:
            connection.close()
            del self._open[threading.current_thread()]

    def _converse(self, connection: socket.socket) -> None:
        """Answer one request after the other. h11 reads them; what is written is for the faults to say."""
        parser = h11.Connection(h11.SERVER)
        while isinstance(head := _next(parser, connection), h11.Request):
            path, _, query = head.target.decode("latin-1").partition("?")
            method = head.method.decode("latin-1")
            try:
                plan = self._network.plan(operation(method, path), "serve_faulty()")
            except CannotPlay as error:
                connection.sendall(b"".join(on_the_wire(error.reply())))
                return
            if plan.fault is not None and plan.fault.after is not None:
                self._break_off(connection, plan.fault, len(parser.trailing_data[0]))
                return
            body = bytearray()
            while isinstance(part := _next(parser, connection), h11.Data):
                body += part.data
            request = Request(
                method=method,
                path=path,
                query=dict(parse_qsl(query, keep_blank_values=True)),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
                body=bytes(body),
            )
            reply = self._network.carry(plan, request)
            # h11 is told of an answer, to know what the client has said about more of them.
            parser.send(h11.Response(status_code=204, headers=[]))
            parser.send(h11.EndOfMessage())
            if not self._answer(connection, plan.fault, reply) or parser.our_state is h11.MUST_CLOSE:
                return
            parser.start_next_cycle()

    # --- faults ---

    def _answer(self, connection: socket.socket, fault: Fault | None, reply: Reply | None) -> bool:
        """Write an answer, or what is planned in its place. Whether the connection goes on."""
        whole = b"".join(on_the_wire(reply))
        if fault is None:
            connection.sendall(whole)
            return True
        arriving = fault.arriving(whole)
        for part in (bytes([byte]) for byte in arriving) if fault.drip else [arriving]:
            if fault.drip and self._closing.wait(fault.drip):
                return False
            connection.sendall(part)
        self._end(connection, fault.ending)
        return fault.ending is None

    def _break_off(self, connection: socket.socket, fault: Fault, read: int) -> None:
        """Read no more than so much, and end it."""
        left = (fault.after or 0) - read
        while left > 0 and (data := connection.recv(min(left, _AT_ONCE))):
            left -= len(data)
        self._end(connection, fault.ending)

    def _end(self, connection: socket.socket, ending: Ending | None) -> None:
        if ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # when it is closed
        if ending == "closed":
            socket.socket.shutdown(connection, socket.SHUT_WR)  # with no goodbye of TLS
        if ending in ("closed", "silence"):
            peer = select.poll()
            peer.register(connection, _GONE)
            peer.poll()


def _next(parser: h11.Connection, connection: socket.socket) -> object:
    """What the client says next."""
    while (event := parser.next_event()) is h11.NEED_DATA:
        parser.receive_data(connection.recv(_AT_ONCE))
    return event
