"""A blocking attempt ends in time, whatever a server does: httpx's own transports on a network that is made up."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import httpx
import pytest

from doubles import FakeClock
from sendgrid_campaigns import CampaignsClient, NotSentError, OutcomeUnknownError, Retry, UnreadableResponseError
from sendgrid_campaigns.deadline import Deadline

DRAFT = b'{"id": 4900, "status": "Draft"}'
READ = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(DRAFT), DRAFT)


class Network(httpcore.NetworkBackend, httpcore.NetworkStream):
    """Every wait takes a second; each read gives a byte of what is to come, or as many as asked for."""

    def __init__(self, clock: FakeClock, *answers: bytes, at_once: int = 1) -> None:
        self.clock = clock
        self.timeouts: list[float | None] = []
        self.written: list[bytes] = []
        self._coming = list(answers)
        self._at_once = at_once

    def _wait(self, timeout: float | None) -> None:
        self.timeouts.append(timeout)
        self.clock.now += 1

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *rest: Any) -> httpcore.NetworkStream:
        self._wait(timeout)
        return self

    def start_tls(self, context: Any, server_hostname: Any = None, timeout: float | None = None) -> Any:
        self._wait(timeout)
        return self

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wait(timeout)
        self.written.append(buffer)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._wait(timeout)
        if not self._coming:
            return b"X"  # for ever
        byte, self._coming[0] = self._coming[0][: self._at_once], self._coming[0][self._at_once :]
        if not self._coming[0]:
            del self._coming[0]
        return byte

    def close(self) -> None:
        pass


def client(network: Network, timeout: float = 10, **settings: Any) -> CampaignsClient:
    settings = {"retry": Retry(attempts=1), "clock": network.clock, **settings}
    campaigns = CampaignsClient("SG.key", timeout=timeout, **settings)
    pool: Any = campaigns._http._transport._pool  # type: ignore[attr-defined]
    assert type(pool._network_backend).__name__ == "_Backend", "httpx or httpcore has changed: see deadline.py"
    pool._network_backend._inner = network
    return campaigns


def test_a_head_that_drips_for_ever(clock: FakeClock) -> None:
    began = clock.now
    with client(Network(clock)) as campaigns, pytest.raises(UnreadableResponseError, match="in all"):
        campaigns.get(4900)
    assert clock.now - began <= 10


def test_each_wait_is_given_what_is_left(clock: FakeClock) -> None:
    network = Network(clock, READ[:4])
    with client(network) as campaigns, pytest.raises(UnreadableResponseError):
        campaigns.get(4900)
    # connect, TLS, two writes (the head, and a body of nothing), and reads until nothing is left.
    assert network.timeouts[0] == 5.0
    assert network.timeouts[2:] == [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0][: len(network.timeouts) - 2]
    assert min(timeout for timeout in network.timeouts if timeout is not None) >= 1.0


def test_a_send_that_drips_is_in_doubt(clock: FakeClock) -> None:
    network = Network(clock, READ, at_once=1_000)
    network._at_once = 1_000
    campaigns = client(network)
    with campaigns, pytest.raises(OutcomeUnknownError, match="ReadTimeout"):
        campaigns.send(4900)
    assert sum(data.startswith(b"POST") for data in network.written) == 1


def test_a_connection_that_takes_too_long_never_left(clock: FakeClock) -> None:
    network = Network(clock)
    with client(network, timeout=0.5) as campaigns, pytest.raises(NotSentError, match="ConnectTimeout"):
        campaigns.send(4900)
    assert network.written == []


def test_a_body_that_drips(clock: FakeClock) -> None:
    network = Network(clock, READ[:38], at_once=38)
    with client(network) as campaigns, pytest.raises(UnreadableResponseError):
        campaigns.get(4900)


def test_the_next_attempt_has_its_own_time(clock: FakeClock) -> None:
    network = Network(clock, READ, READ, at_once=1_000)
    with client(network, timeout=6) as campaigns:
        for _ in range(2):
            assert campaigns.get(4900).is_draft


def test_proxies_keep_to_it(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with CampaignsClient("SG.key", clock=clock) as campaigns:
        transports: list[Any] = [campaigns._http._transport, *campaigns._http._mounts.values()]
        backends = [type(one._pool._network_backend).__name__ for one in transports if one is not None]
    assert backends == ["_Backend", "_Backend"]


def test_a_client_of_the_callers_is_not_touched() -> None:
    theirs = httpx.Client()
    CampaignsClient("SG.key", http_client=theirs)
    pool: Any = theirs._transport._pool  # type: ignore[attr-defined]
    assert isinstance(pool._network_backend, httpcore.SyncBackend)
    theirs.close()


def test_each_thread_has_its_own(clock: FakeClock) -> None:
    deadline = Deadline(clock.monotonic)
    with deadline.within(5), ThreadPoolExecutor(1) as another:
        assert another.submit(deadline.left, 9.0, httpcore.ReadTimeout).result() == 9.0
        assert deadline.left(9.0, httpcore.ReadTimeout) == 5.0
        with deadline.within(2):
            assert deadline.left(9.0, httpcore.ReadTimeout) == 2.0
        with deadline.within(7):
            assert deadline.left(9.0, httpcore.ReadTimeout) == 5.0, "within another one"
        assert deadline.left(None, httpcore.ReadTimeout) == 5.0
    assert deadline.left(9.0, httpcore.ReadTimeout) == 9.0


def test_a_large_body_is_written_in_parts_that_each_keep_to_it(clock: FakeClock) -> None:
    network = Network(clock)
    with client(network) as campaigns, pytest.raises(OutcomeUnknownError, match="WriteTimeout"):
        campaigns.create("x", html_content="x" * 500_000)
    assert sum(map(len, network.written)) < 200_000
