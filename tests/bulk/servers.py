"""Redis, RabbitMQ and PostgreSQL, each in a folder and on a port of its own, for the length of a `with` block."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FOLDERS = (os.environ["PATH"], "/usr/lib/rabbitmq/bin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))
READY_WITHIN = 90.0
"""Seconds."""


class MissingError(Exception):
    """A server is not installed; the text says what to install."""


@contextmanager
def redis() -> Iterator[str]:
    program, port = _program("redis-server", "redis-server", "redis"), _free_port()

    def ready() -> None:
        import redis

        redis.Redis(port=port).ping()

    with _folder(None) as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with _running(command, folder, None, {}, ready):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def rabbitmq() -> Iterator[str]:
    program, ports = _program("rabbitmq-server", "rabbitmq-server", "amqp"), [_free_port() for _ in range(3)]
    epmd = {"ERL_EPMD_PORT": str(ports[2]), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    places = {"RABBITMQ_MNESIA_BASE": "data", "RABBITMQ_LOG_BASE": "log", "RABBITMQ_PID_FILE": "pid"}

    def ready() -> None:
        import amqp

        amqp.Connection(f"127.0.0.1:{ports[0]}", connect_timeout=5).connect()

    with _folder(user := _other_user("rabbitmq")) as folder:
        own = {name: str(folder / place) for name, place in places.items()} | epmd | {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"bulk{ports[0]}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(ports[0]),
            "RABBITMQ_DIST_PORT": str(ports[1]),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }  # fmt: skip
        try:
            with _running([program], folder, user, own, ready):
                yield f"amqp://guest:guest@127.0.0.1:{ports[0]}//"
        finally:  # Erlang's table of names outlives the server
            if command := shutil.which("epmd"):
                subprocess.run([command, "-kill"], env={**os.environ, **epmd}, capture_output=True, check=False)


@contextmanager
def postgresql() -> Iterator[str]:
    package = "postgresql"
    initdb, server, port = _program("initdb", package, "psycopg"), _program("postgres", package, ""), _free_port()
    url = f"postgresql://mail@127.0.0.1:{port}/postgres"

    def ready() -> None:
        import psycopg

        psycopg.connect(url).close()

    with _folder(user := _other_user("postgres")) as folder:
        data = str(folder / "data")
        begin = [initdb, "--pgdata", data, "--auth", "trust", "--username", "mail", "--no-sync"]
        subprocess.run(begin, check=True, capture_output=True, cwd=folder, **_as(user))
        command = [server, "-D", data, "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        with _running(command, folder, user, {}, ready):
            yield url


def _program(name: str, package: str, module: str) -> str:
    found = shutil.which(name, path=os.pathsep.join(FOLDERS))
    if found is None:
        raise MissingError(f"install {package} (Debian and Ubuntu: apt-get install {package})")
    if module:
        try:
            __import__(module)
        except ImportError:
            raise MissingError(f"install the Python package {module}, which is one of requirements/dev.txt") from None
    return found


def _other_user(name: str) -> str | None:
    """Return the user that a server runs as when this process is root's: the servers refuse root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        text = f"add the user {name}, as the server's package does, or run this as another user than root"
        raise MissingError(text) from None


def _as(user: str | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bulk-", ignore_cleanup_errors=True) as name:
        if user is not None:
            shutil.chown(name, user)
        yield Path(name)


@contextmanager
def _running(
    command: list[str], folder: Path, user: str | None, variables: Mapping[str, str], ready: Callable[[], None]
) -> Iterator[None]:
    log = folder / "output"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, **_as(user),
        )  # fmt: skip
    try:
        ends = time.monotonic() + READY_WITHIN
        while True:
            try:
                ready()
                break
            except Exception as error:
                if server.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError(f"{command[0]} does not start: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.2)  # a server says in no other way that it is ready
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
