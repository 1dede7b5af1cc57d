"""What the design fixes: sizes, docstrings, and the fields of the fragment."""

import inspect
import io
import re
import tokenize
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import sendgrid_campaigns as sg
from sendgrid_campaigns.campaign_types import ChangedCampaignFields, NewCampaignFields
from sendgrid_campaigns_api import models as wire
from sendgrid_campaigns_api import operations as api
from sendgrid_single_sends_api import operations as single

PACKAGE = Path(sg.__file__).parent
LAYOUT = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
NO_CODE = LAYOUT | {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


def lines_of_code(path: Path) -> int:
    """Return how many lines hold code: docstrings, comments and empty lines aside."""
    kept, begins = set[int](), True
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in NO_CODE:
            begins = begins or token.type in LAYOUT
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
    (path := tmp_path / "source.py").write_text('"""Docstring."""\n\n# comment\nx = """two\nlines"""\n"""of x"""\n')
    assert lines_of_code(path) == 2


# --- docstrings ---

VERBS = re.compile(
    r"(Acquire|Add|Become|Begin|Change|Check|Classify|Close|Connect|Create|Delete|Drop|Find|Get|Give|List|Make|Move|Name"
    r"|Parse|Perform|Poll|Prepare|Put|Raise|Read|Return|Run|Schedule|Send|Set|Sleep|Take|Update|Wait|Write)\b"
)
NEVER = {"colour", "door", "dice", "house", "verdict", "marker", "fence"}
OTHERS = {"sandbox", "bulk", "__main__", "cli", "testing", "aiohttp", "_sync"}


def documented() -> dict[str, Any]:
    """Return the public functions, classes and methods of the facade, of protocol/ and of transport/."""
    found: dict[str, Any] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if OTHERS.isdisjoint(name.split(".")):
            own = [each for each in vars(import_module(name)).items() if getattr(each[1], "__module__", None) == name]
            for title, value in own:
                inner = vars(value).items() if inspect.isclass(value) and not hasattr(value, "_is_protocol") else ()
                found |= {f"{title}.{each}": member for each, member in inner if inspect.isfunction(member)}
                found |= {title: value} if inspect.isfunction(value) or inspect.isclass(value) else {}
    return {name: value for name, value in found.items() if "._" not in f".{name}"}


def test_the_first_line_of_each_docstring() -> None:
    """Of a function: a verb phrase. Of a class: a noun phrase or a sentence, so that no such verb comes first."""
    assert len(documented()) > 100
    for name, value in documented().items():
        first = (value.__doc__ or "").strip().partition("\n")[0]
        words = first.replace(".", "").replace(",", "").replace(":", "").split()
        assert words, name
        assert bool(VERBS.match(first)) is inspect.isfunction(value), f"{name}: {first}"
        assert NEVER.isdisjoint(words), f"{name}: {first}"


PAGES = {
    **{name: getattr(api, f"{name.upper()}_CAMPAIGN") for name in ("get", "create", "update", "delete", "send_test")},
    **{name: getattr(api, f"{name.upper()}_CAMPAIGN") for name in ("schedule", "reschedule", "unschedule", "send")},
    "list": api.LIST_CAMPAIGNS,
    "iterate": api.LIST_CAMPAIGNS,
    "statuses": api.LIST_CAMPAIGNS,
    "get_schedule": api.GET_CAMPAIGN_SCHEDULE,
    "check": api.GET_CAMPAIGN,
    "outcome": api.GET_CAMPAIGN,
    "ensure_sent": api.SEND_CAMPAIGN,
    "send_once": api.SEND_CAMPAIGN,
}


SINGLE = {
    "get": single.GET_SINGLE_SEND,
    "list": single.LIST_SINGLE_SENDS,
    "categories": single.LIST_SINGLE_SEND_CATEGORIES,
    "stats": single.GET_SINGLE_SEND_STATS,
    **dict.fromkeys(("check", "outcome"), single.GET_SINGLE_SEND),
    **{name: getattr(single, f"{name.upper()}_SINGLE_SEND") for name in ("create", "update", "duplicate", "delete")},
    **dict.fromkeys(("schedule", "send", "ensure_sent", "send_once"), single.SCHEDULE_SINGLE_SEND),
    "unschedule": single.UNSCHEDULE_SINGLE_SEND,
}


@pytest.mark.parametrize(
    ("client_class", "pages"),
    [
        *((kind, PAGES) for kind in (sg.CampaignsClient, sg.AsyncCampaignsClient)),
        *((kind, SINGLE) for kind in (sg.SingleSendsClient, sg.AsyncSingleSendsClient)),
    ],
)
def test_the_operations_name_their_pages(client_class: Any, pages: dict[str, Any]) -> None:
    assert {name for name in vars(client_class) if not name.startswith("_")} == pages.keys()
    for name, operation in pages.items():
        assert (inspect.getdoc(getattr(client_class, name)) or "").splitlines()[-1] == operation.page


# --- fields ---


def fields_of(model: Any) -> set[str]:
    return {name for name in inspect.signature(model).parameters if name != "additional_properties"}


def test_the_fields_are_those_of_the_fragment() -> None:
    assert {*ChangedCampaignFields.__annotations__, "editor"} == fields_of(wire.UpdateCampaignRequest)
    assert {"title", *NewCampaignFields.__annotations__} == fields_of(wire.CreateCampaignRequest)
    assert {field.name for field in fields(sg.Campaign)} == {*fields_of(wire.Campaign), "extra"}
