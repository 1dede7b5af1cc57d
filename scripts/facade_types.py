"""Write the types of the facade from the fragments: what callers give as fields, and what calls return.

facade_types.py            write facade/sendgrid_campaigns/campaign_types.py and single_send_types.py
facade_types.py --check    change nothing; fail when a file is not what its fragment gives
"""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from fragment import model_of, operations_of
from generate import HEADER
from spec_diff.reader import read, resolved

ROOT = Path(__file__).resolve().parent.parent
FACADE = ROOT / "facade" / "sendgrid_campaigns"
PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}

Schema = dict[str, Any]


@dataclass
class Fields:
    """A TypedDict of what callers give."""

    name: str
    schema: str
    without: Sequence[str] = ()
    """Fields that are parameters of their own, or that the service does not take here."""


@dataclass
class Kind:
    """The types of one fragment."""

    fragment: str
    file: str
    about: str
    fields: Sequence[Fields]
    results: Sequence[str]
    """Schemas of answers."""
    clears: bool
    """Whether a caller clears a field with None."""


KINDS = (
    Kind(
        "campaigns",
        "campaign_types.py",
        "The fields of a campaign as callers give them, and a campaign as the service knows it.",
        (
            Fields("NewCampaignFields", "CreateCampaignRequest", ("title",)),
            Fields("ChangedCampaignFields", "UpdateCampaignRequest", ("editor",)),
        ),
        ("Campaign",),
        clears=True,
    ),
    Kind(
        "single_sends",
        "single_send_types.py",
        "The fields of a single send as callers give them, and single sends as the service knows them.",
        (
            Fields("SendToFields", "SendToRequest"),
            Fields("EmailConfigFields", "EmailConfigRequest"),
            # send_at schedules nothing there, though it looks as if it did.
            Fields("NewSingleSendFields", "CreateSingleSendRequest", ("name", "send_at")),
            Fields("SearchedFields", "SearchSingleSendsRequest"),
            Fields("ChangedSingleSendFields", "UpdateSingleSendRequest", ("send_at",)),
        ),
        ("SendTo", "EmailConfig", "SingleSendWarning", "SingleSend", "SingleSendSummary", "Counts"),
        clears=False,
    ),
)

HEAD = '''"""{about}"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from sendgrid_campaigns.models import Result, WithStatus

if TYPE_CHECKING:
    from {package} import models as wire


'''


def docstring(text: str | None, indent: str) -> str:
    lines = textwrap.wrap(" ".join((text or "").split()), 118 - len(indent) - 6)
    return "".join((f'{indent}"""', f"\n{indent}".join(lines), '"""\n')) if lines else ""


def typed(described: Schema, schema: Schema, *, given: bool) -> str:
    """Return the type of a value. given: by a caller, who may give a list or a tuple."""
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return f"{name.removesuffix('Request')}Fields" if given else name
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return " | ".join(typed(described, choice, given=given) for choice in choices)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = list[str]()
    for name in types:
        if name == "array":
            item = typed(described, schema["items"], given=given)
            found += [f"list[{item}]", f"tuple[{item}, ...]"] if given else [f"tuple[{item}, ...]"]
        else:
            found.append("None" if name == "null" else PLAIN[name])
    return " | ".join(found)


def fields(described: Schema, kind: Fields, *, clears: bool) -> Iterator[str]:
    schema = described["components"]["schemas"][kind.schema]
    yield f"class {kind.name}(TypedDict, total=False):\n{docstring(schema['description'], '    ')}\n"
    for name, says in schema["properties"].items():
        if name not in kind.without:
            text = typed(described, says, given=True)
            yield f"    {name}: {text if clears else text.removesuffix(' | None')}\n"
            yield docstring(says.get("description"), "    ")
    yield "\n\n"


def page_of(described: Schema, name: str) -> str | None:
    """Return the page of the operation that reads one of these."""
    for method, _, _, operation in operations_of(described):
        if method == "GET" and model_of(described, operation["responses"]["200"]) == name:
            return str(operation["externalDocs"]["url"])
    return None


def result(described: Schema, name: str) -> Iterator[str]:
    """The dataclass of a schema, and how it is made of the model of the generated package."""
    schema = described["components"]["schemas"][name]
    page = page_of(described, name)
    properties: dict[str, Schema] = schema["properties"]
    required = schema.get("required", [])
    # What one looks at first comes first.
    order = sorted(properties, key=lambda each: each not in required and each != "status")
    about = docstring(schema["description"], "    ")
    if page:
        about = about.removesuffix('"""\n') + f'\n\n    {page}\n    """\n'
    base = "WithStatus" if {"id", "status"} <= properties.keys() else "Result"
    yield f"@dataclass(frozen=True, kw_only=True)\nclass {name}({base}):\n{about}\n"
    made = list[str]()
    for each in order:
        says = properties[each]
        text = typed(described, says, given=False)
        optional = each not in required
        text = f"{text.removesuffix(' | None')} | None = None" if optional else text
        yield f"    {each}: {text}\n" + docstring(says.get("description"), "    ")
        value = f"answer.{PythonIdentifier(each, '')}"
        parts = [choice for choice in (says, *says.get("oneOf", ())) if "$ref" in choice]
        many = resolved(described, says).get("items")
        if parts:
            inner = parts[0]["$ref"].rpartition("/")[2]
            value = f"{inner}.of({value}) if isinstance({value}, models.{inner}) else None"
        elif many:
            inner = many.get("$ref", "").rpartition("/")[2]
            # A union with null takes whatever it cannot parse.
            only = f" for each in {value} if type(each) is models.{inner}"
            items = f"{inner}.of(each){only}" if inner else value
            value = f"tuple({items}) if isinstance({value}, list) else None"
        elif optional:
            value = f"None if isinstance({value}, Unset) else {value}"
        made.append(f"            {each}={value},\n")
    yield "    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)\n"
    yield docstring("Fields of the answer that this version does not name, as JSON gave them.", "    ")
    text = "".join(made)
    yield "\n    @classmethod\n"
    yield f'    def of(cls, answer: "wire.{name}") -> Self:\n'
    yield docstring("Make one of the model of an answer.", "        ")
    package = f"sendgrid_{PACKAGES[name]}_api"
    if "models." in text:
        yield f"        from {package} import models\n"
    if "Unset" in text:
        yield f"        from {package}.types import Unset  # with attrs, which only calls need\n"
    yield f"\n        return cls(\n{text}            extra=dict(answer.additional_properties),\n        )\n\n\n"


PACKAGES = {name: kind.fragment for kind in KINDS for name in kind.results}


def written(kind: Kind) -> str:
    """Return the text of a file."""
    described = read((ROOT / "openapi" / f"{kind.fragment}.yaml").read_text("utf-8"))
    parts = [each for part in kind.fields for each in fields(described, part, clears=kind.clears)]
    parts += [each for name in kind.results for each in result(described, name)]
    package = f"sendgrid_{kind.fragment}_api"
    text = HEADER.format(kind.fragment) + HEAD.format(about=kind.about, package=package) + "".join(parts)
    for command in (("check", "--fix-only", "--extend-select", "I,F401"), ("format",)):
        ruff = [sys.executable, "-m", "ruff", *command, "--quiet", "--stdin-filename", str(FACADE / kind.file), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
    return re.sub(r"\n{4,}", "\n\n\n", text)


def main() -> None:
    for kind in KINDS:
        file, text = FACADE / kind.file, written(kind)
        if "--check" not in sys.argv:
            file.write_text(text, "utf-8")
        elif not file.exists() or file.read_text("utf-8") != text:
            sys.exit(f"{file.relative_to(ROOT)} is not what openapi/ gives: run `make generate`, and commit both")


if __name__ == "__main__":
    main()
