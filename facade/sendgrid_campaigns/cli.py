"""The command `sendgrid-campaigns`.

Every command returns its output. `main` alone writes the output and ends the process, so that a full disk or a closed
pipe cannot change the exit code, which says what happened to a campaign. Nor can a second signal: after the first one,
and once a command's call has returned, SIGINT and SIGTERM are ignored.
"""

import contextlib
import functools
import json
import logging
import os
import re
import signal
import sqlite3
import sys
import threading
import unicodedata
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeAlias

try:
    import click
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
except ImportError:
    sys.exit("The command line needs click and rich: pip install 'sendgrid-campaigns[cli]'")

import sendgrid_campaigns
from sendgrid_campaigns import Campaign, CampaignsClient
from sendgrid_campaigns.config import BASE_URL, URL_VARIABLE, Clock
from sendgrid_campaigns.errors import ConfigurationError, SendGridError
from sendgrid_campaigns.models import Attempt, to_json
from sendgrid_campaigns.sandbox import Sandbox, example
from sendgrid_campaigns.single_send_types import EmailConfigFields, SendToFields
from sendgrid_campaigns.version import __version__

if TYPE_CHECKING:
    from sendgrid_campaigns import SingleSendsClient

    Client: TypeAlias = CampaignsClient | SingleSendsClient

# pyright: reportPrivateUsage=false

IN_MEMORY = ":memory:"

USAGE, REFUSED, LATER, UNKNOWN, DECLINED, INTERRUPTED = 2, 3, 4, 5, 6, 130

EXIT_CODES = """\b
Exit codes:
  0    done
  2    the command or a setting is wrong; no request was made
  3    refused, or something is missing; the same command will be refused again
  4    not done for now: network, rate limit or a fault of the service; run the command again later
  5    unknown: the change may have been made, after send the mailing; look before you run the command again
  6    you answered no; nothing was changed
  130  interrupted while no change was in doubt"""


def exit_code(error: SendGridError) -> int:
    """Return the exit code of an error, as EXIT_CODES lists them."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if error.may_have_been_applied:
        return UNKNOWN
    return LATER if error.temporary else REFUSED


# --- texts ---

WORDS = (
    ("outcome(error) tells, now or later", "`sendgrid-campaigns outcome ID` tells, now or later"),
    ("outcome(error) reads and compares", "Compare with `sendgrid-campaigns get ID`"),
    ("outcome(error) tells", "`sendgrid-campaigns get ID` tells"),
    ("outcome(error) reads status and time", "`sendgrid-campaigns get ID` and `get-schedule ID` read status and time"),
    ("outcome(error) reads the status", "`sendgrid-campaigns get ID` reads the status"),
    ("sent by ensure_sent()", "sent by `sendgrid-campaigns ensure-sent ID`"),
    ("use ensure_sent()", "use `sendgrid-campaigns ensure-sent ID`"),
    ("ensure_sent() may be called again", "`sendgrid-campaigns ensure-sent ID` may be run again"),
    ("outcome(error) reads what", "`sendgrid-campaigns outcome ID` reads what"),
    ("unschedule()", "`sendgrid-campaigns unschedule ID`"),
    ("with schedule()", "with `sendgrid-campaigns schedule ID`"),
    ("delete(..., stop=True)", "`sendgrid-campaigns delete ID --stop`"),
    ("on_behalf_of(): the Subuser", "--on-behalf-of"),
    ("on_behalf_of(): account_id", "--account-id"),
    ("on_behalf_of(account_id=...)", "--account-id"),
    ("on_behalf_of(...)", "--on-behalf-of or --account-id"),
    ("use the client itself", "leave the option out"),
    ("the client adds", "the command adds"),
    (" (or api_key=)", ""),
    ("use SingleSendsClient.", "use the commands `single-sends`."),
    ("sendgrid_campaigns.moving", "`move ID`"),
    (", or give api_key=... to the client", ""),
    ("base_url", "--base-url"),
    ("; for a sandbox elsewhere, add sandbox=True, with the sandbox's key", " only"),
    ("campaign_id is", "ID is"),
    ("single_send_id is", "ID is"),
    ("send_at is", "--at is"),
    ("no field of a campaign is given", "there is nothing to change"),
    ("SingleSendsClient(api_key=...)", "in SENDGRID_API_KEY"),
    ("lists={", "--lists FILE with {"),
    ("segments={", "--segments FILE with {"),
    ("plan.apply()", "--apply"),
    ("no field of a single send is given", "there is nothing to change"),
    ("The fields are name, categories, send_to, email_config.", "--help lists the options."),
    (" after retry_after seconds, or give calls a longer deadline: Retry(deadline=...)", " later"),
    ("Call again", "Run the command again"),
    ("call again", "run the command again"),
)
"""What the Python API's texts say, and the same in words of the command line."""


SINGLE_SEND_WORDS = (
    ("get ID` and `get-schedule ID` read", "get ID` reads"),
    ("`sendgrid-campaigns ", "`sendgrid-campaigns single-sends "),
)
"""What WORDS say of campaigns, and the same of single sends."""


def in_words(text: str, resource: str = "campaign") -> str:
    """Return a text of the Python API in words of the command line. resource: what the text is about."""
    for python, own in WORDS + (SINGLE_SEND_WORDS if resource == "single send" else ()):
        text = text.replace(python, own)
    return text


def advice_in_words(error: SendGridError) -> str:
    """Return what to do next, in words of the command line."""
    return in_words(error.advice, error.resource)


def _translated(error: SendGridError) -> SendGridError:
    changed = in_words(error.changed, error.resource)
    hint = in_words(error.advice.removeprefix(error.changed).strip(), error.resource)
    cause = in_words(error.cause) if isinstance(error, ConfigurationError) else error.cause
    texts = {"changed": changed, "hint": hint, "cause": cause}
    return type(error)(None, {**error.args[1], **{name: text for name, text in texts.items() if text}})


def visible(text: str) -> str:
    """Return a text of somebody else's on one line: what a terminal would obey is escaped."""
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in OBEYED and each not in JOINERS else each
        for each in text
    )


OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control and format characters, surrogates, separators of lines
JOINERS = "\u200c\u200d"  # inside of words and emoji


def _visible(value: Any) -> Any:
    """Return facts of an error, each of them on one line."""
    if isinstance(value, Mapping):
        return {name: _visible(item) for name, item in value.items()}  # pyright: ignore
    if isinstance(value, list):
        return [_visible(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return visible(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Output:
    """The output of a command: a text for people, the same as data for programs, and the exit code."""

    text: str
    data: Any
    code: int = 0
    table: object = None
    """What rich prints on a terminal, in place of the text."""


def _facts(data: dict[str, Any], code: int = 0) -> Output:
    data.pop("attempts", None)
    facts = [(name, visible(_plain(value))) for name, value in _flat(data)]
    width = max(len(name) for name, _ in facts)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(value))
    return Output("\n".join(f"{name:<{width}}  {value}" for name, value in facts), data, code, table)


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the facts of a result that have a value, and those of a single send's parts in place of the parts."""
    for name, value in data.items():
        if name in PARTS:
            yield from _flat(value or {})
        elif value is not None and value != {}:
            yield name, value


PARTS: Mapping[str, type[Any]] = {"send_to": SendToFields, "email_config": EmailConfigFields}
"""The parts of a single send, with their fields."""


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _table(names: Sequence[str], found: Sequence[Sequence[str]], data: Any, *, wrap: bool = False) -> Output:
    """Return a table whose first two columns stay whole on a narrow terminal. The others are cut, or wrapped."""
    rows = [[*map(visible, row)] for row in found]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (names, *rows)]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="cyan")
    for number, name in enumerate(names):
        table.add_column(name, no_wrap=number < 2)
    for row in rows:
        table.add_row(*(Text(cell, no_wrap=not wrap, overflow="fold" if wrap else "ellipsis") for cell in row))
    return Output("\n".join(lines), data, table=table)


def _named(id: int | str) -> str:
    return f"campaign {id}" if isinstance(id, int) else f"single send {id}"


def _done(id: int | str, action: str) -> Output:
    return Output(f"{_named(id)} was {action}", {"id": id, "action": action})


# --- the terminal ---


class _Declined(click.ClickException):
    """The answer to a question was no."""


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: str, otherwise: str) -> None:
    _write(sys.stderr, f"{question} [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise _Declined(otherwise)


class _Progress(Clock):
    """What the command waits for, on standard error; and the machine's clock, which announces every wait there."""

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        # The spinner is of ASCII, for terminals without other characters.
        on_terminal = sys.stderr.isatty() and not silent
        self._status = Console(file=sys.stderr).status("", spinner="line") if on_terminal else None

    def say(self, text: str) -> None:
        """Show a text: on a terminal until the next one, without one as a line."""
        if self._status is not None:
            with contextlib.suppress(OSError, ValueError):
                self._status.update(text)
                self._status.start()
        elif not self._silent:
            _write(sys.stderr, text)

    def end(self) -> None:
        """Remove the text from a terminal."""
        if self._status is not None:
            with contextlib.suppress(OSError, ValueError):
                self._status.stop()

    def sleep(self, seconds: float) -> None:
        self.say(f"waiting {seconds:.1f} s before the next request ...")
        super().sleep(seconds)
        self.end()


# --- options ---


def _state_file(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value.isdigit():
        # An option with an optional value takes the next word, which is often an ID.
        raise click.UsageError(f"--sandbox took {value} as its file: put --sandbox after the ID, or name a file.")
    if value == "":
        raise click.UsageError("The sandbox's file name is empty: name a file, or leave the name out.")
    return value


def _aware_time(context: click.Context, parameter: click.Parameter, value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise click.BadParameter(f"{value!r} is no time with a UTC offset, such as 2027-01-05T10:53+01:00.")
    return time


def _text_of(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    if value == "-" and context.meta.setdefault("stdin", parameter.name) != parameter.name:
        raise click.BadParameter("Standard input can be read once: name a file.")
    try:
        with click.open_file(value, encoding="utf-8-sig") as file:
            text: str = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{value} cannot be read: {error}") from None
    if value == "-" and not text:
        raise click.BadParameter("Standard input is empty.")
    return text


def _ids_of(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, str] | None:
    text = _text_of(context, parameter, value)
    try:
        ids: Any = None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value} is no JSON: {error}") from None
    if not isinstance(ids, dict | None):
        raise click.BadParameter(f'{value} holds no JSON object, such as {{"110": "<uuid>"}}.')
    return ids  # pyright: ignore[reportUnknownVariableType]


ID = click.argument("id", metavar="ID", type=int)
UUID = click.argument("id", metavar="ID")
AT = click.option(
    "--at", "send_at", metavar="TIME", required=True, callback=_aware_time, help="Such as 2027-01-05T10:53+01:00."
)
WITHIN = click.option(
    "--within", type=float, default=120.0, show_default=True, metavar="SECONDS",
    help="Schedule for so many seconds from now: at least 90. A late copy of the request does nothing then.",
)  # fmt: skip
YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
EDITOR = click.option("--editor", type=click.Choice(["code", "design"]))


def _fields(type_of_ids: type[int | str]) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option("--subject"),
        click.option("--sender-id", type=int),
        click.option("--list-id", "list_ids", type=type_of_ids, multiple=True, help="Repeat for several."),
        click.option("--segment-id", "segment_ids", type=type_of_ids, multiple=True, help="Repeat for several."),
        click.option("--category", "categories", multiple=True, help="Repeat for several."),
        click.option("--suppression-group-id", type=int),
        click.option("--custom-unsubscribe-url", metavar="URL"),
        click.option("--ip-pool", metavar="NAME"),
        click.option(
            "--html", "html_content", metavar="FILE", callback=_text_of,
            help="HTML content, in UTF-8. - is standard input.",
        ),
        click.option(
            "--plain", "plain_content", metavar="FILE", callback=_text_of, help="Plain text content, as well."
        ),
    )  # fmt: skip


FIELDS = _fields(int)
SINGLE_SEND_FIELDS = (
    *_fields(str),
    EDITOR,
    click.option("--all/--not-all", default=None, help="Mail every contact of the account."),
    click.option("--design-id", metavar="ID", help="A design, in place of subject and content."),
    click.option(
        "--generate-plain/--keep-plain", "generate_plain_content", default=None,
        help="Whether the service makes the plain text of the HTML; by default without --plain.",
    ),
)  # fmt: skip
SHARED = (
    click.option("--on-behalf-of", metavar="USERNAME", help="Act for this Subuser."),
    click.option("--account-id", metavar="ID", help="Act for this customer account."),
    click.option("--base-url", metavar="URL", help=f"The API's address; by default ${URL_VARIABLE}, or {BASE_URL}."),
    click.option(
        "--sandbox",
        metavar="[FILE]",
        is_flag=False,
        flag_value=IN_MEMORY,
        is_eager=True,
        callback=_state_file,
        help="Use the offline sandbox, not SendGrid. FILE keeps the sandbox's state; without FILE, nothing is kept.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON; errors are JSON on standard error."),
)
BULK = tuple(option for option in SHARED if option not in SHARED[:2])  # a job names the account in each row
SHARED_NAMES = ("on_behalf_of", "account_id", "base_url", "sandbox", "as_json")


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__)
@click.pass_context
def commands(context: click.Context) -> Output | None:
    """Send SendGrid (legacy) campaigns, and never be wrong about a send.

    Set the environment variable SENDGRID_API_KEY to the API key. There is no option for the key: other users of the
    machine can read command lines. To try a command without SendGrid, add --sandbox.

    Examples:
      sendgrid-campaigns send 4900 --sandbox
      sendgrid-campaigns list --all
    """
    return None if context.invoked_subcommand else Output(context.get_help(), None)


@commands.group(name="single-sends", epilog=EXIT_CODES, invoke_without_command=True)
@click.pass_context
def single_sends(context: click.Context) -> Output | None:
    """Send Single Sends, the successor of campaigns.

    The commands have the options and exit codes of those of campaigns.

    Examples:
      sendgrid-campaigns single-sends send 27c21bbf-a12c-440b-b8bf-c526975328ca --sandbox
      sendgrid-campaigns single-sends list --status draft
    """
    return None if context.invoked_subcommand else Output(context.get_help(), None)


def command(
    *options: Callable[[Any], Any],
    of: click.Group = commands,
    name: str | None = None,
    shared: tuple[Callable[[Any], Any], ...] = SHARED,
) -> Callable[[Callable[..., Output]], Callable[..., Output]]:
    """Register a function of a client as a command with these options and the shared ones; the docstring is its help.

    of: which client's commands. name: by default the function's. A function may be a command of both clients.
    """

    def register(function: Callable[..., Output]) -> Callable[..., Output]:
        @functools.wraps(function)
        def run(**options: Any) -> Output:
            on_behalf_of, account_id, base_url, sandbox, as_json = (options.pop(name, None) for name in SHARED_NAMES)
            if on_behalf_of is not None and account_id is not None:
                raise click.UsageError("Give --on-behalf-of for a Subuser or --account-id for an account, not both.")
            with ExitStack() as stack:
                click.get_current_context().obj = progress = _Progress(silent=as_json or shared is BULK)
                client: Any
                if sandbox is None:
                    kind = CampaignsClient if of is commands else sendgrid_campaigns.SingleSendsClient
                    client = kind(base_url=base_url, clock=progress)
                else:
                    opened = stack.enter_context(Sandbox(None if sandbox == IN_MEMORY else sandbox))
                    client = opened.client() if of is commands else opened.single_sends_client()
                stack.enter_context(client)
                stack.callback(progress.end)
                if on_behalf_of is not None:
                    client = client.on_behalf_of(on_behalf_of)
                if account_id is not None:
                    client = client.on_behalf_of(account_id=account_id)
                try:
                    return function(client, **options)
                finally:
                    _ignore_signals()

        decorated: Any = run
        for option in reversed(options + shared):
            decorated = option(decorated)
        of.command(name=name or function.__name__.rstrip("_").replace("_", "-"), epilog=EXIT_CODES)(decorated)
        return function

    return register


single_send: Callable[..., Callable[[Callable[..., Output]], Callable[..., Output]]] = functools.partial(
    command, of=single_sends
)
"""Register a function as a command of single sends."""


# --- the commands ---


def _ask_before_sending(client: "Client", id: Any, yes: bool) -> None:
    if yes or not _has_terminal():
        return
    names = ("id", "status", "title", "name", "subject", "list_ids", "segment_ids", "all")
    _show(sys.stderr, _facts({name: value for name, value in _flat(client.get(id).to_dict()) if name in names}))
    _ask(f"Send this {_named(id).rpartition(' ')[0]} to its whole audience, now?", "not sent")


@command(ID, YES)
@single_send(UUID, YES)
def send(client: "Client", id: Any, yes: bool) -> Output:
    """Send the draft ID to its whole audience, now. On a terminal, asks first. In jobs, use ensure-sent.

    Examples:
      sendgrid-campaigns send 4900
      sendgrid-campaigns send 4901 --on-behalf-of acme --yes
    """
    _ask_before_sending(client, id, yes)
    return _facts(client.send(id).to_dict())


@command(ID, YES)
@single_send(UUID, WITHIN, YES)
def ensure_sent(client: "Client", id: Any, yes: bool, **within: Any) -> Output:
    """Send the draft ID, unless the draft was sent before. Safe to run again. On a terminal, asks first.

    Examples:
      sendgrid-campaigns ensure-sent 4900
      sendgrid-campaigns ensure-sent 4902 --account-id A123 --json
    """
    _ask_before_sending(client, id, yes)
    return _facts(client.ensure_sent(id, **within).to_dict())


KEY = click.argument("key", metavar="KEY")


@command(
    KEY, click.option("--title", required=True, help="The name in the dashboard; KEY is appended."), *FIELDS, EDITOR
)
@single_send(
    KEY,
    click.option("--name", required=True, help="The name in the dashboard; KEY is appended."),
    *SINGLE_SEND_FIELDS,
    WITHIN,
)
def send_once(client: "Client", key: str, **fields: Any) -> Output:
    r"""Make and send one campaign for each KEY. Safe to run again.

    KEY names the mailing, such as newsletter-2026-03.

    Examples:
      sendgrid-campaigns send-once march-2027 --title March --subject Spring --sender-id 124451 \
        --list-id 110 --suppression-group-id 42 --html march.html
      sendgrid-campaigns send-once march-2027 --title March --subject Spring --sender-id 124451 \
        --list-id 110 --suppression-group-id 42 --plain - <march.txt
    """
    return _facts(client.send_once(key, **_body(client, _given(fields))).to_dict())


@command(ID)
@single_send(UUID)
def outcome(client: "Client", id: Any) -> Output:
    """Read whether the campaign ID was sent. The exit code is 5 when reading does not tell.

    Examples:
      sendgrid-campaigns outcome 4900
      sendgrid-campaigns outcome 4901 --on-behalf-of acme --json
    """
    data = client.outcome(id).to_dict()
    code = {True: 0, False: REFUSED, None: UNKNOWN}[data["applied"]]
    shown = _facts({**data, "applied": "unknown" if data["applied"] is None else data["applied"]}, code)
    return replace(shown, data={**shown.data, "applied": data["applied"]})


@command(ID)
@single_send(UUID)
def get(client: "Client", id: Any) -> Output:
    """Show the campaign ID.

    Examples:
      sendgrid-campaigns get 4900
      sendgrid-campaigns get 4900 --json
    """
    return _facts(client.get(id).to_dict())


@command(ID)
@single_send(UUID)
def check(client: "Client", id: Any) -> Output:
    """List what the campaign ID lacks to be sent. The exit code is 3 when there is anything.

    Examples:
      sendgrid-campaigns check 4900
      sendgrid-campaigns check 4902 --account-id A123
    """
    found = client.check(id)
    problems = found if isinstance(found, tuple) else found.problems
    lines = [f"{_named(id)} {'cannot be sent:' if problems else 'has no known problem'}"]
    lines += [f"  {visible(str(problem))}" for problem in problems]
    lines += ["Only the service knows whether there are credits, and whether sender and lists can be used."]
    data = {"ready": not problems, "problems": to_json(problems)}
    return Output("\n".join(lines), data, REFUSED if problems else 0)


@command(
    click.option("--limit", type=int, help="At most so many; by default 10."),
    click.option("--offset", type=int, help="Skip so many; by default 0."),
    click.option("--all", "everything", is_flag=True, help="List all campaigns, page by page."),
)
def list_(campaigns: CampaignsClient, limit: int | None, offset: int | None, everything: bool) -> Output:
    """List campaigns, newest first.

    Examples:
      sendgrid-campaigns list --limit 5
      sendgrid-campaigns list --all --json
    """
    page = {name: value for name, value in (("limit", limit), ("offset", offset)) if value is not None}
    if everything and page:
        raise click.UsageError("--all takes no --limit and no --offset.")
    found = [*_counted(campaigns.iterate())] if everything else campaigns.list(**page)
    rows = [(str(one.id), one.status or "", one.title or "", one.subject or "") for one in found]
    return _table(("ID", "STATUS", "TITLE", "SUBJECT"), rows, [one.to_dict() for one in found])


def _counted(campaigns: Iterator[Campaign]) -> Iterator[Campaign]:
    progress = click.get_current_context().obj
    for number, campaign in enumerate(campaigns, 1):
        if number % 100 == 0:
            progress.say(f"read {number} campaigns ...")
        yield campaign


@single_send(
    click.option("--name", help="Those with this text in their name."),
    click.option(
        "--status",
        multiple=True,
        type=click.Choice(["draft", "scheduled", "triggered"], case_sensitive=False),
        help="Repeat for several.",
    ),
    click.option("--category", "categories", multiple=True, help="Repeat for several."),
    click.option("--most", type=int, default=100, show_default=True, help="At most so many."),
    name="list",
)
def list_single_sends(client: "SingleSendsClient", most: int, **by: Any) -> Output:
    """List single sends, newest first. Of several options, all must fit; of one that is repeated, any value.

    Examples:
      sendgrid-campaigns single-sends list --most 5
      sendgrid-campaigns single-sends list --status draft --status scheduled --name March
    """
    found = client.list(most=most, **_given(by))
    rows = [(one.id, one.status or "", one.send_at or "", one.name or "") for one in found]
    return _table(("ID", "STATUS", "SEND AT", "NAME"), rows, [one.to_dict() for one in found])


@single_send()
def categories(client: "SingleSendsClient") -> Output:
    """List the categories of all single sends.

    Examples:
      sendgrid-campaigns single-sends categories
      sendgrid-campaigns single-sends categories --json
    """
    found = client.categories()
    return Output("\n".join(map(visible, found)), [*found])


@single_send(UUID)
def stats(client: "SingleSendsClient", id: str) -> Output:
    """Count what became of the mail of the single send ID.

    Examples:
      sendgrid-campaigns single-sends stats 4900
      sendgrid-campaigns single-sends stats 4900 --json
    """
    counts = client.stats(id)
    return _facts(counts.to_dict()) if counts else Output(f"{_named(id)} has no counts yet", None)


@command(
    click.option("--title", required=True, help="The name in the dashboard; recipients do not see it."),
    *FIELDS,
    EDITOR,
)
@single_send(
    click.option("--name", required=True, help="The name in the dashboard; recipients do not see it."),
    *SINGLE_SEND_FIELDS,
)
def create(client: "Client", **fields: Any) -> Output:
    """Make a draft.

    Examples:
      sendgrid-campaigns create --title March --subject Spring --list-id 110 --html march.html
      sendgrid-campaigns create --title March --plain - <march.txt
    """
    return _facts(client.create(**_body(client, _given(fields))).to_dict())


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    named = ("title", "name")  # which are never left out
    return {
        name: value for name, value in fields.items() if value not in (None, "", ()) or (value == "" and name in named)
    }


def _body(client: "Client", fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as the client takes them: those of a single send in their parts."""
    if isinstance(client, CampaignsClient):
        return fields
    for part, names in PARTS.items():
        if inner := {name: fields.pop(name) for name in names.__annotations__ if name in fields}:
            fields[part] = inner
    return fields


@command(
    ID,
    click.option("--title"),
    *FIELDS,
    click.option("--clear", multiple=True, metavar="FIELD", help="Clear this field. Repeat for several."),
)
def update(campaigns: CampaignsClient, id: int, clear: Sequence[str], **fields: Any) -> Output:
    """Change the draft ID. A field without an option stays as before.

    Examples:
      sendgrid-campaigns update 4900 --subject Spring --html march.html
      sendgrid-campaigns update 4900 --list-id 110 --clear segment_ids
    """
    clearable = fields.keys() - {"title"}
    if unknown := set(clear) - clearable:
        raise click.UsageError(f"--clear {unknown.pop()}: the fields to clear are {', '.join(sorted(clearable))}.")
    changes = {name: value for name, value in fields.items() if value not in (None, ())}
    if both := changes.keys() & set(clear):
        raise click.UsageError(f"--clear {both.pop()}: the field has a new value as well.")
    changes.update(dict.fromkeys(clear))
    return _facts(campaigns.update(id, **changes).to_dict())


@single_send(UUID, click.option("--name"), *SINGLE_SEND_FIELDS, name="update")
def update_single_send(client: "SingleSendsClient", id: str, **fields: Any) -> Output:
    """Change the draft ID. A field without an option stays as before: the service clears none.

    Examples:
      sendgrid-campaigns single-sends update 4900 --subject Spring --html march.html
      sendgrid-campaigns single-sends update 4900 --list-id 110
    """
    return _facts(client.update(id, **_body(client, _given(fields))).to_dict())


@single_send(UUID, click.option("--name", help="By default, the service chooses one."))
def duplicate(client: "SingleSendsClient", id: str, name: str | None) -> Output:
    """Make a draft with the content of the single send ID.

    Examples:
      sendgrid-campaigns single-sends duplicate 4900
      sendgrid-campaigns single-sends duplicate 4900 --name April
    """
    return _facts(client.duplicate(id, name).to_dict())


@command(ID, click.option("--stop", is_flag=True, help="Delete although that stops scheduled or outgoing mail."), YES)
@single_send(
    UUID,
    click.option("--stop", is_flag=True, help="Delete although scheduled, which stops the mail, or triggered."),
    YES,
)
def delete(client: "Client", id: Any, stop: bool, yes: bool) -> Output:
    """Delete the campaign ID. Asks first.

    Examples:
      sendgrid-campaigns delete 4900
      sendgrid-campaigns delete 4900 --stop --yes
    """
    if not yes:
        if not _has_terminal():
            raise click.UsageError("stdin and stderr are no terminal to ask on; pass --yes.")
        _ask(f"Delete {_named(id)}?", "not deleted")
    client.delete(id, stop=stop)
    return _done(id, "deleted")


@command(ID, AT)
@single_send(UUID, AT)
def schedule(client: "Client", id: Any, send_at: datetime) -> Output:
    """Schedule the draft ID.

    Examples:
      sendgrid-campaigns schedule 4900 --at 2099-01-05T10:53+01:00
      sendgrid-campaigns schedule 4900 --at 2099-01-05T09:53Z --json
    """
    return _facts(client.schedule(id, send_at).to_dict())


@command(ID, AT)
def reschedule(campaigns: CampaignsClient, id: int, send_at: datetime) -> Output:
    """Move the scheduled campaign ID to another time.

    Examples:
      sendgrid-campaigns reschedule 4900 --at 2099-01-05T10:53+01:00
      sendgrid-campaigns reschedule 4900 --at 2099-01-05T09:53Z --json
    """
    return _facts(campaigns.reschedule(id, send_at).to_dict())


@command(ID)
def get_schedule(campaigns: CampaignsClient, id: int) -> Output:
    """Show the time of the scheduled campaign ID.

    Examples:
      sendgrid-campaigns get-schedule 4900
      sendgrid-campaigns get-schedule 4901 --on-behalf-of acme
    """
    send_at = campaigns.get_schedule(id)
    time = None if send_at is None else send_at.isoformat()
    return Output(time or f"{_named(id)} is not scheduled", {"id": id, "send_at": time})


@command(ID)
@single_send(UUID)
def unschedule(client: "Client", id: Any) -> Output:
    """Cancel the schedule of the campaign ID. The campaign is a draft again.

    Examples:
      sendgrid-campaigns unschedule 4900
      sendgrid-campaigns unschedule 4901 --on-behalf-of acme
    """
    client.unschedule(id)
    return _done(id, "unscheduled")


@command(
    ID,
    click.option("--to", multiple=True, required=True, metavar="ADDRESS", help="Repeat for up to ten."),
)
def send_test(campaigns: CampaignsClient, id: int, to: Sequence[str]) -> Output:
    """Send the campaign ID to a few addresses as a test.

    Examples:
      sendgrid-campaigns send-test 4900 --to me@example.com
      sendgrid-campaigns send-test 4900 --to a@example.com --to b@example.com
    """
    campaigns.send_test(id, to)
    return _done(id, "sent as a test")


@command(
    ID,
    click.option("--apply", "apply_", is_flag=True, help="Make the draft, unless an earlier run has. Sends nothing."),
    click.option("--lists", metavar="FILE", callback=_ids_of, help='JSON: {"110": "<uuid>"}, lists of contacts by ID.'),
    click.option("--segments", metavar="FILE", callback=_ids_of, help="The same for segments, which no name decides."),
)
def move(campaigns: CampaignsClient, id: int, apply_: bool, lists: dict[str, str] | None, segments: Any) -> Output:
    """Plan a move of the campaign ID to Single Sends.

    With --apply, makes the draft, and reads it back. Campaign and draft can both be sent afterwards. The exit code is 3
    while the plan has problems, and when the draft is not as planned.

    Examples:
      sendgrid-campaigns move 4900
      sendgrid-campaigns move 4900 --segments segments.json --apply
    """
    from sendgrid_campaigns import SingleSendsClient, moving  # programs that send campaigns need neither

    view = object.__new__(SingleSendsClient)  # with the key, the account and the connections
    vars(view).update(vars(campaigns), _is_view=True)
    plan = moving.move(campaigns, view, id, lists=lists, segments=segments)
    if not apply_ or not plan.ready:
        rows = [(what, name, in_words(how)) for what, name, how in plan.rows()]
        shown = _table(("WHAT", "FIELD", "HOW"), rows, plan.to_dict(), wrap=True)
        return replace(shown, code=0 if plan.ready else REFUSED)
    data = plan.apply().to_dict()
    differing = [f"{each['field']}: {each['found']!r}, planned {each['planned']!r}" for each in data["differing"]]
    shown = _facts({**data, "differing": differing or "no field"}, REFUSED if differing else 0)
    return replace(shown, data=data)


@command(
    click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False)),
    click.option("--journal", metavar="FILE|URL", help="Keeps what became of each row; by default FILE.journal."),
    click.option("--name", help="The job's name in the journal; by default FILE's own name."),
    click.option("--workers", type=click.IntRange(1, 100), default=8, show_default=True, help="Threads."),
    click.option("--report", metavar="FILE", help="Write a report at the end: .html, .csv or .jsonl."),
    click.option("--plan", is_flag=True, help="Say what is to be done and how long it takes. Sends nothing."),
    click.option("--resolve", is_flag=True, help="Ask what became of the unknown rows. Sends nothing."),
    click.option("--retry-unknown", is_flag=True, help="Send unknown rows too, if they are still Drafts."),
    click.option("--retry-refused", is_flag=True, help="Send rows again that were refused."),
    YES,
    shared=BULK,
)
def bulk(
    campaigns: CampaignsClient, file: str, journal: str | None, name: str | None, workers: int, report: str | None,
    plan: bool,
    resolve: bool, retry_unknown: bool, retry_refused: bool, yes: bool,
) -> Output:  # fmt: skip
    """Send every row of FILE, once. The same command goes on where the last one ended.

    FILE is CSV with a header, or a JSON object on each line. A row has a campaign_id, a single_send_id, or a key with
    the fields of send-once; and a subuser or an account_id, unless it is for the key's own account. On a terminal, asks
    first.

    Examples:
      sendgrid-campaigns bulk jobs.csv --plan
      sendgrid-campaigns bulk jobs.csv --report report.html
    """
    from sendgrid_campaigns import bulk as jobs  # needs an extra
    from sendgrid_campaigns.bulk import terminal

    if journal == "":
        raise click.UsageError("The journal's name is empty: name a file or a URL, or leave --journal out.")
    if plan + resolve + (retry_unknown or retry_refused) > 1:
        raise click.UsageError("Give --plan, --resolve or --retry-...: one of them at a time.")
    if report is not None:
        jobs.check_report(report)
        if any(Path(report).resolve() == Path(taken).resolve() for taken in (file, journal) if taken is not None):
            raise click.UsageError(f"The report would replace {report}: give it another name.")
    options = click.get_current_context().params
    with ExitStack() as stack:
        if options["sandbox"] is not None and journal is None:  # a trial has a journal of its own
            folder = stack.enter_context(TemporaryDirectory()) if options["sandbox"] == IN_MEMORY else None
            journal = f"{folder}/journal" if folder else str(Path(f"{file}.sandbox-journal"))
        where = journal or f"{file}.journal"
        # The sandbox's waits take no time: nor do the journal's then.
        clock = campaigns._session.clock.time if options["sandbox"] is not None else None
        with _journal_errors(where, began=False):
            job = jobs.Job.load(file, stack.enter_context(jobs.Journal(where, clock=clock)), name=name)
        stack.enter_context(_journal_errors(where, began=not plan))
        if plan:
            planned = jobs.plan(job, campaigns)
            return Output(terminal.plan_text(planned), to_json(planned))
        again = list[jobs.State]()
        if retry_unknown:
            again.append("unknown")
        if retry_refused:
            again.append("refused")
        if resolve:
            job.ask_again()
        elif not yes and _has_terminal():  # before an answer, no row changes
            by_state = job.counts()
            if waiting := sum(by_state.get(state, 0) for state in ("todo", "doing", *again)):
                _ask(
                    f"Send {waiting:,} {'mailings' if waiting > 1 else 'mailing'} to the whole audience, now?",
                    "not sent",
                )
        if again:
            job.retry(*again)
        with _stop_event() as stop, terminal.shown_progress(sys.stderr, silent=options["as_json"]) as show:
            counts = jobs.run(job, campaigns, workers=workers, progress=show, stop=stop, only_ask=resolve)
        if report is not None:
            try:
                jobs.write_report(job, report, words=advice_in_words)
            except OSError as error:  # what became of the rows is said all the same
                _write(sys.stderr, visible(f"the report was not written: {error}"))
        text = "\n".join(map(visible, terminal.summary_text(job, counts).split("\n")))
        data = {"job": job.name, "journal": job.journal.where, "counts": counts}
        return Output(text, data, _code_of_rows(counts, stopped=stop.is_set()))


class _JournalError(click.ClickException):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def _journal_errors(where: str, *, began: bool) -> Generator[None]:
    """Say what to do when the database of a journal fails: before anything is sent, or when sends may have begun."""
    from sqlalchemy.exc import SQLAlchemyError  # needs an extra

    try:
        yield
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip()
        if began:
            text = (
                f"The journal failed: {why}\nCampaigns may have been sent that it does not know. Run the same command"
                " again when the journal works: what was sent comes back as `already`, and nothing is mailed twice."
            )
            raise _JournalError(text, LATER) from error
        if "://" in where:  # where may hold a password
            text = f"The journal's database cannot be used: {why}\nThis run sent nothing. Run the command again later."
            raise _JournalError(text, LATER) from error
        text = (
            f"The journal {where} cannot be used: {why}\nThis run sent nothing. Give --journal a file of its own, in a"
            " folder that is there, can be written, and has space."
        )
        raise _JournalError(text, USAGE) from error


def _code_of_rows(counts: Mapping[Any, int], *, stopped: bool) -> int:
    """Return the exit code of the worst row."""
    if "unknown" in counts:
        return UNKNOWN
    if stopped and "todo" in counts:
        return INTERRUPTED
    if not counts.keys().isdisjoint(("todo", "doing", "later")):
        return LATER
    return REFUSED if "refused" in counts else 0


@contextlib.contextmanager
def _stop_event() -> Generator[threading.Event]:
    """Make an event that the first SIGINT or SIGTERM sets; further ones change nothing."""
    stop = threading.Event()

    def stop_now(number: int, frame: object) -> None:
        _ignore_signals()
        stop.set()
        _write(sys.stderr, "stopping: what is in flight is finished first, and the rest stays as it is")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop_now)
    yield stop


@commands.command(name="sandbox", epilog=EXIT_CODES)
@click.argument("file", required=False, callback=_state_file)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="By default any free port.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", help="By default loopback. Others open the sandbox.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sandbox_(file: str | None, port: int, host: str, as_json: bool) -> Output:
    """Serve the offline sandbox over HTTP, with a page.

    On loopback, until interrupted. FILE keeps the sandbox's state. Standard error gets a line for each request.

    Examples:
      sendgrid-campaigns sandbox
      sendgrid-campaigns sandbox play.db --port 8025
    """
    sandbox = Sandbox(file)
    with contextlib.closing(sandbox.serve(port, host=host, start=False)) as server:
        where = {"url": server.url, "key": example.KEY}
        text = f"{server.url}  (a page in browsers; key: {example.KEY}; stop with Ctrl-C)"
        _write(sys.stdout, json.dumps(where) if as_json else text)
        if server.is_open:
            _write(sys.stderr, OPENED)
        with _logged_requests(), contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after its shutdown
            server.run()
    sandbox.close(check=False)  # plans made on the page may be left
    return Output("stopped", {"stopped": server.url})


OPENED = (
    "Whoever reaches this address can read and change the sandbox, without a password. It mails nothing.\n"
    "Leave --host out to serve this machine alone. Clients of this package reach it with sandbox=True and its key."
)


class _Lines(logging.Handler):
    """Writes a line for each request to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        _write(sys.stderr, f"{datetime.fromtimestamp(record.created):%H:%M:%S} {visible(record.getMessage())}")


@contextlib.contextmanager
def _logged_requests() -> Generator[None, None, None]:
    log, lines = LOG.getChild("sandbox"), _Lines()
    log.addHandler(lines)
    try:
        yield
    finally:
        log.removeHandler(lines)


def _help_of_single_sends(text: str) -> str:
    """Return the help of a command of campaigns as that of the same command of single sends."""
    words = {
        "campaigns": "single sends",
        "campaign": "single send",
        "sendgrid-campaigns ": "sendgrid-campaigns single-sends ",
        "--title": "--name",
        "--list-id 110": f"--list-id {example.READY_SINGLE_SEND['list_ids'][0]}",
        **dict(zip(map(str, example.CAMPAIGNS), example.SINGLE_SENDS, strict=True)),
    }
    text = text.replace("sendgrid-campaigns single-sends ", "sendgrid-campaigns ")
    return re.sub("|".join(sorted(words, key=len, reverse=True)), lambda found: words[found[0]], text)


for _each in single_sends.commands.values():
    _each.help = _help_of_single_sends(_each.help or "")
for _each in (commands, *commands.commands.values(), *single_sends.commands.values()):
    _each.help = cleandoc(_each.help or "").replace("Examples:", "\b\nExamples:")  # click keeps the lines after \b


# --- the process ---


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with the exit code of the result, whatever happens to the output."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # Treat SIGTERM like Ctrl-C, so that a stopped job, too, reports a change in doubt.
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as of a job in the background
            signal.signal(number, _interrupt)
    as_json = "--json" in arguments
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the parent process has closed the stream
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - until the end
    with _changes() as changes:
        try:
            result = commands.main([*arguments], prog_name="sendgrid-campaigns", standalone_mode=False)
        except (Exception, KeyboardInterrupt) as error:
            _ignore_signals()
            failure = _failure(error, changes)
            if failure is None:
                raise
            _write(sys.stderr, json.dumps({**failure.data, "exit_code": failure.code}) if as_json else failure.text)
            sys.exit(failure.code)
    _ignore_signals()
    if isinstance(result, Output):
        _write(sys.stdout, json.dumps(result.data)) if as_json else _show(sys.stdout, result)
        sys.exit(result.code)
    sys.exit(0)


SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _interrupt(number: int, frame: object) -> NoReturn:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


LOG = logging.getLogger("sendgrid_campaigns")


@contextlib.contextmanager
def _changes() -> Generator[list[Attempt], None, None]:
    """List the requests that changed something, or may have, by the log of the client, which is shown no more.

    An interruption while a call is in doubt has a note. One between the end of the doubt and the result has none.
    """
    made = list[Attempt]()

    def take(record: logging.LogRecord) -> bool:
        for each in record.args or ():
            if isinstance(each, Attempt) and each.method != "GET" and each.proof not in ("rejected", "not sent"):
                made.append(each)
        return False

    level = LOG.level
    LOG.setLevel(logging.DEBUG)
    LOG.addFilter(take)
    try:
        yield made
    finally:
        LOG.removeFilter(take)
        LOG.setLevel(level)


def _failure(error: BaseException, changes: Sequence[Attempt]) -> Output | None:
    """Return the output for an exception that ended a command; None for a defect of this program."""
    name, text, facts = type(error).__name__.lstrip("_"), str(error), dict[str, Any]()
    chain = [*_chain(error)]
    notes = [
        visible(in_words(note, "single send" if "single send" in note else "campaign"))
        for each in chain
        for note in getattr(each, "__notes__", ())
    ]
    if isinstance(error, SendGridError):
        error = _translated(error)
        text, facts, code = str(error), error.to_dict(), exit_code(error)
        shown = f"{name}: {type(error)(None, _visible(error.args[1]))}"
    elif isinstance(error, _JournalError):
        text, code = error.message, error.code
        shown = "\n".join(["Error: " + "\n".join(map(visible, text.split("\n"))), *notes])
    elif notes:  # the exception ended a write that was in doubt
        shown, code = "\n".join(["interrupted", *notes]), UNKNOWN
    elif any(isinstance(each, KeyboardInterrupt | click.Abort) for each in chain):
        shown, code = "interrupted", INTERRUPTED
        if changes:
            shown, code = (
                f"interrupted after {visible(str(changes[-1]))}\nLook before you run the command again.",
                UNKNOWN,
            )
    elif isinstance(error, _Declined):
        shown, code = error.message, DECLINED
    elif isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        text, code = error.format_message(), USAGE
        shown = (f"{context.get_usage()}\n" if context else "") + f"Error: {visible(text)}"
    elif isinstance(error, sqlite3.Error | ImportError | ValueError | OSError):  # a state file, a port, an extra
        shown, code = f"Error: {visible(text)}", LATER if isinstance(error, sqlite3.Error) else USAGE
    else:
        return None
    return Output(shown, {"error": name, "text": text or shown, **facts}, code)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _show(stream: TextIO, output: Output) -> None:
    text = output.text
    if output.table is not None and stream.isatty():
        console = Console(file=stream)
        with console.capture() as captured:
            console.print(output.table)
        text = captured.get().rstrip("\n")
    _write(stream, text)


def _write(stream: TextIO, text: str, end: str = "\n") -> None:
    """Write a line, or lose the line when the stream fails: the exit code still says what happened."""
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # the interpreter's own last flush must not fail either
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
