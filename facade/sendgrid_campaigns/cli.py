"""The command `sendgrid-campaigns`.

Every command returns what is to be shown. `main` alone writes it and ends the process, so that nothing that happens to
the output, a full disk or a closed pipe, can change the exit code that says what happened to a campaign.
"""

import contextlib
import functools
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

try:
    import click
except ImportError:
    sys.exit("The command line needs one more package: install sendgrid-campaigns with its extra, cli")

import attrs

from sendgrid_campaigns.client import CampaignsClient
from sendgrid_campaigns.errors import (
    Attempt,
    ConfigurationError,
    ErrorDetail,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SendGridError,
    ServerError,
    UnreadableResponseError,
)
from sendgrid_campaigns.models import Campaign
from sendgrid_campaigns.sandbox import Sandbox, example
from sendgrid_campaigns.settings import BASE_URL, Clock
from sendgrid_campaigns.version import __version__

IN_MEMORY = ":memory:"

REFUSED, LATER, UNKNOWN = 3, 4, 5
USAGE, INTERRUPTED = 2, 130

EXIT_CODES = """\b
Exit codes:
  0    done
  2    the command or its settings are wrong; no request was made
  3    the service said no, or something is missing; the same call will get the same answer
  4    not done, for now: network, rate limit or a fault of the service; run it again later
  5    unknown: it may have been done (sent, above all); look before you run it again
  130  interrupted, while nothing was in doubt"""


def exit_code(error: SendGridError) -> int:
    """What the process ends with, as EXIT_CODES says."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if isinstance(error, OutcomeUnknownError):
        return UNKNOWN
    if isinstance(error, NotSentError | RateLimitError | ServerError | UnreadableResponseError):
        return LATER
    return REFUSED


@attrs.frozen
class Shown:
    """What a command has to show: a text for people, and the same as data for programs."""

    text: str
    data: Any
    code: int = 0


def _facts(result: Any, code: int = 0) -> Shown:
    data = attrs.asdict(result, filter=lambda field, _: field.repr is not False)
    facts = {name: value for name, value in data.items() if value is not None and value != {}}
    width = max(map(len, facts))
    return Shown("\n".join(f"{name:<{width}}  {_plain(value)}" for name, value in facts.items()), data, code)


def _plain(value: Any) -> str:
    return ", ".join(map(str, cast(Iterable[Any], value))) if isinstance(value, tuple) else str(value)


def _table(campaigns: Sequence[Campaign]) -> Shown:
    rows = [("ID", "STATUS", "TITLE", "SUBJECT")]
    rows += [(str(one.id), one.status or "", one.title or "", one.subject or "") for one in campaigns]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return Shown("\n".join(lines), [attrs.asdict(one) for one in campaigns])


def _done(campaign_id: int, action: str) -> Shown:
    return Shown(f"campaign {campaign_id} was {action}", {"id": campaign_id, "action": action})


# --- options ---


class _TalkingClock(Clock):
    """Says on standard error that the command waits, and how long."""

    def sleep(self, seconds: float) -> None:
        _write(sys.stderr, f"waiting {seconds:.1f} s before the next request ...")
        super().sleep(seconds)


def _state_file(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value.isdigit():
        # An option with an optional value takes the next word, and an ID is a likely one.
        raise click.UsageError(f"--sandbox took {value} as its state file: put it behind the ID, or name a file.")
    if value == "":
        raise click.UsageError("The sandbox was given an empty file name: leave it out to keep nothing.")
    return value


def _aware_time(context: click.Context, parameter: click.Parameter, value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise click.BadParameter(f"{value!r} is no time with a zone, such as 2027-01-05T10:53+01:00.")
    return time


def _text_of(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return Path(value).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{value} cannot be read: {error}") from None


ID = click.argument("campaign_id", metavar="ID", type=int)
AT = click.option("--at", "send_at", metavar="TIME", required=True, callback=_aware_time, help="With its zone.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")
FIELDS = (
    click.option("--subject"),
    click.option("--sender-id", type=int),
    click.option("--list-id", "list_ids", type=int, multiple=True, help="May be given several times."),
    click.option("--segment-id", "segment_ids", type=int, multiple=True, help="May be given several times."),
    click.option("--category", "categories", multiple=True, help="May be given several times."),
    click.option("--suppression-group-id", type=int),
    click.option("--custom-unsubscribe-url", metavar="URL"),
    click.option("--ip-pool", metavar="NAME"),
    click.option("--html", "html_content", metavar="FILE", callback=_text_of, help="The HTML content, UTF-8."),
    click.option("--plain", "plain_content", metavar="FILE", callback=_text_of, help="The plain content, UTF-8."),
)
SHARED = (
    click.option("--on-behalf-of", metavar="USERNAME", help="Act for this Subuser."),
    click.option("--account-id", metavar="ID", help="Act for this customer account."),
    click.option("--base-url", metavar="URL", default=BASE_URL, show_default=True, help="Where the API is."),
    click.option(
        "--sandbox",
        metavar="[FILE]",
        is_flag=False,
        flag_value=IN_MEMORY,
        is_eager=True,
        callback=_state_file,
        help="Talk to the embedded sandbox, not to SendGrid. A FILE keeps its state; without, nothing is kept.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON; an error as well, to standard error."),
)
SHARED_NAMES = ("on_behalf_of", "account_id", "base_url", "sandbox", "as_json")


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def commands() -> None:
    """Send SendGrid (legacy) campaigns, and never be wrong about a send.

    The API key is read from the environment variable SENDGRID_API_KEY, and never from the command line, where others
    can see it.
    """


def command(*options: Callable[[Any], Any]) -> Callable[[Callable[..., Shown]], Callable[..., Shown]]:
    """Makes a command of a function of a client: its own options, those that all share, and its docstring as help."""

    def register(function: Callable[..., Shown]) -> Callable[..., Shown]:
        @functools.wraps(function)
        def run(**options: Any) -> Shown:
            on_behalf_of, account_id, base_url, sandbox, as_json = (options.pop(name) for name in SHARED_NAMES)
            if on_behalf_of is not None and account_id is not None:
                raise click.UsageError("--on-behalf-of names a Subuser, --account-id a customer account: give one.")
            with ExitStack() as stack:
                if sandbox is None:
                    campaigns = CampaignsClient(base_url=base_url, clock=Clock() if as_json else _TalkingClock())
                else:
                    campaigns = stack.enter_context(_opened(None if sandbox == IN_MEMORY else sandbox)).client()
                stack.enter_context(campaigns)
                if on_behalf_of is not None:
                    campaigns = campaigns.on_behalf_of(on_behalf_of)
                if account_id is not None:
                    campaigns = campaigns.on_behalf_of(account_id=account_id)
                return function(campaigns, **options)

        decorated: Any = run
        for option in reversed(options + SHARED):
            decorated = option(decorated)
        commands.command(name=function.__name__.rstrip("_").replace("_", "-"), epilog=EXIT_CODES)(decorated)
        return function

    return register


def _opened(file: str | None) -> Sandbox:
    try:
        return Sandbox(file)
    except sqlite3.Error as error:
        if "locked" in str(error):  # somebody else is at it: later
            raise
        raise click.FileError(file or IN_MEMORY, f"it cannot hold a sandbox's state: {error}") from error


# --- the commands ---


@command(ID, click.option("--check", is_flag=True, help="Refuse, before anything is sent, what lacks something."))
def send(campaigns: CampaignsClient, campaign_id: int, check: bool) -> Shown:
    """Send the draft ID to its whole audience, now."""
    return _facts(campaigns.send(campaign_id, check=check))


@command(ID)
def ensure_sent(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """Send the draft ID, unless it was sent before: may be run again."""
    return _facts(campaigns.ensure_sent(campaign_id))


@command(
    click.argument("key", metavar="KEY"),
    click.option("--title", required=True, help="The name in the dashboard; KEY is added to it."),
    *FIELDS,
    click.option("--editor", type=click.Choice(["code", "design"])),
)
def send_once(campaigns: CampaignsClient, key: str, title: str, **fields: Any) -> Shown:
    """Make a campaign and send it, once for each KEY, such as newsletter-2026-03: may be run again."""
    return _facts(campaigns.send_once(key, title, **_given(fields)))


@command(ID)
def outcome(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """Find out by reading whether the campaign ID was sent; exit code 5 when that cannot be told."""
    found = campaigns.outcome(campaign_id)
    return _facts(found, {True: 0, False: REFUSED, None: UNKNOWN}[found.applied])


@command(ID)
def get(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """Show the campaign ID."""
    return _facts(campaigns.get(campaign_id))


@command(ID)
def check(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """List what would stop the campaign ID from being sent; exit code 3 when something would."""
    result = campaigns.check(campaign_id)
    lines = [f"campaign {campaign_id} lacks:", *(f"  {problem}" for problem in result.problems)]
    if result.ready:
        lines = [f"campaign {campaign_id} lacks nothing that can be seen"]
    lines += ["only the service knows:", *(f"  {unknown}" for unknown in result.unknown)]
    data = {"ready": result.ready, "problems": result.problems, "unknown": result.unknown}
    return Shown("\n".join(lines), data, 0 if result.ready else REFUSED)


@command(
    click.option("--limit", type=int, help="How many at most; 10 when not given."),
    click.option("--offset", type=int, help="How many to pass over; 0 when not given."),
    click.option("--all", "everything", is_flag=True, help="All campaigns, page by page."),
)
def list_(campaigns: CampaignsClient, limit: int | None, offset: int | None, everything: bool) -> Shown:
    """List campaigns, newest first."""
    page = {name: value for name, value in (("limit", limit), ("offset", offset)) if value is not None}
    if everything and page:
        raise click.UsageError("--all lists all: it takes no --limit and no --offset.")
    return _table([*campaigns.iterate()] if everything else campaigns.list(**page))


@command(
    click.option("--title", required=True, help="The name in the dashboard; recipients do not see it."),
    *FIELDS,
    click.option("--editor", type=click.Choice(["code", "design"])),
)
def create(campaigns: CampaignsClient, title: str, **fields: Any) -> Shown:
    """Make a draft."""
    return _facts(campaigns.create(title, **_given(fields)))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", ())}


@command(
    ID,
    click.option("--title"),
    *FIELDS,
    click.option("--clear", multiple=True, metavar="FIELD", help="Empty this field. May be given several times."),
)
def update(campaigns: CampaignsClient, campaign_id: int, clear: Sequence[str], **fields: Any) -> Shown:
    """Change the draft ID. What is not named stays as it is."""
    clearable = fields.keys() - {"title"}
    if unknown := set(clear) - clearable:
        raise click.UsageError(f"--clear {unknown.pop()}: it takes {', '.join(sorted(clearable))}.")
    changes = {name: value for name, value in fields.items() if value not in (None, ())}
    if both := changes.keys() & set(clear):
        raise click.UsageError(f"--clear {both.pop()}: it was given a value, too.")
    changes.update(dict.fromkeys(clear))
    return _facts(campaigns.update(campaign_id, **changes))


@command(ID, click.option("--stop", is_flag=True, help="Even when it stops mail that is scheduled or going out."), YES)
def delete(campaigns: CampaignsClient, campaign_id: int, stop: bool, yes: bool) -> Shown:
    """Delete the campaign ID."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("There is nobody to ask: give --yes.")
        click.confirm(f"Delete campaign {campaign_id}?", abort=True, err=True)
    campaigns.delete(campaign_id, stop=stop)
    return _done(campaign_id, "deleted")


@command(ID, AT)
def schedule(campaigns: CampaignsClient, campaign_id: int, send_at: datetime) -> Shown:
    """Schedule the draft ID."""
    return _facts(campaigns.schedule(campaign_id, send_at))


@command(ID, AT)
def reschedule(campaigns: CampaignsClient, campaign_id: int, send_at: datetime) -> Shown:
    """Move the scheduled campaign ID to another time."""
    return _facts(campaigns.reschedule(campaign_id, send_at))


@command(ID)
def get_schedule(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """Show the time that the campaign ID is scheduled for."""
    send_at = campaigns.get_schedule(campaign_id)
    text = f"campaign {campaign_id} is not scheduled" if send_at is None else str(send_at)
    return Shown(text, {"id": campaign_id, "send_at": send_at})


@command(ID)
def unschedule(campaigns: CampaignsClient, campaign_id: int) -> Shown:
    """Take back the schedule of the campaign ID: it is a draft again."""
    campaigns.unschedule(campaign_id)
    return _done(campaign_id, "unscheduled")


@command(ID, click.option("--to", multiple=True, required=True, help="An address; may be given up to ten times."))
def send_test(campaigns: CampaignsClient, campaign_id: int, to: Sequence[str]) -> Shown:
    """Send the campaign ID to a few addresses as a test."""
    campaigns.send_test(campaign_id, to)
    return _done(campaign_id, "sent as a test")


@commands.command(name="sandbox")
@click.argument("file", required=False, callback=_state_file)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0, the default: a free one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sandbox_(file: str | None, port: int, as_json: bool) -> Shown:
    """Serve the embedded sandbox over HTTP on loopback, until interrupted. A FILE keeps its state."""
    with _opened(file) as sandbox:
        server = sandbox.serve(port, start=False)
        where = {"url": server.url, "key": example.KEY}
        text = f"{server.url}  (key: {example.KEY}; stop with Ctrl-C)"
        _write(sys.stdout, _json(where) if as_json else text)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn passes it on when it has stopped
            server.run()
    return Shown("stopped", {"stopped": server.url})


# --- the process ---


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with an exit code that is true whatever happens to the output."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # A job that is stopped is told what it leaves behind, as if somebody had pressed Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_json = "--json" in arguments
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good
    try:
        result = commands.main([*arguments], prog_name="sendgrid-campaigns", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        failure = _failure(error)
        if failure is None:
            raise
        _write(sys.stderr, _json({**failure.data, "exit_code": failure.code}) if as_json else failure.text)
        sys.exit(failure.code)
    if isinstance(result, Shown):
        _write(sys.stdout, _json(result.data) if as_json else result.text)
        sys.exit(result.code)
    sys.exit(0)


def _failure(error: BaseException) -> Shown | None:
    """What to show and to end with for what stopped a command; None for a defect of this program, for a traceback."""
    name, text, facts = type(error).__name__, str(error), dict[str, Any]()
    notes: list[str] = getattr(error, "__notes__", None) or getattr(error.__context__, "__notes__", [])
    if isinstance(error, SendGridError):
        facts = {name: fact for name, fact in vars(error).items() if name != "__notes__"}
        code = exit_code(error)
        shown = f"{name}: {text}"
    elif notes:  # it broke into a write, whatever it was
        shown, code = "\n".join(["interrupted", *notes]), UNKNOWN
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        shown, code = "interrupted", INTERRUPTED
    elif isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        text, code = error.format_message(), USAGE
        shown = (f"{context.get_usage()}\n" if context else "") + f"Error: {text}"
    elif isinstance(error, sqlite3.Error | ImportError | ValueError | OSError):  # a state file, a port, an extra
        shown, code = f"Error: {text}", LATER if isinstance(error, sqlite3.Error) else USAGE
    else:
        return None
    return Shown(shown, {"error": name, "text": text or shown, **facts}, code)


def _json(data: Any) -> str:
    def default(value: object) -> object:
        return attrs.asdict(value) if isinstance(value, Attempt | ErrorDetail) else str(value)

    return json.dumps(data, default=default)


def _write(stream: TextIO, text: str) -> None:
    """Write a line; what cannot be written is lost, and the exit code still says what happened."""
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except (OSError, ValueError, KeyboardInterrupt):
        with contextlib.suppress(OSError, ValueError):  # nor may the interpreter's own last flush fail
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
