"""Where it is run: the server and the line in processes of their own, and an environment that is the same for all."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmark.figures import Table

HERE = Path(__file__).parent
HOST = "127.0.0.1"
ROUND_TRIP = 0.05
"""Seconds: from Europe to the east of America it is more."""


@attrs.frozen
class Course:
    """What a section is given."""

    plain: str
    """URL of the server."""
    tls: str
    far: str
    """TLS, at the end of the line."""
    folder: Path
    """Empty but for the certificates: where fresh processes are started."""
    project: str
    """The interpreter of the project's own environment."""
    sends: int
    quick: bool = False

    def rounds(self, number: int) -> int:
        """So many, or a few when it is only tried."""
        return min(number, 2) if self.quick else number


Section = Callable[[Course], Iterator[Table]]


def environment(trusted: Path) -> None:
    """Make this process, and those that it starts, trust one certificate and go to it straight."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name in ("SSL_CERT_DIR", "SENDGRID_API_KEY", "PYTHONDONTWRITEBYTECODE"):
            # The last one: else each fresh process would compile what it imports again, and that would be measured.
            del os.environ[name]
    os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = str(trusted)


@contextmanager
def process(name: str, *arguments: str, python: str = sys.executable) -> Generator[dict[str, Any]]:
    """One of this folder's programs, and what it tells, such as its ports. It ends with its input, or with us."""
    command = [python, str(HERE / name), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        told: dict[str, Any] = json.loads(running.stdout.readline() or sys.exit(f"{name} did not start"))
        yield told


@contextmanager
def course(project: str, sends: int, quick: bool) -> Generator[Course]:
    import trustme

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "trusted.pem"))
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        environment(folder / "trusted.pem")
        server = stack.enter_context(process("server.py", str(folder / "server.pem")))
        line = stack.enter_context(process("line.py", str(server["tls"]), str(ROUND_TRIP)))
        yield Course(
            plain=f"http://{HOST}:{server['plain']}",
            tls=f"https://{HOST}:{server['tls']}",
            far=f"https://{HOST}:{line['far']}",
            folder=folder,
            project=project,
            sends=sends,
            quick=quick,
        )
