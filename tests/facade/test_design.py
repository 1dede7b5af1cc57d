"""What the design fixes: sizes, docstrings, and the fields of the fragment."""

import inspect
import io
import tokenize
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import sendgrid_campaigns
from sendgrid_campaigns import AsyncCampaignsClient, Campaign, CampaignsClient
from sendgrid_campaigns.models import CampaignFields, NewCampaignFields
from sendgrid_campaigns_api import models as wire
from sendgrid_campaigns_api import operations as api

PACKAGE = Path(sendgrid_campaigns.__file__).parent
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def lines_of_code(path: Path) -> int:
    """Return how many lines hold code: docstrings, comments and empty lines aside."""
    kept, begins = set[int](), True
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in NO_CODE:
            begins = begins or token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            continue
        if not (begins and token.type == tokenize.STRING):
            kept.update(range(token.start[0], token.end[0] + 1))
        begins = False
    return len(kept)


APART = {"single_sends.py", "cli.py", "__main__.py", "testing.py"}
PARTS = {
    "facade": (750, [path for path in PACKAGE.glob("*.py") if path.name not in APART]),
    "protocol": (600, [*PACKAGE.glob("protocol/*.py")]),
    "transport": (250, [path for path in PACKAGE.glob("transport/*.py") if path.name != "aiohttp.py"]),
    "single sends": (150, [*PACKAGE.glob("single_sends.py")]),
    "aiohttp": (70, [*PACKAGE.glob("transport/aiohttp.py")]),
}


@pytest.mark.parametrize("part", PARTS)
def test_no_part_is_larger_than_the_design_allows(part: str) -> None:
    most, paths = PARTS[part]
    counts = {path.name: lines_of_code(path) for path in paths if not path.read_text().startswith("# Generated from")}
    assert sum(counts.values()) <= most, counts


def test_what_a_line_of_code_is(tmp_path: Path) -> None:
    (source := tmp_path / "source.py").write_text('"""A docstring."""\n\n# a comment\nx = """two\nlines"""\n"""of x"""\n')
    assert lines_of_code(source) == 2


# --- docstrings ---

VERBS = {
    *("Add", "Acquire", "Begin", "Bring", "Change", "Check", "Classify", "Close", "Connect", "Count", "Create", "Delete"),
    *("Drop", "Find", "Get", "Give", "List", "Make", "Move", "Name", "Parse", "Perform", "Poll", "Prepare", "Put", "Raise"),
    *("Read", "Record", "Return", "Run", "Schedule", "Send", "Set", "Sleep", "Take", "Tell", "Update", "Wait", "Write"),
    *("Become", "Do"),
}


def modules() -> Iterator[ModuleType]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if not {"sandbox", "bulk", "__main__", "cli", "testing", "aiohttp", "_sync"} & set(name.split(".")):
            yield __import__(name, fromlist=["x"])


def documented() -> Iterator[tuple[str, Any]]:
    for module in modules():
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(value):
                yield f"{module.__name__}.{name}", value
            elif inspect.isclass(value):
                members = [(each, member) for each, member in vars(value).items() if not each.startswith("_")]
                yield f"{module.__name__}.{name}", value
                for each, member in members:
                    if inspect.isfunction(member) and not getattr(value, "_is_protocol", False):
                        yield f"{module.__name__}.{name}.{each}", member


DOCUMENTED = dict(documented())


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_first_line_of_a_docstring(name: str) -> None:
    """Functions: a verb phrase. Classes: a noun phrase, so no verb of functions. A whole sentence or phrase either way."""
    first = (DOCUMENTED[name].__doc__ or "").strip().partition("\n")[0]
    assert first, "no docstring"
    assert first.endswith((".", ":")) or "." in first
    assert first[0].isupper() or first[0].isdigit()
    assert (first.split()[0].rstrip(".,:") in VERBS) is inspect.isfunction(DOCUMENTED[name]), first
    assert not {"colour", "door", "dice", "house", "verdict", "marker", "fence"} & set(first.lower().replace(".", "").split())


def test_the_operations_name_their_pages() -> None:
    pages = {
        "get": api.GET_CAMPAIGN,
        "list": api.LIST_CAMPAIGNS,
        "iterate": api.LIST_CAMPAIGNS,
        "get_schedule": api.GET_CAMPAIGN_SCHEDULE,
        "check": api.GET_CAMPAIGN,
        "create": api.CREATE_CAMPAIGN,
        "update": api.UPDATE_CAMPAIGN,
        "delete": api.DELETE_CAMPAIGN,
        "schedule": api.SCHEDULE_CAMPAIGN,
        "reschedule": api.RESCHEDULE_CAMPAIGN,
        "unschedule": api.UNSCHEDULE_CAMPAIGN,
        "send": api.SEND_CAMPAIGN,
        "ensure_sent": api.SEND_CAMPAIGN,
        "send_once": api.SEND_CAMPAIGN,
        "send_test": api.SEND_TEST_CAMPAIGN,
        "outcome": api.GET_CAMPAIGN,
    }
    for client_class in (CampaignsClient, AsyncCampaignsClient):
        assert {name for name in vars(client_class) if not name.startswith("_")} == pages.keys()
        for name, operation in pages.items():
            assert (inspect.getdoc(getattr(client_class, name)) or "").splitlines()[-1] == operation.page


# --- fields ---


def fields_of(model: Any) -> set[str]:
    return {name for name in inspect.signature(model).parameters if name != "additional_properties"}


def test_the_fields_are_those_of_the_fragment() -> None:
    settable = set(CampaignFields.__annotations__)
    assert {"title", *settable, "editor"} == fields_of(wire.UpdateCampaignRequest)
    assert {"title", *NewCampaignFields.__annotations__, *settable} == fields_of(wire.CreateCampaignRequest)
    assert {field.name for field in fields(Campaign)} == {*fields_of(wire.Campaign), "extra"}
