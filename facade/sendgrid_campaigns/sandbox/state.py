"""The sandbox's state in SQLite: in memory, or in a file that several processes may share.

Each change runs in one transaction that excludes all other writers. So only one of several simultaneous sends, from any
thread or process, takes a campaign out of Draft.
"""

import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

__tracebackhide__: methodcaller = methodcaller("errisinstance", (ValueError, TypeError, RuntimeError))
"""For pytest: the traceback of a wrong use ends in the test."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (advanced_by REAL NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, credits INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS keys (value TEXT PRIMARY KEY, account TEXT NOT NULL, scopes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS resources (
    account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, value INTEGER NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (account, kind, id)
);
CREATE TABLE IF NOT EXISTS campaigns (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, status TEXT NOT NULL, fields TEXT NOT NULL,
    send_at NUMERIC, due NUMERIC, scheduled_by INTEGER, accepted_at REAL
);
CREATE INDEX IF NOT EXISTS pending ON campaigns (status, due);
-- Other tables hold the id of a single send, a text, where they hold a campaign's id otherwise.
CREATE TABLE IF NOT EXISTS single_sends (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, status TEXT NOT NULL,
    fields TEXT NOT NULL, send_at NUMERIC, due NUMERIC, scheduled_by INTEGER, accepted_at REAL
);
CREATE INDEX IF NOT EXISTS pending_single_sends ON single_sends (status, due);
-- mail that goes out when due, whether or not the campaign still exists
CREATE TABLE IF NOT EXISTS outgoing (
    number INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id INTEGER NOT NULL, account TEXT NOT NULL, fields TEXT NOT NULL,
    due NUMERIC NOT NULL, scheduled_by INTEGER
);
-- earlier versions of campaigns, for stale reads: each was current until its time, and is null before the creation
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, until REAL NOT NULL, id INTEGER NOT NULL, account TEXT, status TEXT,
    fields TEXT, send_at NUMERIC, accepted_at REAL
);
-- ids to give out again
CREATE TABLE IF NOT EXISTS freed (id INTEGER PRIMARY KEY);
-- late copies of requests
CREATE TABLE IF NOT EXISTS late (number INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, request TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    on_behalf_of TEXT, headers TEXT NOT NULL, body TEXT NOT NULL, status_code INTEGER NOT NULL, origin TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS windows (key TEXT PRIMARY KEY, window INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id INTEGER NOT NULL, addresses TEXT NOT NULL, at REAL NOT NULL,
    request INTEGER
);
CREATE TABLE IF NOT EXISTS mailings (
    number INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id INTEGER NOT NULL, account TEXT NOT NULL, at REAL NOT NULL,
    fields TEXT NOT NULL, recipients INTEGER NOT NULL, request INTEGER
);
"""


_MARK = 0x53474353
"""SQLite's application id of a sandbox's file, which no other file has, nor one with older tables."""


class State:
    """One SQLite database. Threads share the database by a lock, processes by the locks of SQLite.

    Raises ValueError for a path that cannot hold a state, and sqlite3.OperationalError for a file that is locked.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._lock = threading.RLock()
        try:
            self._connect(path)
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise
            problem = f"the sandbox cannot keep its state in {str(path)!r}: {error}"
            raise ValueError(f"{problem}. Give the path of a new file, or no path for a sandbox in memory.") from None

    def _connect(self, path: str | Path | None) -> None:
        self._database = sqlite3.connect(
            ":memory:" if path is None else path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._database.row_factory = sqlite3.Row
        # Closes the database when a sandbox that was not closed is garbage.
        self._close = weakref.finalize(self, self._database.close)
        if path is not None:
            # A killed process loses no answered request: the log is written before the answer.
            self._pragma("synchronous = NORMAL")
        self.transact(self._make_tables)
        if path is not None:
            with suppress(sqlite3.OperationalError):  # another process opens the file now, and does the same
                self._pragma("journal_mode = WAL")

    def _make_tables(self) -> None:
        tables = self.rows("SELECT 1 FROM sqlite_schema LIMIT 1")
        if tables and self._pragma("application_id") != _MARK:
            raise ValueError("the file is a database of something else; no sandbox of this version has made the file")
        self._pragma(f"application_id = {_MARK}")
        for statement in _SCHEMA.split(";"):
            self._database.execute(statement)

    def transact(self, work: Callable[[], T]) -> T:
        """Run `work` in one transaction, and return the result of `work`. Rolls back when `work` raises.

        A plain function, not a context manager: an interruption must leave no suspended generator that holds the lock.
        """
        with self._lock:
            self._check_open()
            try:
                if self._database.in_transaction:  # left behind by an interruption of the rollback below
                    self._database.execute("ROLLBACK")
                self._database.execute("BEGIN IMMEDIATE")
                result = work()
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        return result

    def _check_open(self) -> None:
        if not self._close.alive:
            raise RuntimeError(
                "the sandbox is closed. Use it inside of its `with` block, or of the test of its fixture."
            )

    def _pragma(self, text: str) -> Any:
        row = self._database.execute(f"PRAGMA {text}").fetchone()
        return row[0] if row else None

    def rows(self, statement: str, *values: Any, **named: Any) -> list[sqlite3.Row]:
        with self._lock:
            self._check_open()
            return self._database.execute(statement, named or values).fetchall()

    def row(self, statement: str, *values: Any, **named: Any) -> sqlite3.Row | None:
        with self._lock:
            self._check_open()
            found: sqlite3.Row | None = self._database.execute(statement, named or values).fetchone()
        return found

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row, and return the row's number."""
        marks = ", ".join("?" * len(values))
        statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"  # noqa: S608 - names are ours
        with self._lock:
            return self._database.execute(statement, tuple(values.values())).lastrowid or 0

    def version(self) -> tuple[int, int]:
        """Return numbers that change with each commit, also of another process."""
        with self._lock:
            self._check_open()
            return self._pragma("data_version"), self._database.total_changes

    def clear(self) -> None:
        """Delete every row, and begin the numbers of all tables again. Call inside of `transact`."""
        for table in self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            self._database.execute(f"DELETE FROM {table['name']}")  # noqa: S608 - names are ours

    def close(self) -> None:
        with self._lock:
            self._close()
