"""Test rules for the fragments beyond valid OpenAPI, which `make generate` checks, and facts that the clients need."""

from collections.abc import Iterator
from typing import Any

import pytest

from spec_diff.reader import FRAGMENTS, places, read

SOURCE = "https://www.twilio.com/docs/sendgrid/api-reference/"
DESCRIBED = {path.stem: read(path.read_text("utf-8")) for path in FRAGMENTS}

each = pytest.mark.parametrize("fragment", DESCRIBED.values(), ids=DESCRIBED)


def operations(fragment: Any) -> Iterator[tuple[str, Any]]:
    for path, item in fragment["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


@each
def test_every_operation_has_a_source_a_description_and_its_errors(fragment: Any) -> None:
    for _, operation in operations(fragment):
        assert operation["externalDocs"]["url"].startswith(SOURCE)
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "429", "5XX"} <= operation["responses"].keys()


@each
def test_every_operation_takes_on_behalf_of(fragment: Any) -> None:
    for path in fragment["paths"].values():
        assert {"$ref": "#/components/parameters/OnBehalfOf"} in path["parameters"]
    header = fragment["components"]["parameters"]["OnBehalfOf"]
    assert (header["name"], header["in"], header["required"]) == ("on-behalf-of", "header", False)
    assert [example["value"] for example in header["examples"].values()] == ["acme", "account-id A123"]


@each
def test_every_schema_of_an_object_has_a_name(fragment: Any) -> None:
    """The generator would choose the class name of an inline schema."""
    assert [place for place, node in places(fragment) if "properties" in node] == [
        f"components > schemas > {name}"
        for name, schema in fragment["components"]["schemas"].items()
        if "properties" in schema
    ]


@each
def test_answers_stay_open(fragment: Any) -> None:
    schemas = fragment["components"]["schemas"]
    closed = {name for name, schema in schemas.items() for _, node in places(schema) if "enum" in node}
    assert all(name.endswith("Request") for name in closed)
    assert all(schema["additionalProperties"] is True for schema in schemas.values() if "oneOf" not in schema)
    # A value that a format refuses would make a whole answer unreadable.
    assert {str(node["format"]) for _, node in places(schemas) if "format" in node} <= {"int64", "email"}
    # The generator reads type: [x, 'null'] of OpenAPI 3.1 only.
    assert not [place for place, node in places(fragment) if "nullable" in node]


# --- facts ---

CODES = {
    "campaigns": {
        "POST /v3/campaigns": "201",
        "GET /v3/campaigns": "200",
        "GET /v3/campaigns/{campaign_id}": "200",
        "PATCH /v3/campaigns/{campaign_id}": "200",
        "DELETE /v3/campaigns/{campaign_id}": "204",
        "POST /v3/campaigns/{campaign_id}/schedules": "201 200",
        "GET /v3/campaigns/{campaign_id}/schedules": "200",
        "PATCH /v3/campaigns/{campaign_id}/schedules": "200",
        "DELETE /v3/campaigns/{campaign_id}/schedules": "204",
        "POST /v3/campaigns/{campaign_id}/schedules/now": "201",
        "POST /v3/campaigns/{campaign_id}/schedules/test": "201 204",
    },
    "single_sends": {
        "POST /v3/marketing/singlesends": "201",
        "GET /v3/marketing/singlesends": "200",
        "GET /v3/marketing/singlesends/categories": "200",
        "POST /v3/marketing/singlesends/search": "200",
        "GET /v3/marketing/singlesends/{single_send_id}": "200",
        "PATCH /v3/marketing/singlesends/{single_send_id}": "202",
        "DELETE /v3/marketing/singlesends/{single_send_id}": "204",
        "POST /v3/marketing/singlesends/{single_send_id}": "201",
        "PUT /v3/marketing/singlesends/{single_send_id}/schedule": "201",
        "DELETE /v3/marketing/singlesends/{single_send_id}/schedule": "200",
        "GET /v3/marketing/stats/singlesends": "200",
        "GET /v3/marketing/stats/singlesends/{single_send_id}": "200",
        "GET /v3/marketing/lists": "200",
        "GET /v3/marketing/lists/{list_id}": "200",
        "GET /v3/contactdb/lists": "200",
        "GET /v3/marketing/segments/2.0": "200",
        "GET /v3/marketing/field_definitions": "200",
        "GET /v3/marketing/senders": "200",
        "GET /v3/scopes": "200",
    },
}


@pytest.mark.parametrize("name", CODES)
def test_the_operations_and_their_codes_of_success(name: str) -> None:
    found = dict(operations(DESCRIBED[name]))
    codes = {at: " ".join(code for code in found[at]["responses"] if code.startswith("2")) for at in found}
    assert codes == CODES[name]


def test_a_send_of_a_campaign_has_no_body_and_answers_both_fields() -> None:
    send = dict(operations(DESCRIBED["campaigns"]))["POST /v3/campaigns/{campaign_id}/schedules/now"]
    assert "requestBody" not in send
    accepted = DESCRIBED["campaigns"]["components"]["schemas"]["SendAccepted"]
    assert accepted["required"] == ["id", "status"]
    assert accepted["properties"]["id"] == {"type": "integer", "format": "int64"}
    assert accepted["properties"]["status"]["type"] == "string"


def test_what_single_sends_answer_is_text_and_may_be_null() -> None:
    schemas = DESCRIBED["single_sends"]["components"]["schemas"]
    assert schemas["Schedule"]["properties"]["send_at"]["type"] == "string"  # what `now` reads back as is not known
    assert schemas["SingleSendPage"]["properties"]["result"]["type"] == ["array", "null"]
    single_send = schemas["SingleSend"]["properties"]
    assert single_send.pop("id")["type"] == "string"
    for name, field in single_send.items():
        assert "null" in field.get("type", ()) or {"type": "null"} in field["oneOf"], name
