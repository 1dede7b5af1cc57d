"""Killed processes, racing senders and interruptions: a request is handled wholly or not at all, and mails once."""

import contextlib
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import sendgrid_campaigns.sandbox
from doubles import FORKS, Interruption
from sandbox.helpers import AT, FixedSandbox
from sendgrid_campaigns.sandbox.example import READY
from sendgrid_campaigns.sandbox.service import Reply, Request

FIRST_ID, STEPS, OPERATIONS = 4903, 8, 400
TABLES = ("clock", "accounts", "keys", "resources", "campaigns", "requests", "windows", "tests", "mailings")


def send(sandbox: FixedSandbox, id: int = 4900) -> Reply:
    headers = {"authorization": "Bearer SG.sandbox"}
    return sandbox._service.handle(Request(method="POST", path=f"/v3/campaigns/{id}/schedules/now", headers=headers))


def step(sandbox: FixedSandbox, number: int) -> int:
    """Make one of the requests of a plan: eight for each campaign, from its creation to its deletion."""
    plan: list[tuple[str, Any]] = [
        ("create", READY),
        ("update", {"subject": f"Spring {number}"}),
        ("send_test", {"to": "a@example.com"}),
        ("schedule", {"send_at": AT + number}),
        ("reschedule", {"send_at": AT + 3_600 + number}),
        *(("unschedule", None), ("send", None)),
        ("delete" if number // STEPS % 3 == 0 else "send", None),
    ]
    name, body = plan[number % STEPS]
    return sandbox.do(name, FIRST_ID + number // STEPS, body).status_code


def run_plan(path: str, first: int, answers: Any) -> None:
    sandbox = FixedSandbox(path)
    for number in range(first, OPERATIONS):
        answers.send((number, step(sandbox, number)))


def rows(sandbox: FixedSandbox) -> list[list[tuple[Any, ...]]]:
    tables = [sandbox._state.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]  # noqa: S608
    return [[tuple(row) for row in table] for table in tables]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_process_loses_no_answered_request(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    path = tmp_path / "state.db"
    done, model = 0, FixedSandbox()
    for kill_after in (chance.randrange(0, 40), *(chance.randrange(1, 100) for _ in range(4)), OPERATIONS + 1):
        receiver, sender = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=run_plan, args=(str(path), done, sender))
        process.start()
        sender.close()
        with contextlib.suppress(EOFError):
            for count in range(OPERATIONS + 1):
                if count == kill_after:
                    process.kill()  # at any moment of a request
                assert receiver.recv() == (done, step(model, done))
                done += 1
        process.join()
        with FixedSandbox(path) as kept:
            found = rows(kept)
            if found != rows(model):  # the last request may be handled but not answered
                step(model, done)
                done += 1
                assert found == rows(model)
            assert [tuple(row) for row in kept._state.rows("PRAGMA journal_mode")] == [("wal",)]
            mailed = Counter(mailing.campaign_id for mailing in kept.mailings())
            model.mailings()
        assert set(mailed.values()) <= {1}
    assert done == OPERATIONS
    assert mailed == Counter(range(FIRST_ID, FIRST_ID + OPERATIONS // STEPS))


def race(path: str, ids: list[int], together: Any, answers: Any) -> None:
    """Send each campaign from eight threads, at the same moment as the other process."""

    def send_all(sandbox: FixedSandbox) -> None:
        for id in ids:
            together.wait(30)
            reply = send(sandbox, id)
            answers.put((id, reply.status_code, reply.body))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send_all, [FixedSandbox(path) for _ in range(8)]))


def test_two_processes_of_eight_threads_send_each_campaign_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    together, answers = FORKS.Barrier(16), FORKS.Queue()
    with FixedSandbox(path) as sandbox:
        ids = [sandbox.create_campaign() for _ in range(8)]
        processes = [FORKS.Process(target=race, args=(str(path), ids, together, answers)) for _ in range(2)]
        for process in processes:
            process.start()
        found = sorted(answers.get(timeout=60) for _ in range(8 * 16))
        for process in processes:
            process.join()
        refused = b'{"errors": [{"field": null, "message": "You may only send a campaign when it is in draft mode."}]}'
        assert found == [
            answer
            for id in ids
            for answer in ((id, 201, b'{"id": %d, "status": "Scheduled"}' % id), *[(id, 403, refused)] * 15)
        ]
        assert [mailing.campaign_id for mailing in sandbox.mailings()] == ids


PACKAGE = str(Path(sendgrid_campaigns.sandbox.__file__).parent)


def interrupted(sandbox: FixedSandbox, at: int) -> tuple[int, BaseException | None]:
    """Send a campaign with an interruption, and return the number of points passed and the interruption, if any."""
    interruption = Interruption(at, lambda file: file.startswith(PACKAGE) or file == contextlib.__file__)
    error = interruption.during(lambda: send(sandbox))
    return interruption.points, error


POINTS = interrupted(FixedSandbox(), at=0)[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of interrupted generators
def test_an_interruption_anywhere_blocks_nothing(tmp_path: Path) -> None:
    outcomes = Counter[int]()
    with ThreadPoolExecutor(1) as another_thread:
        for at in range(1, POINTS + 1):
            with FixedSandbox() as sandbox:
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
    with FixedSandbox(path) as one, FixedSandbox(path) as other:
        for at in (*range(1, POINTS + 1, 7), 0):  # 0: the last send is not interrupted
            _, error = interrupted(one, at)
            assert send(other, 1).status_code == 404  # takes the file's lock
        assert error is None
        assert len(other.mailings()) == 1
        assert 0 not in {request.status_code for request in other.requests()}


def test_a_transaction_left_behind_is_rolled_back(tmp_path: Path) -> None:
    """A second Ctrl-C, during the rollback after the first, leaves a transaction behind."""
    with FixedSandbox(tmp_path / "state.db") as sandbox:
        sandbox._state._database.execute("BEGIN IMMEDIATE")
        sandbox._state.rows("UPDATE campaigns SET status = 'Sent'")
        assert send(sandbox, 4900).status_code == 201
