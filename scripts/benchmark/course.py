"""Start the servers, and give every client the same environment."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import trustme

HOST = "127.0.0.1"
ROUND_TRIP = 0.05
"""Seconds; from Europe to the east of America, a round trip takes more."""
PLAIN, TLS, FAR = "plain http", "TLS", "TLS, 50 ms away"
DELAY, SLOW = 0.1, "plain http, 100 ms away"
"""Seconds from a request to its answer; opening a connection takes none."""


@dataclass(frozen=True)
class Course:
    """The arguments of a section."""

    urls: dict[str, str]
    """The servers' URLs by PLAIN, SLOW, TLS and FAR."""
    folder: Path
    """The working directory of fresh processes; with the authority in trusted.pem, and among certifi's in many.pem."""
    project: str
    """The interpreter of the project's own environment."""
    quick: bool

    def rounds(self, number: int) -> int:
        return 1 if self.quick else number


@contextmanager
def process(name: str, *arguments: object, python: str = sys.executable) -> Generator[dict[str, Any]]:
    """Run a program of this folder, and yield the JSON of its first line. The program ends with its standard input."""
    command = [python, str(Path(__file__).with_name(name)), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline() or sys.exit(f"{name} did not start"))


@contextmanager
def course(project: str, quick: bool) -> Generator[Course]:
    # Proxies would be measured, too; and fresh processes must find their bytecode.
    for name in [*os.environ]:
        if name.upper().endswith("_PROXY") or name in ("SSL_CERT_DIR", "SENDGRID_API_KEY", "PYTHONDONTWRITEBYTECODE"):
            del os.environ[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "trusted.pem"))
        (folder / "many.pem").write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "trusted.pem")
        ports = stack.enter_context(process("server.py", ROUND_TRIP, DELAY, folder / "server.pem"))
        urls = {name: f"http{'' if name in (PLAIN, SLOW) else 's'}://{HOST}:{port}" for name, port in ports.items()}
        yield Course(urls, folder, project, quick)
