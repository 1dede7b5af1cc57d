"""Fixtures that all tests share."""

import asyncio
import os
import runpy
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from doubles import FakeClock, Script, Server, Style
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job in the background: its programs would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("suite", deadline=None)  # a slow machine is no failure
settings.load_profile("suite")


@pytest.fixture(params=[CampaignsClient, AsyncCampaignsClient], ids=["sync", "async"])
def style(request: pytest.FixtureRequest) -> Iterator[Style]:
    with asyncio.Runner() as runner:
        yield Style(request.param, runner)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def campaigns(style: Style, server: Server, clock: FakeClock) -> Any:
    """A client of each style that the `server` fixture answers."""
    return style.client(server, clock=clock)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    """Run a script in this process; return its exit code and output."""

    def run(path: str | Path, *arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", [str(path), *map(str, arguments)])
        code: Any = 0
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as stopped:
            code = stopped.code or 0
        said = "".join(capsys.readouterr())
        return (1, said + code) if isinstance(code, str) else (code, said)

    return run


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)  # to read the world's certificates takes 50 ms for each client


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return (os.cpu_count() or 1) * 2  # half of the time, tests wait for sockets and processes
