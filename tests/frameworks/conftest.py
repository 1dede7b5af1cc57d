"""A sandbox over HTTP, and processes that talk to it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from frameworks.jobs import PATIENCE
from sendgrid_campaigns.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    with sandbox.serve_faulty() as server:
        yield server.url


@pytest.fixture
def start(url: str, tmp_path: Path) -> Callable[..., AbstractContextManager[subprocess.Popen[bytes]]]:
    """Run a module in a process of its own, with this process's path; stop the process in the end."""

    @contextmanager
    def started(*command: str, pass_fds: tuple[int, ...] = (), **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        path = os.pathsep.join(filter(None, sys.path))
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "SANDBOX_URL": url, **environment},
            pass_fds=pass_fds,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()

    return started


@pytest.fixture
def meeting(sandbox: Sandbox) -> threading.Barrier:
    """The next two sends meet in the sandbox: two processes on one connection would never get there."""
    meeting = threading.Barrier(2, timeout=PATIENCE / 2)
    for occurrence in (1, 2):
        sandbox.act("send", occurrence, lambda _: meeting.wait())
    return meeting
