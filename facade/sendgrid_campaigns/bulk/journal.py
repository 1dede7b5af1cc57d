"""The journal: one row for each send of a job, in SQLite or PostgreSQL, shared by threads, processes and machines.

Times are those of the database, so that the clocks of several machines need not agree.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from uuid import uuid4

from sendgrid_campaigns import errors, models
from sendgrid_campaigns.bulk import rows
from sendgrid_campaigns.bulk.rows import Receipt, Row, State, ids_of
from sendgrid_campaigns.config import check
from sendgrid_campaigns.errors import OutcomeUnknownError, SendGridError, shown

try:
    import sqlalchemy as sql
    from sqlalchemy import event
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.engine import make_url
except ImportError as _missing:
    _text = "Jobs of many sends need the extra `bulk`: pip install 'sendgrid-campaigns[bulk]'"
    raise ImportError(_text) from _missing

NEVER = 1e12
"""A time, for rows that nothing will happen to by itself."""
RESOLVE_AFTER = 60.0
"""Seconds after which `outcome` is asked about an unknown row: longer than the read-back window."""
PORTION = 1000
"""Rows whose messages are noted at once, before they are made."""

_TABLES = sql.MetaData()
_ROWS = sql.Table(
    "sendgrid_campaigns_rows",
    _TABLES,
    sql.Column("id", sql.BigInteger().with_variant(sql.Integer(), "sqlite"), primary_key=True),
    sql.Column("job", sql.Text, nullable=False),
    sql.Column("account", sql.Text, nullable=False),  # as the on-behalf-of header; empty for the key's own
    sql.Column("item", sql.Text, nullable=False),
    sql.Column("line", sql.Integer, nullable=False),
    sql.Column("host", sql.Text, nullable=False),  # the service that a worker has used for the row; empty before
    sql.Column("fields", sql.Text, nullable=False),
    sql.Column("state", sql.Text, nullable=False),
    sql.Column("due_at", sql.Float, nullable=False),  # when a worker may take the row: a retry, or the end of a lease
    sql.Column("queued_until", sql.Float, nullable=False),  # until then, a message about the row is under way
    sql.Column("runs", sql.Integer, nullable=False),
    sql.Column("result", sql.Text),
    sql.Column("changed_at", sql.Float),
    sql.Column("load_id", sql.Text, nullable=False),  # of the last load whose file had the row
    sql.UniqueConstraint("job", "account", "item"),
    sql.Index("sendgrid_campaigns_due", "job", "due_at", "line"),
)
_CONTENTS = sql.Table(  # what many rows have in common is kept once
    "sendgrid_campaigns_contents",
    _TABLES,
    sql.Column("sha256", sql.Text, primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
_R = _ROWS.c
_OPEN: tuple[State, ...] = ("todo", "doing", "unknown")
"""The states of rows that something may still happen to."""
_NOW = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from statement_timestamp())",
}
"""Unix time of the database, by dialect."""
_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(4900)"}


class Journal:
    """The tables of any number of jobs. A context manager; threads may share one, and each process opens its own."""

    def __init__(self, where: str | Path, *, clock: Callable[[], float] | None = None) -> None:
        """Open a journal, or make one.

        where: a file, for SQLite; or a URL, such as postgresql://user@host/database.
        clock: for tests, in place of the database's; returns unix time in seconds.

        Raises ImportError when the database's driver is not installed, and SQLAlchemy's errors.
        """
        url = make_url(str(where)) if "://" in str(where) else sql.URL.create("sqlite", database=str(where))
        dialect = url.get_backend_name()
        if dialect in ("postgres", "postgresql"):
            dialect, url = "postgresql", url.set(drivername="postgresql+psycopg")
        check(dialect in _NOW, f"the journal is in {shown(dialect)}", "Give a file, or a URL of postgresql.")
        self.where: str = str(where) if dialect == "sqlite" else url.render_as_string()
        """The file, or the URL without its password."""
        try:
            self.engine: sql.Engine = sql.create_engine(url, pool_size=64, max_overflow=64)
        except ImportError as missing:
            text = f"A journal in {dialect} needs its driver: pip install 'sendgrid-campaigns[{dialect}]'"
            raise ImportError(text) from missing
        if dialect == "sqlite":
            event.listen(self.engine, "connect", _set_up_sqlite)
        self.insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self.clock: Callable[[], float] | None = clock
        own: Any = sql.bindparam("now", callable_=clock, type_=sql.Float)
        self.now: sql.ColumnElement[Any] = own if clock else sql.literal_column(_NOW[dialect], sql.Float)
        """The database's unix time, in SQL."""
        try:
            with self.engine.begin() as connection:
                # Several processes may begin at the same time: one makes the tables, and the others wait.
                connection.execute(sql.text(_ALONE[dialect]))
                there = set(sql.inspect(connection).get_table_names()) if dialect == "sqlite" else set[str]()
                own_file = not there or _ROWS.name in there
                check(own_file, f"{where} is a database of another program", "Give the journal a file of its own.")
                _TABLES.create_all(connection)
        except BaseException:
            self.close()
            raise

    def names(self) -> list[str]:
        """Return the names of the jobs."""
        with self.engine.connect() as connection:
            return [*connection.execute(sql.select(_R.job).distinct().order_by(_R.job)).scalars()]

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Journal({self.where!r})"


class Job:
    """A job: its rows, in a journal. A context manager that closes the journal; threads may share one."""

    def __init__(self, name: str, journal: Journal) -> None:
        """Open a job that is there already, or begin an empty one."""
        self.name: str = name
        self.journal: Journal = journal
        self._engine, self._now = journal.engine, journal.now
        self._take = lru_cache(self._new_take)
        self._content = lru_cache(self._read_content)

    @classmethod
    def load(cls, file: str | Path, journal: Journal | str | Path | None = None, *, name: str | None = None) -> Self:
        """Read a job's file and bring the journal up to date.

        Rows that are new are added, those that the file no longer has are removed as far as nothing was sent, and what
        became of the others stays. Rows that were given up for now are todo again.

        file: CSV with a header, or a JSON object on each line; see docs/bulk.md for the columns.
        journal: without one, the file `<file>.journal` beside the file. name: by default the file's name.

        Raises JobFileError with every problem of the file, before anything is sent, and OSError.
        """
        path = Path(file)
        return cls._begin(rows.read(path), name or path.name, journal or path.with_name(path.name + ".journal"))

    @classmethod
    def of(cls, values: Iterable[Mapping[str, Any]], name: str, journal: Journal | str | Path) -> Self:
        """Make a job of rows given as mappings, with the names that a file's columns have; otherwise as `load`."""
        lines = ((number, partial(rows.checked_names, given)) for number, given in enumerate(values, 1))
        return cls._begin(rows.rows_of(lines, Path(), f"job {name!r}"), name, journal)

    @classmethod
    def _begin(cls, read: Sequence[Row], name: str, journal: Journal | str | Path) -> Self:
        job = cls(name, journal if isinstance(journal, Journal) else Journal(journal))
        job.put(read)
        return job

    def put(self, read: Sequence[Row]) -> None:
        """Make these the job's rows, in one transaction. What became of rows that are there already stays."""
        contents, load_id = dict[str, str](), uuid4().hex
        given = [
            {
                "job": self.name,
                "account": row.on_behalf_of or "",
                "item": row.item,
                "line": row.line,
                "load_id": load_id,
            }
            | {"fields": _written_fields(row.fields, contents) if row.fields else "{}"}
            for row in read
        ]
        fresh = {"host": "''", "state": "'todo'", "due_at": "0", "queued_until": "0", "runs": "0"}
        insert = self.journal.insert(_ROWS).values({name: sql.literal_column(value) for name, value in fresh.items()})
        new = insert.excluded
        again = (_R.state == "later") | ((_R.state == "refused") & (_R.fields != new.fields))
        changes = {
            "line": new.line,
            "fields": new.fields,
            "load_id": new.load_id,
            "state": sql.case((again, "todo"), else_=_R.state),
            "due_at": sql.case((again, 0.0), else_=_R.due_at),
            "runs": sql.case((again, 0), else_=_R.runs),
        }
        upsert = insert.on_conflict_do_update(index_elements=["job", "account", "item"], set_=changes)
        with self._engine.begin() as connection:
            if contents:
                known = [{"sha256": name, "content": text} for name, text in sorted(contents.items())]
                connection.execute(self.journal.insert(_CONTENTS).on_conflict_do_nothing(), known)
            connection.execute(upsert, given)
            gone = (_R.job == self.name) & (_R.load_id != load_id) & _R.state.in_(("todo", "later", "refused"))
            connection.execute(sql.delete(_ROWS).where(gone))
            if connection.dialect.name == "postgresql":  # without statistics, each claim sorts all rows that are due
                connection.execute(sql.text(f"ANALYZE {_ROWS.name}"))

    # --- for workers ---

    def bind(self, host: str) -> None:
        """Note the service that the job's rows are sent by. Raises ConfigurationError when they had another one.

        So a job that was tried in the sandbox does not count as sent.
        """
        host = re.sub(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$", "loopback", host)
        self._update((_R.job == self.name) & (_R.host == ""), {"host": host})
        select = sql.select(_R.host).where((_R.job == self.name) & (_R.host != host)).limit(1)
        with self._engine.connect() as connection:
            other = connection.execute(select).scalar()
        problem = f"job {self.name!r} is one of {other}, and this client sends to {host}"
        check(other is None, problem, "Use a journal of its own, or another name for the job.")

    def claim(self, lease: float, states: Sequence[State] = _OPEN, item: tuple[str, str] | None = None) -> Row | None:
        """Take a row that is due, for `lease` seconds; None when there is none. item: only that account's item."""
        given = {"lease": lease, "of": item[0], "its": item[1]} if item else {"lease": lease}
        with self._engine.begin() as connection:
            found = connection.execute(self._take(tuple(states), item is not None), given).one_or_none()
        return None if found is None else self._row(found)

    def finish(
        self, row: Row, state: State, result: Receipt | SendGridError | None = None, wait: float = NEVER
    ) -> None:
        """Write down what became of a claimed row, unless another worker has claimed the row since.

        wait: seconds until a worker may take the row again.
        """
        written = json.dumps(_written(result)) if result else None
        self._change_claimed(row, self._finish, {"to": state, "wait": wait, "what": written})

    def free(self, row: Row) -> None:
        """Give back a claimed row that no request was made for."""
        self._change_claimed(row, self._free, {})

    def _change_claimed(self, row: Row, change: sql.Update, given: Mapping[str, Any]) -> None:
        which = {"of": row.on_behalf_of or "", "its": row.item, "run": row.runs}
        with self._engine.begin() as connection:
            connection.execute(change, {**which, **given})

    def next_due(self, states: Sequence[State] = _OPEN) -> float | None:
        """Return seconds until a row is due; None when nothing will be due any more."""
        least = sql.func.min(_R.due_at) - self._now
        due = (_R.job == self.name) & _R.state.in_(states) & (_R.due_at < NEVER)
        with self._engine.connect() as connection:
            seconds: float | None = connection.execute(sql.select(least).where(due)).scalar_one()
        return seconds

    def queue(self, patience: float, age: float) -> Iterator[list[tuple[str, str]]]:
        """Note messages for the rows that are due and have none; yield the account and the item of each, by portions.

        patience: seconds for which a message is noted. age: seconds after which a noted message counts as lost; at most
        `patience`.
        """
        which = self._without_message(patience, age) & (_R.id > sql.bindparam("last"))
        first = sql.select(_R.id).where(which).order_by(_R.id).limit(PORTION).with_for_update(skip_locked=True)
        note = sql.update(_ROWS).where(_R.id.in_(first)).values(queued_until=self._now + patience)
        last = 0
        while True:
            with self._engine.begin() as connection:
                found = connection.execute(note.returning(_R.id, _R.account, _R.item), {"last": last}).all()
            if not found:
                return
            yield [(each.account, each.item) for each in found]
            last = max(each.id for each in found)

    def queued(self, patience: float, age: float) -> int:
        """Return how many rows are due and have a message that was noted at least `age` seconds ago."""
        which = self._without_message(patience, age) & (_R.queued_until > self._now)
        with self._engine.connect() as connection:
            return connection.execute(sql.select(sql.func.count()).where(which)).scalar_one()

    def _without_message(self, patience: float, age: float) -> sql.ColumnElement[bool]:
        due = (_R.job == self.name) & _R.state.in_(_OPEN) & (_R.due_at <= self._now)
        return due & (_R.queued_until <= self._now + (patience - age))

    def sends(self, single_sends: bool) -> bool:
        """Return whether an open row is one of a single send; or, with False, one of a campaign."""
        of = _R.item.startswith(rows.SINGLE_SEND)
        which = (_R.job == self.name) & _R.state.in_(_OPEN) & (of if single_sends else ~of)
        select = sql.select(_R.id).where(which).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(select).scalar() is not None

    # --- for people ---

    def retry(self, *states: State) -> int:
        """Make rows of these states todo again, and return how many: `refused`, `later`, or `unknown`.

        Only a person can say that of an unknown row: the campaign may have been sent. A send that arrived is not
        repeated all the same, as long as the service refuses to send a campaign that is no Draft.
        """
        wrong = [state for state in states if state not in ("refused", "later", "unknown")]
        check(bool(states) and not wrong, f"states are {shown(states)}", "Give `refused`, `later` or `unknown`.")
        values = {"state": "todo", "due_at": 0.0, "queued_until": 0.0, "runs": 0}
        return self._update((_R.job == self.name) & _R.state.in_(states), values)

    def ask_again(self) -> int:
        """Make every unknown row due for another `outcome`, and return how many there are."""
        return self._update((_R.job == self.name) & (_R.state == "unknown"), {"due_at": 0.0, "runs": 0})

    def counts(self) -> dict[State, int]:
        """Return how many rows there are of each state that any row has."""
        select = sql.select(_R.state, sql.func.count()).where(_R.job == self.name).group_by(_R.state)
        with self._engine.connect() as connection:
            return {cast(State, found[0]): found[1] for found in connection.execute(select)}

    def rows(self, *states: State) -> Iterator[Row]:
        """Read the rows in the order of the file: those of some states, or all."""
        which = (_R.job == self.name) & (_R.state.in_(states) if states else sql.true())
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=1000).execute(
                sql.select(_ROWS).where(which).order_by(_R.line)
            )
            yield from map(self._row, found)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Job({self.name!r}, {self.journal!r})"

    # --- statements: to build one takes longer than to run it ---

    def _new_take(self, states: Sequence[State], of_one_item: bool) -> sql.UpdateBase:
        due = (_R.job == self.name) & _R.state.in_(states) & (_R.due_at <= self._now)
        if of_one_item:
            due &= (_R.account == sql.bindparam("of")) & (_R.item == sql.bindparam("its"))
        first = sql.select(_R.id).where(due).order_by(_R.due_at, _R.line).limit(1).with_for_update(skip_locked=True)
        doing = sql.case((_R.state == "unknown", "unknown"), else_="doing")
        values = {"state": doing, "due_at": self._now + sql.bindparam("lease"), "runs": _R.runs + 1}
        return sql.update(_ROWS).where(_R.id == first.scalar_subquery()).values(values).returning(*_R)

    @property
    def _claimed(self) -> sql.Update:
        row = (_R.account == sql.bindparam("of")) & (_R.item == sql.bindparam("its"))
        return sql.update(_ROWS).where((_R.job == self.name) & row & (_R.runs == sql.bindparam("run")))

    @cached_property
    def _finish(self) -> sql.Update:
        result: Any = sql.func.coalesce(sql.bindparam("what", type_=sql.Text), _R.result)
        times = {"due_at": self._now + sql.bindparam("wait"), "queued_until": 0.0, "changed_at": self._now}
        return self._claimed.values({"state": sql.bindparam("to"), "result": result, **times})

    @cached_property
    def _free(self) -> sql.Update:
        state = sql.case((_R.state == "doing", "todo"), else_=_R.state)
        return self._claimed.values({"state": state, "due_at": 0.0, "runs": _R.runs - 1})

    # --- inside ---

    def _update(self, which: sql.ColumnElement[bool], values: Mapping[str, Any]) -> int:
        with self._engine.begin() as connection:
            return connection.execute(sql.update(_ROWS).where(which).values(values)).rowcount

    def _row(self, found: Any) -> Row:
        result = _read(json.loads(found.result)) if found.result else None
        return Row(
            line=found.line,
            on_behalf_of=found.account or None,
            **ids_of(found.item),
            fields=self._whole(json.loads(found.fields)),
            state=found.state,
            runs=found.runs,
            changed_at=None if found.changed_at is None else datetime.fromtimestamp(found.changed_at, UTC),
            receipt=result if isinstance(result, Receipt) else None,
            error=result if isinstance(result, SendGridError) else None,
        )

    def _whole(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        parts = cast(dict[str, Any], value)
        if parts.keys() == {"sha256"}:
            return self._content(parts["sha256"])
        return {name: self._whole(part) for name, part in parts.items()}

    def _read_content(self, sha256: str) -> str:
        select = sql.select(_CONTENTS.c.content).where(_CONTENTS.c.sha256 == sha256)
        with self._engine.connect() as connection:
            content: str = connection.execute(select).scalar_one()
        return content


def _set_up_sqlite(connection: Any, record: object) -> None:
    # A process that waits for another's transaction gives up after 60 s. With WAL, who reads waits for nobody.
    for setting in ("busy_timeout = 60000", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {setting}")


def _written_fields(fields: Mapping[str, Any], contents: dict[str, str]) -> str:
    return json.dumps(_apart(fields, contents))


def _apart(value: Any, contents: dict[str, str]) -> Any:
    """Return fields, or the value of one; of a long text, only its name, and put the text into contents."""
    if isinstance(value, Mapping):
        return {name: _apart(part, contents) for name, part in cast(Mapping[str, Any], value).items()}
    if not isinstance(value, str) or len(value) < 200:
        return value
    name = hashlib.sha256(value.encode()).hexdigest()
    contents[name] = value
    return {"sha256": name}


def _written(result: Receipt | SendGridError) -> dict[str, Any]:
    if isinstance(result, SendGridError):
        return {"error": type(result).__name__, "args": list(result.args)}
    return result.to_dict()


def _read(written: dict[str, Any]) -> Receipt | SendGridError:
    if "error" in written:
        kind: type[SendGridError] = getattr(errors, written["error"], OutcomeUnknownError)
        return kind(*written["args"])
    attempts = tuple(models.Attempt(**attempt) for attempt in written.pop("attempts"))
    if "send_at" in written:
        send_at = written.pop("send_at")
        at = None if send_at is None else datetime.fromisoformat(send_at)
        return models.SingleSendReceipt(**written, send_at=at, attempts=attempts)
    return models.SendReceipt(**written, attempts=attempts)
