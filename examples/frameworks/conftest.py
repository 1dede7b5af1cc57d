"""Run an example as a program of its own, which reaches the sandbox over HTTP on loopback."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sendgrid_campaigns.sandbox import Sandbox

Start = Callable[..., None]


@pytest.fixture
def start(sendgrid_sandbox: Sandbox, tmp_path: Path) -> Iterator[Start]:
    """Start a module of Python with arguments, in the folder `tmp_path`; the test's end stops it."""
    with ExitStack() as stack:
        server = stack.enter_context(sendgrid_sandbox.serve_faulty())
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]),
            "SENDGRID_API_KEY": "SG.sandbox",
            "SENDGRID_CAMPAIGNS_BASE_URL": server.url,
        }

        def started(*command: str, pass_fds: tuple[int, ...] = ()) -> None:
            program = [sys.executable, "-m", *command]
            process = subprocess.Popen(program, cwd=tmp_path, env=environment, pass_fds=pass_fds)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)

        yield started
