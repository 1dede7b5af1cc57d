"""Fixtures of the tests of the testing kit."""

import socket
from typing import Any, NoReturn

import pytest


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let no socket connect, and no name be looked up. Return what was tried."""
    tried: list[object] = []

    def refuse(*arguments: Any, **named: Any) -> NoReturn:
        tried.append(arguments)
        raise OSError("there is no network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(f"socket.socket.{name}", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried
