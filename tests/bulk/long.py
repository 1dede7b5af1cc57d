"""Jobs of many sends on real servers, with workers that are killed: is each campaign mailed once, and how soon?

python -m bulk.long                        every line: half an hour, on a machine that does nothing else
ONLY="sqlite killed" python -m bulk.long   these lines
QUICK=1 python -m bulk.long                500 rows each, to see that everything runs: shares and times are not judged

Each line serves a sandbox over HTTP, with its state in a file, and then compares the journal with the sandbox's ledger.
The least time is what the rate limit leaves: (ceil(rows / L) - 1) * W for L requests in W seconds. Programs begin at
the beginning of a window, and the time ends with the last of them. Time is real here: servers and kills take it.
"""

import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bulk import servers
from bulk.program import PATIENCE, memory
from sendgrid_campaigns import CampaignsClient, SendReceipt
from sendgrid_campaigns.bulk import Job, Journal
from sendgrid_campaigns.bulk.worker import lease
from sendgrid_campaigns.sandbox import Sandbox

QUICK = bool(os.environ.get("QUICK"))
WINDOW = 5 if QUICK else 10
KEY = "SG.sandbox"
LEASE = lease(CampaignsClient(KEY, **PATIENCE))
START = 1.0
"""Seconds that the start of a program takes on a busy machine."""


def size(rows: int) -> int:
    return 500 if QUICK else rows


# --- a service, a job and the programs that work on it ---


@dataclass
class Stage:
    """A sandbox with Drafts, a job that sends them all, and the programs that are under way."""

    folder: Path
    campaigns: Sequence[tuple[str, int]]
    knobs: Mapping[str, Any]
    service: "subprocess.Popen[str]"
    environment: dict[str, str]
    journal: str
    programs: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    began: float = 0.0

    @property
    def file(self) -> Path:
        return self.folder / "jobs.csv"

    def program(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a program in a process group of its own."""
        with (self.folder / "output").open("ab") as log, (self.folder / "told").open("ab") as told:
            command = [sys.executable, *arguments]
            started = subprocess.Popen(
                command, env=self.environment, stdout=told, stderr=log, cwd=self.folder, start_new_session=True
            )
        self.programs.append(started)
        return started

    def worker(self, workers: int = 8) -> "subprocess.Popen[bytes]":
        return self.program("-m", "bulk.program", str(self.file), self.journal, str(workers))

    def command(self, *options: str) -> "subprocess.Popen[bytes]":
        return self.program(
            "-m", "sendgrid_campaigns", "bulk", str(self.file), "--journal", self.journal, "--yes", *options
        )

    def kill(self, which: "Sequence[subprocess.Popen[bytes]]") -> None:
        for program in which:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            self.programs.remove(program)

    def begin_with(self, programs: int) -> None:
        """Choose the window at whose beginning programs begin: they start before."""
        begin = time.time() + 2.0 + programs * START
        begin += WINDOW - begin % WINDOW
        self.environment["BEGIN_AT"] = str(begin)
        self.began = time.monotonic() + begin - time.time()

    def wait_for_window(self) -> None:
        time.sleep(max(0.0, self.began - time.monotonic()))  # the service has windows of real time

    def wait(self) -> float:
        """Wait until all programs have ended, and return seconds since the beginning."""
        for program in self.programs:
            if code := program.wait():
                raise RuntimeError(
                    f"{program.args!r} ended with {code}:\n{(self.folder / 'output').read_text()[-3000:]}"
                )
        self.programs.clear()
        return time.monotonic() - self.began

    def told(self) -> list[dict[str, Any]]:
        """Return what the programs printed at their end."""
        return [json.loads(line) for line in (self.folder / "told").read_text().splitlines() if line.startswith("{")]


@contextmanager
def stage(rows: int, *, journal: str = "", accounts: int = 100, lost: float = 0.0, **knobs: Any) -> Iterator[Stage]:
    knobs = {"rate_limit": rows * 10 // (21 if QUICK else 91), "rate_window": WINDOW, **knobs}
    with tempfile.TemporaryDirectory(prefix="bulk-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given = {
            "file": f"{name}/sandbox.db",
            "rows": rows,
            "accounts": accounts,
            "knobs": knobs,
            "lost": lost,
            "seed": 7,
        }
        command = [sys.executable, "-m", "bulk.service", json.dumps(given)]
        service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert service.stdin
        assert service.stdout
        opened = json.loads(service.stdout.readline())
        lines = [f"{account},{campaign_id}\n" for account, campaign_id in opened["campaigns"]]
        (folder / "jobs.csv").write_text("subuser,campaign_id\n" + "".join(lines))
        own = {"SENDGRID_API_KEY": KEY, "SENDGRID_CAMPAIGNS_BASE_URL": opened["url"], "LEASE": str(LEASE)}
        found = Stage(
            folder, opened["campaigns"], knobs, service, {**os.environ, **own}, journal or str(folder / "journal.db")
        )
        try:
            yield found
        finally:
            found.kill([*found.programs])
            service.stdin.close()
            service.wait()


# --- figures ---


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    name: str
    rows: int
    wanted: str
    ok: bool
    time: float | None = None
    least: float | None = None
    requests: int | None = None
    limited: float | None = None
    twice: int | None = None
    differences: int | None = None
    more: str = ""

    def cells(self) -> list[str]:
        def text(value: float | None, form: str) -> str:
            return "" if value is None else format(value, form)

        ratio = self.time / self.least if self.time and self.least else None
        limited = None if self.limited is None else 100 * self.limited
        return [
            self.name, f"{self.rows:,}", text(self.time, ".1f"), text(self.least, ".0f"), text(ratio, ".2f"),
            text(self.requests, ",d"), text(limited, ".2f"), text(self.twice, "d"), text(self.differences, "d"),
            self.wanted, "yes" if self.ok else "NO", self.more,
        ]  # fmt: skip


HEADER = (
    "line", "rows", "time in s", "least", "ratio", "requests", "429 in %", "mailed twice", "differences", "wanted",
    "ok", "seen",
)  # fmt: skip
ONCE = "once each"


def judged(
    name: str, on: Stage, seconds: float, *, late: float | None = 0.0, limited: float | None = 0.005,
    least: float | None = None, all_sent: bool = True, good: bool = True, more: str = "",
) -> Line:  # fmt: skip
    """Compare the journal with the ledger, and return the line.

    late: seconds by which the end may be later than 1.05 times the least time; None: the time is not judged.
    limited: the share of 429 that is allowed; None: not judged. good: whether all else is as wanted.
    """
    with Sandbox(on.folder / "sandbox.db") as sandbox:
        mailed = Counter(mailing.campaign_id for mailing in sandbox.mailings())
        codes = Counter(request.status_code for request in sandbox.requests())
    with Job(on.file.name, Journal(on.journal)) as job:
        said = {row.campaign_id for row in job.rows("sent", "already")}
        counts = job.counts()
    wanted_ids = {campaign_id for _, campaign_id in on.campaigns}
    twice = sum(count > 1 for count in mailed.values())
    differences = len(said ^ mailed.keys()) if all_sent else len(said - mailed.keys())
    rows, requests = len(on.campaigns), codes.total()
    least = (math.ceil(rows / on.knobs["rate_limit"]) - 1) * WINDOW if least is None else least
    share = codes[429] / requests
    ok = good and not twice and not differences and (mailed.keys() == wanted_ids or not all_sent)
    wanted = [ONCE if all_sent else "none sent that is not mailed"]
    if late is not None:
        wanted.append("≤ 1.05 times the least" + (f" + {late:.0f} s" if late else ""))
        ok &= QUICK or seconds <= 1.05 * least + late
    if limited is not None:
        wanted.append(f"429 under {100 * limited:.1f} %")
        ok &= QUICK or share < limited
    seen = ", ".join(filter(None, [" ".join(f"{count:,} {state}" for state, count in counts.items()), more]))
    return Line(name, rows, ", ".join(wanted), ok, seconds, least, requests, share, twice, differences, seen)


# --- the lines ---


def sqlite(name: str, processes: int, rows: int) -> Iterator[Line]:
    with stage(size(rows)) as on:
        on.begin_with(processes)
        for _ in range(processes):
            on.worker()
        seconds = on.wait()
        grown = [told["memory"][-1] - told["memory"][0] for told in on.told()]
        # What is flat grows by less than a tenth of what a process takes from its beginning.
        flat = all(each < 8_000 for each in grown)
        more = f"memory of a process grew by at most {max(grown) / 1024:.1f} MiB"
        yield judged(name, on, seconds, good=flat or QUICK, more=more)


def command() -> Iterator[Line]:
    with stage(size(2_000)) as on:
        on.begin_with(4)
        for _ in range(4):
            on.command("--json")
        yield judged("command", on, on.wait())


def killed() -> Iterator[Line]:
    kills, all_at_once, every, chance = 0, 0, 1.0 if QUICK else 3.0, random.Random(7)  # noqa: S311
    with stage(size(10_000)) as on:
        on.begin_with(4)
        for _ in range(4):
            on.worker()
        on.wait_for_window()
        while (kills < 30 and not QUICK) or any(program.poll() is None for program in on.programs):
            time.sleep(every)  # real seconds between two kills
            alive = [program for program in on.programs if program.poll() is None]
            if kills >= (5 if QUICK else 30) or not alive:
                break
            at_once = kills in ((2, 4) if QUICK else (12, 24))
            chosen = alive if at_once else [chance.choice(alive)]
            all_at_once += at_once
            on.kill(chosen)
            kills += 1
            for _ in chosen:
                on.worker()
        seconds = on.wait()
        enough = QUICK or (kills >= 30 and all_at_once >= 2)
        more = f"{kills} kills, {all_at_once} of them of all processes"
        yield judged("killed", on, seconds, late=LEASE, limited=None, good=enough, more=more)


def celery(name: str, broker: Callable[[], Any]) -> Iterator[Line]:
    # Two cores take some 60 messages in a second: with fewer rows, the limit is the clock.
    with broker() as url, stage(size(4_000)) as on:
        seen = on.folder / "seen"
        seen.touch()
        on.environment |= {"BROKER": url, "JOURNAL": on.journal, "SEEN": str(seen)}
        on.environment["PYTHONWARNINGS"] = "ignore"  # celery's, of a worker that runs as root

        def celery_program(name: str, *options: str) -> "subprocess.Popen[bytes]":
            return on.program("-m", "celery", "--app", "bulk.tasks", name, "--loglevel", "ERROR", *options)

        def group(number: int) -> "subprocess.Popen[bytes]":
            return celery_program("worker", "--concurrency", "2", "--hostname", f"group{number}@localhost")

        celery_program("beat", "--schedule", str(on.folder / "beat"))
        groups = [group(number) for number in range(2)]
        on.begin_with(4)
        on.wait_for_window()
        start = f"from bulk.tasks import mail; print(mail.start({str(on.file)!r}))"
        starter = on.program("-c", start)
        assert starter.wait() == 0, (on.folder / "output").read_text()
        on.programs.remove(starter)
        kills = whole = emptied = 0
        every, chance = 1.0 if QUICK else 3.0, random.Random(7)  # noqa: S311
        with Job(on.file.name, Journal(on.journal)) as job:
            while open_rows := sum(job.counts().get(state, 0) for state in ("todo", "doing", "unknown")):
                time.sleep(every)  # real seconds between two kills
                share = 1 - open_rows / len(on.campaigns)
                if time.monotonic() - on.began > 4 * WINDOW * 9 + LEASE:
                    break
                for number, each in enumerate(groups):
                    if each.poll() is not None:  # a worker ends by itself when its children die while they start
                        on.kill([each])
                        groups[number] = group(number)
                if kills + whole >= (6 if QUICK else 30):
                    continue
                number = chance.randrange(2)
                if (kills + whole) % 6 == 4:
                    on.kill([groups[number]])
                    groups[number] = group(number)
                    whole += 1
                elif children := _children(groups[number].pid):
                    with suppress(ProcessLookupError):
                        os.kill(chance.choice(children), signal.SIGKILL)
                    kills += 1
                if not emptied and share > 0.3:
                    _empty(on)
                    emptied += 1
        seconds = time.monotonic() - on.began
        on.kill([*on.programs])
        again = len(seen.read_text().splitlines())
        more = f"{kills} children and {whole} workers killed, broker emptied {emptied} times, {again} redeliveries"
        good = QUICK or bool(kills and whole and emptied and again)
        yield judged(name, on, seconds, late=LEASE, limited=None, good=good, more=more)


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in told.read_text().split()] if told.exists() else []


def _empty(on: Stage) -> None:
    """Empty the broker: of Redis, also what workers have taken and not finished."""
    url = on.environment["BROKER"]
    if url.startswith("redis"):
        import redis

        redis.Redis.from_url(url).flushall()
    else:
        import amqp

        connection = amqp.Connection(url.split("@")[1].rstrip("/"))
        connection.connect()
        connection.channel().queue_purge("celery")
        connection.close()


def postgresql() -> Iterator[Line]:
    with servers.postgresql() as url, stage(size(10_000), journal=url) as on:
        on.begin_with(4)
        for _ in range(4):
            on.worker()
        yield judged("postgresql", on, on.wait())


def lost() -> Iterator[Line]:
    with stage(size(2_000), lost=0.02) as on:
        on.begin_with(2)
        for _ in range(2):
            on.worker()
        on.wait_for_window()
        time.sleep(WINDOW * (1 if QUICK else 6))  # the job is under way, in real time
        assert on.service.stdin
        print(f"outage {PATIENCE['retry'].deadline + 5}", file=on.service.stdin, flush=True)  # longer than a call
        seconds = on.wait()
        with Job(on.file.name, Journal(on.journal)) as job:
            unknown = job.counts().get("unknown", 0)
        on.command("--resolve", "--workers", "100", "--json").wait()  # a row that is still a Draft is read for 45 s
        on.programs.clear()
        with Job(on.file.name, Journal(on.journal)) as job, Sandbox(on.folder / "sandbox.db") as sandbox:
            mailed = {mailing.campaign_id for mailing in sandbox.mailings()}
            left = [row.campaign_id for row in job.rows("unknown")]
        missed = len(mailed.intersection(left))
        more = f"{unknown} unknown, {len(left)} after --resolve, of which {missed} were mailed"
        yield judged("lost", on, seconds, late=None, limited=None, all_sent=False, good=not missed, more=more)


def accounts() -> Iterator[Line]:
    rows, number = size(2_000), 20
    limit = max(1, rows // number // 2)
    with stage(rows, accounts=number, rate_scope="account", rate_limit=limit) as on:
        on.begin_with(4)
        for _ in range(4):
            on.worker()
        seconds = on.wait()
        one = (math.ceil(rows / limit) - 1) * WINDOW
        many = (math.ceil(rows / number / limit) - 1) * WINDOW
        more = f"by one count the least were {one} s"
        late = 0.5 * (one - many)
        yield judged("accounts", on, seconds, late=late, limited=None, least=many, more=more)


def cost() -> Iterator[Line]:
    rows = size(100_000)
    with tempfile.TemporaryDirectory(prefix="bulk-") as name, ExitStack() as stack:
        file = Path(name) / "jobs.csv"
        file.write_text("subuser,campaign_id\n" + "".join(f"subuser{n % 100},{n + 1}\n" for n in range(rows)))
        began = time.perf_counter()
        job = stack.enter_context(Job.load(file))
        loading = time.perf_counter() - began
        some, before = min(rows, 10_000), memory()
        began = time.perf_counter()
        for _ in range(some):
            row = job.claim(LEASE)
            assert row is not None
            assert row.campaign_id is not None
            job.finish(row, "sent", SendReceipt(row.campaign_id, "Scheduled", "answer", ()))
        each = (time.perf_counter() - began) / some
        grown = (memory() - before) / 1024
        text = f"loaded in {loading:.2f} s, {1000 * each:.2f} ms a row; memory grew by {grown:.1f} MiB"
        wanted = "loaded in ≤ 5 s, ≤ 1 ms a row"
        yield Line("cost", rows, wanted, loading <= 5 and (each <= 0.001 or QUICK), more=text)


LINES: dict[str, Callable[[], Iterator[Line]]] = {
    "sqlite": partial(sqlite, "sqlite", 4, 10_000),
    "one": partial(sqlite, "one", 1, 2_000),
    "sixteen": partial(sqlite, "sixteen", 16, 5_000),
    "command": command,
    "killed": killed,
    "redis": partial(celery, "redis", servers.redis),
    "rabbitmq": partial(celery, "rabbitmq", servers.rabbitmq),
    "postgresql": postgresql,
    "lost": lost,
    "accounts": accounts,
    "cost": cost,
}


def main() -> None:
    names = os.environ.get("ONLY", "").split() or [*LINES]
    if wrong := [name for name in names if name not in LINES]:
        sys.exit(f"there is no line {', '.join(wrong)}: ONLY names some of {', '.join(LINES)}")
    print(
        f"{os.cpu_count()} cpus, load {os.getloadavg()[0]:.2f}; a lease is {LEASE:.0f} s", file=sys.stderr, flush=True
    )
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that all that was started is ended
    lines, missing = list[Line](), list[str]()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}", flush=True)
    for name in names:
        try:
            for line in LINES[name]():
                lines.append(line)
                print(f"| {' | '.join(line.cells())} |", flush=True)
        except servers.MissingError as error:
            missing.append(f"{name} is not measured: {error}")
    print(*missing, sep="\n", file=sys.stderr)
    if missing or not all(line.ok for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
