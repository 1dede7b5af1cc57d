"""The command `sendgrid-campaigns`.

Every command returns its output. `main` alone writes the output and ends the process, so that a full disk or a closed
pipe cannot change the exit code, which says what happened to a campaign.
"""

import contextlib
import functools
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO

try:
    import click
except ImportError:
    sys.exit("The command line needs click: pip install 'sendgrid-campaigns[cli]'")

from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.config import BASE_URL, Clock
from sendgrid_campaigns.errors import ConfigurationError, SendGridError
from sendgrid_campaigns.models import Campaign, CheckResult, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox, example
from sendgrid_campaigns.version import __version__

IN_MEMORY = ":memory:"

USAGE, REFUSED, LATER, UNKNOWN, INTERRUPTED = 2, 3, 4, 5, 130

EXIT_CODES = """\b
Exit codes:
  0    done
  2    the command or a setting is wrong; no request was made
  3    refused, or something is missing; the same command will be refused again
  4    not done for now: network, rate limit or a fault of the service; run the command again later
  5    unknown: the change may have been made, after send the mailing; look before you run the command again
  130  interrupted while no change was in doubt"""


def exit_code(error: SendGridError) -> int:
    """Return the exit code of an error, as EXIT_CODES lists them."""
    if isinstance(error, ConfigurationError):
        return USAGE
    if error.may_have_been_applied:
        return UNKNOWN
    return LATER if error.temporary else REFUSED


@dataclass(frozen=True)
class Output:
    """The output of a command: a text for people, the same as data for programs, and the exit code."""

    text: str
    data: Any
    code: int = 0


def _facts(result: Campaign | SendReceipt | Schedule | Outcome, code: int = 0) -> Output:
    data = result.to_dict()
    data.pop("attempts", None)
    facts = {name: value for name, value in data.items() if value is not None and value != {}}
    width = max(map(len, facts))
    return Output("\n".join(f"{name:<{width}}  {_plain(value)}" for name, value in facts.items()), data, code)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _table(campaigns: Sequence[Campaign]) -> Output:
    rows = [("ID", "STATUS", "TITLE", "SUBJECT")]
    rows += [(str(one.id), one.status or "", one.title or "", one.subject or "") for one in campaigns]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return Output("\n".join(lines), [one.to_dict() for one in campaigns])


def _done(campaign_id: int, action: str) -> Output:
    return Output(f"campaign {campaign_id} was {action}", {"id": campaign_id, "action": action})


# --- options ---


class _TalkingClock(Clock):
    """The machine's clock, which announces every wait on standard error."""

    def sleep(self, seconds: float) -> None:
        _write(sys.stderr, f"waiting {seconds:.1f} s before the next request ...")
        super().sleep(seconds)


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
    try:
        return Path(value).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{value} cannot be read: {error}") from None


ID = click.argument("campaign_id", metavar="ID", type=int)
AT = click.option(
    "--at", "send_at", metavar="TIME", required=True, callback=_aware_time, help="Such as 2027-01-05T10:53+01:00."
)
YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
FIELDS = (
    click.option("--subject"),
    click.option("--sender-id", type=int),
    click.option("--list-id", "list_ids", type=int, multiple=True, help="Repeat for several."),
    click.option("--segment-id", "segment_ids", type=int, multiple=True, help="Repeat for several."),
    click.option("--category", "categories", multiple=True, help="Repeat for several."),
    click.option("--suppression-group-id", type=int),
    click.option("--custom-unsubscribe-url", metavar="URL"),
    click.option("--ip-pool", metavar="NAME"),
    click.option("--html", "html_content", metavar="FILE", callback=_text_of, help="HTML content, in UTF-8."),
    click.option("--plain", "plain_content", metavar="FILE", callback=_text_of, help="Plain text content, in UTF-8."),
)
SHARED = (
    click.option("--on-behalf-of", metavar="USERNAME", help="Act for this Subuser."),
    click.option("--account-id", metavar="ID", help="Act for this customer account."),
    click.option("--base-url", metavar="URL", default=BASE_URL, show_default=True, help="The API's address."),
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
SHARED_NAMES = ("on_behalf_of", "account_id", "base_url", "sandbox", "as_json")


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__)
@click.pass_context
def commands(context: click.Context) -> Output | None:
    """Send SendGrid (legacy) campaigns, and never be wrong about a send.

    Set the environment variable SENDGRID_API_KEY to the API key. There is no option for the key: other users of the
    machine can read command lines.

    To try the command without SendGrid: sendgrid-campaigns send 4900 --sandbox
    """
    return None if context.invoked_subcommand else Output(context.get_help(), None)


def command(*options: Callable[[Any], Any]) -> Callable[[Callable[..., Output]], Callable[..., Output]]:
    """Register a function of a client as a command with these options and the shared ones; the docstring is its help.

    The command's name is the function's.
    """

    def register(function: Callable[..., Output]) -> Callable[..., Output]:
        @functools.wraps(function)
        def run(**options: Any) -> Output:
            on_behalf_of, account_id, base_url, sandbox, as_json = (options.pop(name) for name in SHARED_NAMES)
            if on_behalf_of is not None and account_id is not None:
                raise click.UsageError("Give --on-behalf-of for a Subuser or --account-id for an account, not both.")
            with ExitStack() as stack:
                if sandbox is None:
                    campaigns = CampaignsClient(base_url=base_url, clock=Clock() if as_json else _TalkingClock())
                else:
                    campaigns = stack.enter_context(Sandbox(None if sandbox == IN_MEMORY else sandbox)).client()
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


# --- the commands ---


@command(ID)
def send(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Send the draft ID to its whole audience, now."""
    return _facts(campaigns.send(campaign_id))


@command(ID)
def ensure_sent(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Send the draft ID, unless the draft was sent before. Safe to run again."""
    return _facts(campaigns.ensure_sent(campaign_id))


@command(
    click.argument("key", metavar="KEY"),
    click.option("--title", required=True, help="The name in the dashboard; KEY is appended."),
    *FIELDS,
    click.option("--editor", type=click.Choice(["code", "design"])),
)
def send_once(campaigns: CampaignsClient, key: str, title: str, **fields: Any) -> Output:
    """Make and send one campaign for each KEY. Safe to run again.

    KEY names the mailing, such as newsletter-2026-03.
    """
    return _facts(campaigns.send_once(key, title, **_given(fields)))


@command(ID)
def outcome(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Read whether the campaign ID was sent. The exit code is 5 when reading does not tell."""
    found = campaigns.outcome(campaign_id)
    return _facts(found, {True: 0, False: REFUSED, None: UNKNOWN}[found.applied])


@command(ID)
def get(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Show the campaign ID."""
    return _facts(campaigns.get(campaign_id))


@command(ID)
def check(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """List what the campaign ID lacks to be sent. The exit code is 3 when there is anything."""
    return _checked(campaigns.check(campaign_id))


def _checked(result: CheckResult) -> Output:
    lines = [f"campaign {result.campaign.id} {'cannot be sent:' if result.problems else 'has no known problem'}"]
    lines += [f"  {problem}" for problem in result.problems]
    lines += ["only the service knows:", *(f"  {unknown}" for unknown in result.unknown)]
    data = {"ready": result.ready, **result.to_dict()}
    del data["campaign"]
    return Output("\n".join(lines), data, 0 if result.ready else REFUSED)


@command(
    click.option("--limit", type=int, help="At most so many; by default 10."),
    click.option("--offset", type=int, help="Skip so many; by default 0."),
    click.option("--all", "everything", is_flag=True, help="List all campaigns, page by page."),
)
def list_(campaigns: CampaignsClient, limit: int | None, offset: int | None, everything: bool) -> Output:
    """List campaigns, newest first."""
    page = {name: value for name, value in (("limit", limit), ("offset", offset)) if value is not None}
    if everything and page:
        raise click.UsageError("--all takes no --limit and no --offset.")
    return _table([*campaigns.iterate()] if everything else campaigns.list(**page))


@command(
    click.option("--title", required=True, help="The name in the dashboard; recipients do not see it."),
    *FIELDS,
    click.option("--editor", type=click.Choice(["code", "design"])),
)
def create(campaigns: CampaignsClient, title: str, **fields: Any) -> Output:
    """Make a draft."""
    return _facts(campaigns.create(title, **_given(fields)))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", ())}


@command(
    ID,
    click.option("--title"),
    *FIELDS,
    click.option("--clear", multiple=True, metavar="FIELD", help="Clear this field. Repeat for several."),
)
def update(campaigns: CampaignsClient, campaign_id: int, clear: Sequence[str], **fields: Any) -> Output:
    """Change the draft ID. A field without an option stays as before."""
    clearable = fields.keys() - {"title"}
    if unknown := set(clear) - clearable:
        raise click.UsageError(f"--clear {unknown.pop()}: the fields to clear are {', '.join(sorted(clearable))}.")
    changes = {name: value for name, value in fields.items() if value not in (None, ())}
    if both := changes.keys() & set(clear):
        raise click.UsageError(f"--clear {both.pop()}: the field has a new value as well.")
    changes.update(dict.fromkeys(clear))
    return _facts(campaigns.update(campaign_id, **changes))


@command(ID, click.option("--stop", is_flag=True, help="Delete although that stops scheduled or outgoing mail."), YES)
def delete(campaigns: CampaignsClient, campaign_id: int, stop: bool, yes: bool) -> Output:
    """Delete the campaign ID."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("stdin is not a terminal; pass --yes.")
        click.confirm(f"Delete campaign {campaign_id}?", abort=True, err=True)
    campaigns.delete(campaign_id, stop=stop)
    return _done(campaign_id, "deleted")


@command(ID, AT)
def schedule(campaigns: CampaignsClient, campaign_id: int, send_at: datetime) -> Output:
    """Schedule the draft ID."""
    return _facts(campaigns.schedule(campaign_id, send_at))


@command(ID, AT)
def reschedule(campaigns: CampaignsClient, campaign_id: int, send_at: datetime) -> Output:
    """Move the scheduled campaign ID to another time."""
    return _facts(campaigns.reschedule(campaign_id, send_at))


@command(ID)
def get_schedule(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Show the time of the scheduled campaign ID."""
    send_at = campaigns.get_schedule(campaign_id)
    time = None if send_at is None else send_at.isoformat()
    return Output(time or f"campaign {campaign_id} is not scheduled", {"id": campaign_id, "send_at": time})


@command(ID)
def unschedule(campaigns: CampaignsClient, campaign_id: int) -> Output:
    """Cancel the schedule of the campaign ID. The campaign is a draft again."""
    campaigns.unschedule(campaign_id)
    return _done(campaign_id, "unscheduled")


@command(ID, click.option("--to", multiple=True, required=True, help="An address; up to ten."))
def send_test(campaigns: CampaignsClient, campaign_id: int, to: Sequence[str]) -> Output:
    """Send the campaign ID to a few addresses as a test."""
    campaigns.send_test(campaign_id, to)
    return _done(campaign_id, "sent as a test")


@commands.command(name="sandbox")
@click.argument("file", required=False, callback=_state_file)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="By default any free port.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sandbox_(file: str | None, port: int, as_json: bool) -> Output:
    """Serve the offline sandbox over HTTP. On loopback, until interrupted. FILE keeps the sandbox's state."""
    with Sandbox(file) as sandbox:
        server = sandbox.serve(port, start=False)
        where = {"url": server.url, "key": example.KEY}
        text = f"{server.url}  (key: {example.KEY}; stop with Ctrl-C)"
        _write(sys.stdout, json.dumps(where) if as_json else text)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises the interruption again after its shutdown
            server.run()
    return Output("stopped", {"stopped": server.url})


# --- the process ---


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with the exit code of the result, whatever happens to the output."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # Treat SIGTERM like Ctrl-C, so that a stopped job, too, reports a change in doubt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_json = "--json" in arguments
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the parent process has closed the stream
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - until the end
    try:
        result = commands.main([*arguments], prog_name="sendgrid-campaigns", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        failure = _failure(error)
        if failure is None:
            raise
        _write(sys.stderr, json.dumps({**failure.data, "exit_code": failure.code}) if as_json else failure.text)
        sys.exit(failure.code)
    if isinstance(result, Output):
        _write(sys.stdout, json.dumps(result.data) if as_json else result.text)
        sys.exit(result.code)
    sys.exit(0)


def _failure(error: BaseException) -> Output | None:
    """Return the output for an exception that ended a command; None for a defect of this program."""
    name, text, facts = type(error).__name__, str(error), dict[str, Any]()
    notes: list[str] = getattr(error, "__notes__", None) or getattr(error.__context__, "__notes__", [])
    if isinstance(error, SendGridError):
        facts = error.to_dict()
        code = exit_code(error)
        shown = f"{name}: {text}"
    elif notes:  # the exception ended a write that was in doubt
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
    return Output(shown, {"error": name, "text": text or shown, **facts}, code)


def _write(stream: TextIO, text: str) -> None:
    """Write a line, or lose the line when the stream fails: the exit code still says what happened."""
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except (OSError, ValueError, KeyboardInterrupt):
        with contextlib.suppress(OSError, ValueError):  # the interpreter's own last flush must not fail either
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
