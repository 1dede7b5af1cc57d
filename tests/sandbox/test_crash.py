"""Killed processes, racing senders and interruptions: a request is handled wholly or not at all, and mails once."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import sendgrid_campaigns.sandbox
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import READY
from sendgrid_campaigns.sandbox.service import Reply, Request

START = 1_800_000_000
NOT_SENT = {"errors": [{"field": None, "message": "You may only send a campaign when it is in draft mode."}]}
FIRST_ID, STEPS, OPERATIONS = 4903, 8, 1_000
TABLES = ("clock", "accounts", "keys", "resources", "campaigns", "requests", "windows", "tests", "mailings")


def ask(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Reply:
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": "Bearer SG.sandbox"}
    return sandbox._service.handle(Request(method=method, path=path, headers=headers, body=content))


def send(sandbox: Sandbox, id: int) -> Reply:
    return ask(sandbox, "POST", f"/v3/campaigns/{id}/schedules/now")


def step(sandbox: Sandbox, number: int) -> int:
    """Make one of the requests of the plan: eight for each campaign, from its creation to its deletion."""
    campaign = f"/v3/campaigns/{FIRST_ID + number // STEPS}"
    plan: list[tuple[Any, ...]] = [
        ("POST", "/v3/campaigns", READY),
        ("PATCH", campaign, {"subject": f"Spring {number}"}),
        ("POST", f"{campaign}/schedules/test", {"to": "a@example.com"}),
        ("POST", f"{campaign}/schedules", {"send_at": START + 3_600 + number}),
        ("PATCH", f"{campaign}/schedules", {"send_at": START + 7_200 + number}),
        ("DELETE", f"{campaign}/schedules"),
        ("POST", f"{campaign}/schedules/now"),
        ("DELETE", campaign) if number // STEPS % 3 == 0 else ("POST", f"{campaign}/schedules/now"),
    ]
    return ask(sandbox, *plan[number % STEPS]).status_code


def held(sandbox: Sandbox) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of a sandbox."""
    return {table: [tuple(row) for row in sandbox._state.rows(f"SELECT * FROM {table} ORDER BY 1")] for table in TABLES}  # noqa: S608


# --- work of the other processes ---


def work_off(path: str, first: int) -> None:
    """Make the requests of the plan from one on, and print each answer."""
    sandbox = Sandbox(path, clock=lambda: START)
    for number in range(first, OPERATIONS):
        print(number, step(sandbox, number), flush=True)


def race(path: str, threads: int) -> None:
    """For each id on stdin, send the campaign from all threads at the same moment, each with its own sandbox."""
    sandboxes = [Sandbox(path, clock=lambda: START) for _ in range(threads)]
    together = threading.Barrier(threads + 1)

    def sender(sandbox: Sandbox, id: int) -> tuple[int, Any]:
        together.wait()
        reply = send(sandbox, id)
        return reply.status_code, json.loads(reply.body)

    with ThreadPoolExecutor(threads) as pool:
        print("ready", flush=True)
        for line in sys.stdin:
            answers = [pool.submit(sender, sandbox, int(line)) for sandbox in sandboxes]
            print("waiting", flush=True)
            sys.stdin.readline()
            together.wait()
            print(json.dumps([answer.result() for answer in answers]), flush=True)


if __name__ == "__main__":
    {"work_off": work_off, "race": race}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
    sys.exit()


def another_process(work: str, path: Path, argument: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, work, str(path), str(argument)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# --- killed ---


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_process_loses_no_answered_request(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    path = tmp_path / "state.db"
    done, model = 0, Sandbox(clock=lambda: START)
    for kill_after in (chance.randrange(0, 40), *(chance.randrange(1, 250) for _ in range(4)), OPERATIONS):
        with another_process("work_off", path, done) as process:
            assert process.stdout
            answered = [line for _, line in zip(range(kill_after), process.stdout, strict=False)]
            process.send_signal(signal.SIGKILL)  # at any moment of a request
            answered += [line for line in process.stdout if line.endswith("\n")]
        for line in answered:
            assert line.split() == [str(done), str(step(model, done))]
            done += 1
        with Sandbox(path, clock=lambda: START) as kept:
            found = held(kept)
            if found != held(model):  # the last request may be handled but not answered
                step(model, done)
                done += 1
                assert found == held(model)
            assert [tuple(row) for row in kept._state.rows("PRAGMA journal_mode")] == [("wal",)]
            mailed = Counter(mailing.campaign_id for mailing in kept.mailings())
            model.mailings()
        assert set(mailed.values()) <= {1}
    assert done == OPERATIONS
    assert mailed == Counter(range(FIRST_ID, FIRST_ID + OPERATIONS // STEPS))


def test_a_process_killed_while_creating_its_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with another_process("work_off", path, 0) as process:
        process.send_signal(signal.SIGKILL)
    with Sandbox(path, clock=lambda: START) as kept:
        assert send(kept, 4900).status_code == 201


# --- racing ---


def test_two_processes_and_sixteen_threads_send_one_campaign(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Sandbox(path, clock=lambda: START) as sandbox:
        ids = [sandbox.create_campaign() for _ in range(8)]
        with another_process("race", path, 8) as one, another_process("race", path, 8) as other:

            def both(text: str | None = None) -> list[str]:
                for process in (one, other):
                    assert process.stdin
                    assert process.stdout
                    if text is not None:
                        process.stdin.write(text)
                        process.stdin.flush()
                return [process.stdout.readline() for process in (one, other) if process.stdout]

            assert both() == ["ready\n"] * 2
            for id in ids:
                assert both(f"{id}\n") == ["waiting\n"] * 2
                answers = [answer for line in both("go\n") for answer in json.loads(line)]
                accepted = [answer for answer in answers if answer[0] == 201]
                assert accepted == [[201, {"id": id, "status": "Scheduled"}]]
                assert [answer for answer in answers if answer not in accepted] == [[403, NOT_SENT]] * 15
                assert len(sandbox.mailings(id)) == 1
            for process in (one, other):
                assert process.stdin
                process.stdin.close()
        assert Counter(request.status_code for request in sandbox.requests()) == {201: 8, 403: 8 * 15}


# --- interrupted ---

PACKAGE = str(Path(sendgrid_campaigns.sandbox.__file__).parent)


class Interruption:
    """A profiler that raises KeyboardInterrupt at the n-th point of the sandbox's code where Python may raise one."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.points = 0

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event in ("call", "c_return") and (file.startswith(PACKAGE) or file == contextlib.__file__):
            self.points += 1
            if self.points == self.at:
                raise KeyboardInterrupt


def interrupted(sandbox: Sandbox, at: int) -> tuple[int, BaseException | None]:
    """Send a campaign with an interruption, and return the number of points passed and the interruption, if any."""
    interruption = Interruption(at)
    before = sys.getprofile()
    try:
        sys.setprofile(interruption)
        send(sandbox, 4900)
    except KeyboardInterrupt as error:
        return interruption.points, error
    finally:
        sys.setprofile(before)
    return interruption.points, None


POINTS = interrupted(Sandbox(clock=lambda: START), at=0)[0]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of generators that an interruption ends
def test_an_interruption_anywhere_blocks_nothing(tmp_path: Path) -> None:
    outcomes = Counter[int]()
    with ThreadPoolExecutor(1) as another_thread:
        for at in range(1, POINTS + 1):
            with Sandbox(clock=lambda: START) as sandbox:
                _, error = interrupted(sandbox, at)  # kept with its frames, as a REPL keeps the last error
                again = another_thread.submit(send, sandbox, 4900).result(timeout=20)
                outcomes[again.status_code] += 1
                assert again.status_code == 403 or error is not None
                assert len(sandbox.mailings()) == 1
                assert [request.status_code for request in sandbox.requests()] == (
                    [201, 403] if again.status_code == 403 else [201]
                )
    assert sum(outcomes.values()) == POINTS > 80
    assert outcomes[201] > 50  # interrupted before the commit


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as above
def test_an_interruption_leaves_the_file_to_other_sandboxes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Sandbox(path, clock=lambda: START) as one, Sandbox(path, clock=lambda: START) as other:
        for at in (*range(1, POINTS + 1, 7), 0):  # 0: the last send is not interrupted
            _, error = interrupted(one, at)
            assert send(other, 1).status_code == 404  # takes the file's lock
        assert error is None
        assert len(other.mailings()) == 1
        assert 0 not in {request.status_code for request in other.requests()}


def test_a_transaction_left_behind_is_rolled_back(tmp_path: Path) -> None:
    """A second Ctrl-C, during the rollback after the first, leaves a transaction behind."""
    with Sandbox(tmp_path / "state.db", clock=lambda: START) as sandbox:
        sandbox._state._database.execute("BEGIN IMMEDIATE")
        sandbox._state.rows("UPDATE campaigns SET status = 'Sent'")
        assert send(sandbox, 4900).status_code == 201
