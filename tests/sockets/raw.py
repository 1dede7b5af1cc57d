"""A raw HTTP server on loopback for tests of hostile servers: a function writes the bytes of each answer."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)


Handler = Callable[[socket.socket, Request], object]
"""Writes an answer; the connection goes on unless False is returned."""


@contextmanager
def serve(handle: Handler) -> Iterator[tuple[str, list[Request]]]:
    """Serve in threads. Yields the base URL and the requests that come; at the end all is closed."""
    requests: list[Request] = []
    with socket.create_server((HOST, 0), backlog=1024) as listener:
        threads: list[threading.Thread] = []
        connections: list[socket.socket] = []

        def converse(connection: socket.socket) -> None:
            with suppress(OSError, ValueError), connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with connection.makefile("rb") as stream:
                    while line := stream.readline():
                        method, path, _ = line.decode().split(" ")
                        fields = [each.decode("latin-1").partition(":") for each in iter(stream.readline, b"\r\n")]
                        headers = {name.lower(): value.strip() for name, _, value in fields}
                        assert len(headers) == len(fields), fields
                        stream.read(int(headers.get("content-length", 0)))
                        requests.append(Request(method, path, headers))
                        if handle(connection, requests[-1]) is False:
                            return

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connections.append(listener.accept()[0])
                    threads.append(threading.Thread(target=converse, args=(connections[-1],), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}", requests
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for connection, thread in zip(connections, threads, strict=True):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(code: int, body: Any = b"", headers: str = "", reason: str = "X") -> bytes:
    """Return the bytes of an answer. body: bytes, or a value for JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = "" if code == 204 else f"Content-Length: {len(content)}\r\n"
    return f"HTTP/1.1 {code} {reason}\r\n{headers}{length}\r\n".encode("latin-1") + content


def reset(connection: socket.socket) -> bool:
    """Reset a connection; to be returned by a handler."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


class Service:
    """Drafts that can be read, sent and deleted, with a ledger."""

    def __init__(self) -> None:
        self.statuses: dict[int, str] = {}
        """By id; a campaign is a Draft until something happens to it."""
        self.mailed: list[int] = []

    def answer(self, request: Request) -> bytes:
        if "?" in request.path:
            return answer(200, {"result": []})
        id = int(request.path.split("/")[3])
        status = self.statuses.setdefault(id, "Draft")
        if status == "":
            return answer(404, {"errors": [{"message": "not found"}]})
        if request.method == "GET":
            is_time = request.path.endswith("/schedules")
            return answer(200, {"send_at": None} if is_time else {"id": id, "status": status, "title": "March"})
        if request.method == "DELETE":
            self.statuses[id] = ""
            return answer(204)
        if status != "Draft":
            return answer(403, {"errors": [{"message": "You may only send a campaign when it is in draft mode."}]})
        self.statuses[id] = "Sent"
        self.mailed.append(id)
        return answer(201, {"id": id, "status": "Scheduled"})
