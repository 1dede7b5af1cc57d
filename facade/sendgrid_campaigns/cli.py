"""The command `sendgrid-campaigns`."""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NoReturn

try:
    import click
except ImportError:  # pragma: no cover - tests/test_package.py runs it without
    sys.exit("The command line needs one more package: pip install 'sendgrid-campaigns[cli]'")

import attrs

from sendgrid_campaigns.client import CampaignsClient
from sendgrid_campaigns.errors import (
    ConfigurationError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SendGridError,
    ServerError,
    UnreadableResponseError,
)
from sendgrid_campaigns.models import Campaign, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.settings import BASE_URL, Clock
from sendgrid_campaigns.version import __version__

IN_MEMORY = ":memory:"

EXIT_CODES = """\b
Exit codes:
  0  done
  2  the command or its settings are wrong; no request was made
  3  the service said no; the same call will get the same answer
  4  not done, for now: network, rate limit or a fault of the service; run it again later
  5  unknown: the campaign may have been sent; look before you run it again
  130  interrupted, while nothing was in doubt
"""


def exit_code(error: SendGridError) -> int:
    """What the process ends with, as EXIT_CODES says."""
    if isinstance(error, ConfigurationError):
        return 2
    if isinstance(error, OutcomeUnknownError):
        return 5
    if isinstance(error, NotSentError | RateLimitError | ServerError | UnreadableResponseError):
        return 4
    return 3


class _TalkingClock(Clock):
    """Says on standard error that the command waits, and how long."""

    def sleep(self, seconds: float) -> None:
        click.echo(f"waiting {seconds:.1f} s before the next attempt …", err=True)
        super().sleep(seconds)


def _state_file(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value.isdigit():
        # An option with an optional value takes the next word, and an ID is a likely one.
        raise click.UsageError(f"--sandbox took {value} as its state file: put it behind the ID, or name a file.")
    return value


def _shared_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.argument("campaign_id", metavar="ID", type=int),
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
    ):
        command = option(command)
    return command


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Send SendGrid (legacy) campaigns, and never be wrong about a send.

    The API key is read from the environment variable SENDGRID_API_KEY, and never from the command line, where others
    can see it.
    """


@main.command(epilog=EXIT_CODES)
@_shared_options
def send(**options: Any) -> None:
    """Send the draft ID to its whole audience, now."""
    _run(lambda campaigns, campaign_id: campaigns.send(campaign_id), **options)


@main.command(epilog=EXIT_CODES)
@_shared_options
def get(**options: Any) -> None:
    """Show the campaign ID."""
    _run(lambda campaigns, campaign_id: campaigns.get(campaign_id), **options)


def _run(
    operation: Callable[[CampaignsClient, int], SendReceipt | Campaign],
    *,
    campaign_id: int,
    on_behalf_of: str | None,
    account_id: str | None,
    base_url: str,
    sandbox: str | None,
    as_json: bool,
) -> None:
    if on_behalf_of is not None and account_id is not None:
        raise click.UsageError("--on-behalf-of names a Subuser, --account-id a customer account: give one of them.")
    try:
        with ExitStack() as stack:
            campaigns = stack.enter_context(_client(stack, sandbox, base_url))
            if on_behalf_of is not None:
                campaigns = campaigns.on_behalf_of(on_behalf_of)
            if account_id is not None:
                campaigns = campaigns.on_behalf_of(account_id=account_id)
            result = attrs.asdict(operation(campaigns, campaign_id))
    except SendGridError as error:
        _fail(error, as_json)
    except KeyboardInterrupt as interrupt:
        notes = getattr(interrupt, "__notes__", [])
        click.echo("\n".join(["interrupted", *notes]), err=True)
        sys.exit(5 if notes else 130)
    except sqlite3.Error as error:
        raise click.UsageError(f"{sandbox} cannot hold a sandbox's state: {error}.") from None
    if as_json:
        click.echo(json.dumps(result))
    else:
        shown = {name: value for name, value in result.items() if value is not None and value != {}}
        width = max(map(len, shown))
        for name, value in shown.items():
            click.echo(f"{name:<{width}}  {value}")


def _client(stack: ExitStack, sandbox: str | None, base_url: str) -> CampaignsClient:
    if sandbox is None:
        return CampaignsClient(base_url=base_url, clock=_TalkingClock())
    return stack.enter_context(Sandbox(None if sandbox == IN_MEMORY else sandbox)).client()


def _fail(error: SendGridError, as_json: bool) -> NoReturn:
    code = exit_code(error)
    if as_json:
        facts = {"error": type(error).__name__, "exit_code": code, "text": str(error), **attrs.asdict(error)}
        click.echo(json.dumps(facts), err=True)
    else:
        click.echo(f"{type(error).__name__}: {error}", err=True)
    sys.exit(code)
