"""`make bench` measures what it says: its server, its line, its rounds and its arithmetic. Nothing here is timed."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from math import inf
from pathlib import Path
from typing import Any

import httpx
import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import bench  # noqa: E402
from benchmark import line, server  # noqa: E402
from benchmark.contestants import ID, STATUS, Awaiting, Blocking, Facade, Generated, Httpx, Socket  # noqa: E402
from benchmark.course import process  # noqa: E402
from benchmark.figures import Table, Target, in_rounds, ratio  # noqa: E402
from benchmark.many import Trouble, rate, server_alone  # noqa: E402

GET = b"GET /v3/campaigns/4900 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v3/campaigns/7/schedules/now HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\n{}"


# --- the server ---


def served(play: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Play it with the port of a server in this process."""

    async def told(ports: dict[str, int]) -> None:
        await asyncio.wait_for(play(ports["plain"]), 30)

    asyncio.run(server.main(None, told))


async def read(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Status and body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].split()[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(size))


def test_the_server_answers_as_the_service_does() -> None:
    async def play(port: int) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        writer.write(GET)
        status, campaign = await read(reader)
        assert (status, campaign["id"], campaign["status"]) == (200, 4900, "Draft")
        writer.write(POST)
        assert await read(reader) == (201, {"id": 7, "status": "Scheduled"})
        writer.write(GET.replace(b"4900", b"lists"))
        assert (await read(reader))[0] == 404
        writer.close()

    served(play)
    assert 2_000 < len(json.dumps(server.CAMPAIGN)) < 10_000


class Kept(asyncio.Transport):
    """What would have been written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.lines.append(bytes(data).partition(b"\r\n")[0])


@pytest.mark.parametrize("size", [1, 7, 60, len(GET + POST + POST + GET)])
def test_the_server_takes_requests_in_pieces_and_in_heaps(size: int) -> None:
    instant, kept, requests = server.Instant(), Kept(), GET + POST + POST + GET
    instant.connection_made(kept)
    for index in range(0, len(requests), size):
        instant.data_received(requests[index : index + size])
        answered = len(kept.lines)
        assert answered == sum(index + size >= len(whole) for whole in (GET, GET + POST, GET + POST + POST, requests))
    ok, created = b"HTTP/1.1 200 OK", b"HTTP/1.1 201 Created"
    assert kept.lines == [ok, created, created, ok]


def test_the_server_closes_when_it_is_asked_to() -> None:
    async def play(port: int) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        writer.write(GET.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        assert (await read(reader))[0] == 200
        assert await reader.read() == b""
        writer.close()

    served(play)


@pytest.mark.parametrize("kind", [Socket, Httpx, Generated, Facade])
def test_the_contestants_do_what_is_measured(kind: type[Blocking]) -> None:
    with process("server.py") as ports:
        contestant = kind(f"http://{server.HOST}:{ports['plain']}")
        with contextlib.closing(contestant):
            assert [contestant.get(), contestant.get()] == [ID, ID]
            if kind in (Httpx, Facade):
                assert contestant.send() == STATUS


def test_the_server_ends_when_it_is_left() -> None:
    with process("server.py") as ports:
        url = f"http://{server.HOST}:{ports['plain']}"
        assert server_alone(url, connections=4, requests=40) > 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


# --- the line ---


class Turned:
    """An event loop whose waits take no time, and whose clock shows them all the same."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waited = 0.0
        real, select = loop.time, loop._selector.select  # type: ignore[attr-defined]
        loop.time = lambda: real() + self.waited  # type: ignore[method-assign]

        def jumps(timeout: float | None) -> Any:
            found = select(0.0 if timeout and timeout > 1.0 else timeout)
            if not found and timeout and timeout > 1.0:
                # What is on its way between two sockets of this machine is there before the clock is turned.
                found = select(0.05)
                self.waited += 0.0 if found else timeout
            return found

        loop._selector.select = jumps  # type: ignore[attr-defined]


def far_away(play: Callable[[int, Turned], Coroutine[Any, Any, None]], round_trip: float = 1_000.0) -> None:
    """Play it with a line to an instant server, so long that nothing else that takes time matters."""

    async def both(ports: dict[str, int]) -> None:
        turned = Turned(asyncio.get_running_loop())
        async with asyncio.timeout(100 * round_trip):
            await line.main(ports["plain"], round_trip, lambda port: play(port, turned))

    asyncio.run(server.main(None, both))


def test_the_first_answer_takes_two_round_trips_and_the_next_ones_one() -> None:
    async def play(port: int, turned: Turned) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        seen = []
        for _ in range(3):
            before = turned.waited
            writer.write(GET)
            assert (await read(reader))[0] == 200
            seen.append(round((turned.waited - before) / 1_000.0, 2))
        assert seen == [2.0, 1.0, 1.0]
        writer.close()

    far_away(play)


def test_the_line_keeps_the_order() -> None:
    async def play(port: int, turned: Turned) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        began = turned.waited
        writer.write(GET)
        await asyncio.sleep(1_900.0)
        writer.write(POST[:20])  # of the first round: it is there at 3.4 round trips
        assert (await read(reader))[0] == 200
        writer.write(POST[20:])  # sent at 2.0, and alone it would be there at 2.5
        assert (await read(reader))[0] == 201
        assert round((turned.waited - began) / 1_000.0, 2) == 3.9
        writer.close()

    far_away(play)


def test_the_line_tells_the_end_as_late_as_all_else() -> None:
    async def play(port: int, turned: Turned) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        writer.write(GET)
        await read(reader)
        before = turned.waited
        writer.write_eof()
        assert await reader.read() == b""
        assert round((turned.waited - before) / 1_000.0, 2) == 1.0
        writer.close()

    far_away(play)


def test_a_line_to_nobody_ends_a_connection() -> None:
    async def play(port: int) -> None:
        reader, writer = await asyncio.open_connection(server.HOST, port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()

    asyncio.run(line.main(1, 1_000.0, play))


# --- many in flight ---


class Made(Awaiting):
    """One that fails every third time, and never answers one of its callers."""

    name = "made up"

    def __init__(self, url: str = "") -> None:
        self.calls = 0

    async def get(self) -> object:
        self.calls += 1
        if self.calls == 1:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        if self.calls % 3 == 0:
            raise TimeoutError
        return ID

    async def close(self) -> None:
        pass


def test_errors_and_callers_without_an_answer_are_told() -> None:
    trouble = Trouble()
    assert asyncio.run(rate(Made(), 5, 0.0, 0.01, trouble)) > 0
    assert trouble.starved >= 1
    assert trouble.errors["TimeoutError"] > 0
    assert "callers without any answer" in str(trouble)
    assert str(Trouble()) == ""


# --- arithmetic ---


def test_they_take_turns_and_the_warm_up_does_not_count() -> None:
    turns: list[str] = []

    def sampler(name: str) -> Callable[[], float]:
        return lambda: float(turns.append(name) or len(turns))

    samples = in_rounds("made up", {name: sampler(name) for name in "ABC"}, rounds=2, warm_up=1)
    assert "".join(turns) == "ABC" * 3
    assert samples == {"A": [4.0, 7.0], "B": [5.0, 8.0], "C": [6.0, 9.0]}


TABLE = Table("made up", "a table", "ms", {"base": [0.001, 0.010, 0.002], "other": [0.002, 0.015, 0.006]}, "base")


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio(TABLE.samples["other"], TABLE.samples["base"]) == 2.0  # of 2.0, 1.5 and 3.0; of the medians: 3.0
    assert ratio([1.0, 1.0], [0.0, 0.0]) == inf
    with pytest.raises(ValueError, match="argument 2 is longer"):
        ratio([1.0], [1.0, 2.0])


def test_a_table_shows_medians_quartiles_and_ratios() -> None:
    assert [*TABLE.rows()] == [
        ("base", 0.002, 0.0015, 0.006, 1.0),
        ("other", 0.006, 0.004, pytest.approx(0.0105), 2.0),
    ]
    shown = [line.split() for line in TABLE.lines()]
    assert shown[0] == ["a", "table", "median", "quartiles", "ratio", "to", "base"]
    assert shown[2] == ["other", "6", "4", "to", "10.5", "2.00", "ms"]
    assert TABLE.as_json()["rows"][1]["samples"] == [0.002, 0.015, 0.006]  # type: ignore[index]


def test_one_sample_is_its_own_median() -> None:
    table = Table("made up", "alone", "MB", {"row": [5e6]})
    assert [*table.rows()] == [("row", 5e6, 5e6, 5e6, None)]
    assert [line.split() for line in table.lines()][1] == ["row", "5", "MB"]


OVER, UNDER = ("a table", "other"), ("a table", "base")


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("at most, met on the dot", 2.0, OVER, UNDER), "met"),
        (Target("at most, not met", 1.99, OVER, UNDER), "NOT met"),
        (Target("at least, met on the dot", 2.0, OVER, UNDER, least=True), "met"),
        (Target("at least, not met", 2.01, OVER, UNDER, least=True), "NOT met"),
        (Target("a row alone, met", 0.006, OVER), "met"),
        (Target("a row alone, not met", 0.0, OVER), "NOT met"),
        (Target("not there", 2.0, ("another table", "other"), UNDER), "not measured"),
        (Target("not there", 2.0, OVER, ("a table", "nobody")), "not measured"),
    ],
)
def test_a_verdict(target: Target, verdict: str) -> None:
    assert target.line([TABLE]).endswith(f"  {verdict}")
    told = {"met": True, "NOT met": False, "not measured": None}[verdict]
    assert target.as_json([TABLE])["met"] is told


def test_every_target_can_be_measured_and_is_listed() -> None:
    rows = {pair for target in bench.TARGETS for pair in (target.over, target.under) if pair is not None}
    titles = {title for title, _ in rows}
    tables = [Table("", title, "", {name: [1.0] for place, name in rows if place == title}) for title in titles]
    lines = bench.targets(tables)
    assert len(lines) == len(bench.TARGETS) + 1
    assert not any(line.endswith("not measured") for line in lines)
    assert all(line.endswith("not measured") for line in bench.targets([])[1:])
    assert all(len(line) <= 120 for line in lines)


def test_help_needs_none_of_the_peers() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "bench.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert all(name in done.stdout for name in bench.SECTIONS)
