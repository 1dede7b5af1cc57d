"""The sandbox's front end for faults on sockets: HTTP on loopback, played to the byte.

Each connection has a thread and a blocking socket, so that all written bytes are sent before a connection ends.
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
"""The most bytes to read at once."""

_GONE = getattr(select, "POLLRDHUP", 0)
"""The poll event of a peer that has closed its side; 0 where the system has none: poll reports a hang-up anyway."""


class FaultyServer:
    """An HTTP server on loopback that plays every fault of `Sandbox.fault`. Close the server before its sandbox."""

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
        """Close the server and every connection, and wait for their threads."""
        if self._closing.is_set():
            return
        self._closing.set()
        socket.create_connection(self._address).close()  # wakes the thread that accepts
        self._accepting.join()
        self._listener.close()
        for thread, connection in list(self._open.items()):
            while thread.is_alive():
                with suppress(OSError):  # the socket may be closed already, or wrapped by TLS
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
            # The client may disconnect at any moment, and send anything.
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
        """Answer the requests of one connection. h11 parses the requests; the answers are written without h11."""
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
            # A stand-in for the answer, so that h11 knows whether the connection may go on.
            parser.send(h11.Response(status_code=204, headers=[]))
            parser.send(h11.EndOfMessage())
            if not self._answer(connection, plan.fault, reply) or parser.our_state is h11.MUST_CLOSE:
                return
            parser.start_next_cycle()

    # --- faults ---

    def _answer(self, connection: socket.socket, fault: Fault | None, reply: Reply | None) -> bool:
        """Write an answer as planned, and return whether the connection stays open."""
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
        """Read up to the fault's `after` bytes, of which `read` are read already, and end the connection."""
        left = (fault.after or 0) - read
        while left > 0 and (data := connection.recv(min(left, _AT_ONCE))):
            left -= len(data)
        self._end(connection, fault.ending)

    def _end(self, connection: socket.socket, ending: Ending | None) -> None:
        if ending == "reset":
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # sends a reset on close
        if ending == "closed":
            socket.socket.shutdown(connection, socket.SHUT_WR)  # without the closing alert of TLS
        if ending in ("closed", "silence"):
            peer = select.poll()
            peer.register(connection, _GONE)
            peer.poll()


def _next(parser: h11.Connection, connection: socket.socket) -> object:
    """Return the next event of the client."""
    while (event := parser.next_event()) is h11.NEED_DATA:
        parser.receive_data(connection.recv(_AT_ONCE))
    return event
