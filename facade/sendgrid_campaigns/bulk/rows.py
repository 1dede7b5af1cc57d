"""Read a job's file: one row for each send, every row checked before anything is sent."""

import csv
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from sendgrid_campaigns import campaigns, models, single_sends
from sendgrid_campaigns.auth import on_behalf_of
from sendgrid_campaigns.campaign_types import NewCampaignFields
from sendgrid_campaigns.config import check
from sendgrid_campaigns.errors import ConfigurationError, SendGridError, shown
from sendgrid_campaigns.operations import with_key
from sendgrid_campaigns.single_send_types import NewSingleSendFields

State = Literal["todo", "doing", "sent", "already", "refused", "later", "unknown"]
"""What is known of a row:

- `todo`: to be sent; `doing`: a worker sends it;
- `sent`: this job sent the campaign; `already`: an earlier call had sent it;
- `refused`: nothing was sent, and trying again brings the same answer; `later`: nothing was sent, after several tries;
- `unknown`: the campaign may have been sent.
"""
Receipt = models.SendReceipt | models.SingleSendReceipt


@dataclass(frozen=True, kw_only=True)
class Row:
    """One send of a job, and what is known of it."""

    line: int
    """The line of the job's file, from 1; the position, for rows that no file holds."""
    on_behalf_of: str | None = None
    """The account, as the on-behalf-of header names the account; None: the key's own."""
    campaign_id: int | None = None
    """The campaign to send; None for a row of a single send, or with a key."""
    single_send_id: str | None = None
    """The single send to send; None for a row of a campaign, or with a key."""
    key: str | None = None
    """The idempotency key of `send_once`; None for a row with an id."""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)
    """The title or name, and the fields of `send_once`, by the API's names."""
    state: State = "todo"
    runs: int = 0
    """How often a worker took the row."""
    changed_at: datetime | None = None
    """When a worker last wrote down what became of the row."""
    receipt: Receipt | None = None
    error: SendGridError | None = None
    """Why the row is not sent, or not yet."""

    @property
    def is_single_send(self) -> bool:
        """Whether a single send is mailed, and no campaign."""
        return self.single_send_id is not None or "name" in self.fields

    @property
    def item(self) -> str:
        """The name of the send within its account: the campaign's or single send's id, or the key."""
        if self.campaign_id is not None:
            return str(self.campaign_id)
        id = str(self.single_send_id) if self.key is None else f"key {self.key}"
        return SINGLE_SEND + id if self.is_single_send else id

    def __str__(self) -> str:
        account = f" on behalf of {self.on_behalf_of!r}" if self.on_behalf_of else ""
        id = f"{self.single_send_id or self.campaign_id}" if self.key is None else f"key {self.key!r}"
        kind = SINGLE_SEND if self.is_single_send else "campaign " if self.key is None else ""
        return kind + id + account

    def to_dict(self) -> dict[str, Any]:
        """Return the row in JSON's types, without the fields of its campaign."""
        kept = {name: value for name, value in vars(self).items() if name not in ("fields", "error", "receipt")}
        receipt = self.receipt.to_dict() if self.receipt else None
        return {**models.to_json(kept), "receipt": receipt, "error": self.error.to_dict() if self.error else None}


class JobFileError(ConfigurationError):
    """A job's file cannot be right. Nothing was sent."""

    problems: tuple[str, ...] = ()
    """Every problem, each with its line."""
    hint: str = "Put right what is listed, and run the job again."
    changed: str = "Nothing was sent."

    def _details(self) -> list[str]:
        more = len(self.problems) - MOST_SHOWN
        return [f"  {each}" for each in self.problems[:MOST_SHOWN]] + ([f"  and {more} more"] if more > 0 else [])


SINGLE_SEND = "single send "
"""How the item of a single send begins; that of a campaign begins with its id, or with `key`."""


def ids_of(item: str) -> dict[str, Any]:
    """Return the fields of a row that its item tells."""
    id = item.removeprefix(SINGLE_SEND)
    if (key := id.removeprefix("key ")) != id:
        return {"key": key}
    return {"campaign_id": int(id)} if id == item else {"single_send_id": id}


MOST_SHOWN = 20
"""Problems that the text of a JobFileError lists."""

ACCOUNTS = ("subuser", "account_id")
FILES = {"html_file": "html_content", "plain_file": "plain_content"}
"""Columns that name a file, and the fields that the file's text becomes."""
FIELDS = tuple(NewCampaignFields.__annotations__)
IDS = ("campaign_id", "single_send_id", "key")
COLUMNS = (*ACCOUNTS, *IDS, "title", *FIELDS, *FILES)
NAMES = (*COLUMNS, "name", *(name for name in NewSingleSendFields.__annotations__ if name not in COLUMNS))
"""What a row of JSON may hold. Single sends that a row makes have nested fields, which no cell holds."""
NUMBERS = ("campaign_id", "sender_id", "suppression_group_id")
LISTS = {"list_ids": r"[\s,;]+", "segment_ids": r"[\s,;]+", "categories": r"\s*[,;]\s*"}
"""Columns of several values, and what stands between two values in a cell."""
TYPED = {*NUMBERS, *LISTS}


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file with a header, or of a file with a JSON object on each line; both in UTF-8.

    Raises JobFileError with everything that is wrong.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            is_json = file.read(4096).lstrip()[:1] in ("{", "[")
            file.seek(0)
            return rows_of(_lines_of_json(file) if is_json else _lines_of_csv(file), path.parent, str(path))
        except UnicodeDecodeError as error:
            raise JobFileError(cause=f"{path} is not in UTF-8: {error}", hint="Save the file as UTF-8.") from None


Line = tuple[int, Callable[[], Mapping[str, Any]]]
"""The number of a line, and how to read the line: reading one may raise ConfigurationError."""


def _lines_of_csv(file: TextIO) -> Iterator[Line]:
    header = file.readline()
    file.seek(0)
    separator = max(",;\t", key=header.count)
    reader = csv.reader(file, delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in next(reader, list[str]())]
        for name in names:
            hint = f"The first line names the columns, from these: {', '.join(COLUMNS)}."
            check(name in COLUMNS, f"line 1: there is no column {shown(name)}", hint)
        check(len(set(names)) == len(names), "line 1: a column stands there twice", "Give each column once.")
        for cells in reader:
            if any(map(str.strip, cells)):
                yield reader.line_num, partial(_of_cells, names, cells)
    except csv.Error as error:
        hint = (
            f'Close each "quote". A cell holds {csv.field_size_limit():,} characters at most: longer contents belong'
            " into a file, which html_file or plain_file names."
        )
        check(False, f"line {reader.line_num}: this is no CSV: {error}", hint)


def _of_cells(names: list[str], cells: list[str]) -> Mapping[str, Any]:
    if len(cells) > len(names):
        more = f"the line has {len(cells)} cells, and the header has {len(names)}"
        check(False, more, 'Put a cell that holds a comma into "quotes".')
    values = dict[str, Any]()
    for name, cell in zip(names, cells, strict=False):
        if cell := cell.strip():
            values[name] = _of_cell(name, cell) if name in TYPED else cell
    return values


def _of_cell(name: str, cell: str) -> Any:
    if name in NUMBERS:
        return _number(name, cell)
    several = re.split(LISTS[name], cell)
    return [_number(name, each) for each in several] if name in ("list_ids", "segment_ids") else several


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        check(False, f"{name} is {shown(text)}", "Give a whole number.")
    return int(text)


def _lines_of_json(file: TextIO) -> Iterator[Line]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, partial(_of_object, line)


def _of_object(line: str) -> Mapping[str, Any]:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    check(isinstance(value, dict), "the line is no JSON object", 'Write {"campaign_id": 4900} on a line of its own.')
    return checked_names(cast(dict[str, Any], value))


def checked_names(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row as it was given, without what is None. Raises ConfigurationError for a name that no column has."""
    for name in values:
        check(name in NAMES, f"there is no column {shown(name)}", f"The columns are {', '.join(NAMES)}.")
    return {name: value for name, value in values.items() if value is not None}


def rows_of(lines: Iterable[Line], folder: Path, source: str) -> list[Row]:
    """Return the rows of lines. Raises JobFileError with every problem of every line. folder: where its files are."""
    rows, problems, texts = dict[tuple[str | None, str], Row](), list[str](), dict[str, str]()
    try:
        for number, line in lines:
            try:
                row = _row(number, line(), folder, texts)
                twin = rows.setdefault((row.on_behalf_of, row.item), row)
                if twin is not row:
                    problems.append(f"line {number}: {row} stands on line {twin.line} already. Give each send once.")
            except ConfigurationError as error:
                problems.append(f"line {number}: {error.cause}. {error.hint}")
    except ConfigurationError as error:  # of the header
        problems.append(f"{error.cause}. {error.hint}")
    if not rows and not problems:
        problems.append("the file has no rows")
    if problems:
        one = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise JobFileError(cause=f"{source} has {one}", problems=tuple(problems))
    return list(rows.values())


def _row(number: int, values: Mapping[str, Any], folder: Path, texts: dict[str, str]) -> Row:
    """Return a row, checked as the client will check it."""
    subuser, account_id, key = values.get("subuser"), values.get("account_id"), values.get("key")
    check(subuser is None or account_id is None, "a row has a subuser, or an account_id", "Give one of the two.")
    texts_only = type(subuser if account_id is None else account_id) in (str, type(None))
    check(texts_only, "a subuser or an account_id is no text", "Give a text.")
    account = _account(subuser, account_id)
    ids = [name for name in IDS if name in values]
    check(len(ids) == 1, "a row has a campaign_id, a single_send_id, or a key", "Give one of them.")
    fields = {name: value for name, value in values.items() if name not in ACCOUNTS and name not in ids}
    if key is None:
        if fields:
            more, hint = ", ".join(fields), "Only a row with a key makes a campaign or a single send."
            check(False, f"{more} stands beside a {ids[0]}", hint)
        if ids == ["campaign_id"]:
            return Row(line=number, on_behalf_of=account, campaign_id=campaigns.checked_id(values["campaign_id"]))
        id = single_sends.checked_id(values["single_send_id"])
        return Row(line=number, on_behalf_of=account, single_send_id=id)
    content = fields
    if "name" in fields and not FILES.keys().isdisjoint(fields):
        config: Any = fields.get("email_config", {})
        check(isinstance(config, dict), f"email_config is {shown(config)}", "Give an object.")
        content = fields["email_config"] = dict(config)
    for name, into in FILES.items():
        if name in fields:
            check(into not in content, f"{into} and {name} are both there", "Give one of the two.")
            content[into] = _text(folder, fields.pop(name), texts)
    title = "name" if "name" in fields else "title"
    text: Any = fields.pop(title, None)
    hint = "A row with a key makes a campaign, which needs a title, or a single send, which needs a name."
    check(isinstance(text, str), f"{title} is {shown(text)}", hint)
    with_key(title, text, key)
    made = (
        campaigns.new_fields(text, fields) if title == "title" else single_sends.checked_body({title: text, **fields})
    )
    return Row(line=number, on_behalf_of=account, key=key, fields=made)


@lru_cache
def _account(subuser: Hashable, account_id: Hashable) -> str | None:
    return None if subuser is account_id is None else on_behalf_of(subuser, account_id)


def _text(folder: Path, name: Any, texts: dict[str, str]) -> str:
    check(isinstance(name, str), f"{shown(name)} is no file's name", "Give the name as text.")
    if name not in texts:
        try:
            texts[name] = (folder / name).read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            check(False, f"{name} cannot be read: {error}", "Files are named from the folder of the job's file.")
    return texts[name]
