"""What is asked of the fragment beyond being valid OpenAPI, which `make generate` sees to."""

from pathlib import Path
from typing import Any

import yaml

FRAGMENT = Path(__file__).parents[2] / "openapi" / "campaigns.yaml"
SOURCE = "https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/"

fragment: dict[str, Any] = yaml.safe_load(FRAGMENT.read_text("utf-8"))
operations = {
    (method.upper(), path): operation
    for path, item in fragment["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def places(node: Any, key: str, path: str = "") -> list[str]:
    """Where `key` stands in the fragment."""
    if isinstance(node, list):
        return [found for i, item in enumerate(node) for found in places(item, key, f"{path}/{i}")]
    if not isinstance(node, dict):
        return []
    here = [path] if key in node else []
    return here + [found for name, item in node.items() for found in places(item, key, f"{path}/{name}")]


def test_the_operations() -> None:
    one = "/v3/campaigns/{campaign_id}"
    assert sorted(operations) == [
        ("DELETE", one),
        ("DELETE", f"{one}/schedules"),
        ("GET", "/v3/campaigns"),
        ("GET", one),
        ("GET", f"{one}/schedules"),
        ("PATCH", one),
        ("PATCH", f"{one}/schedules"),
        ("POST", "/v3/campaigns"),
        ("POST", f"{one}/schedules"),
        ("POST", f"{one}/schedules/now"),
        ("POST", f"{one}/schedules/test"),
    ]


def test_each_operation_says_where_it_comes_from() -> None:
    for operation in operations.values():
        assert operation["externalDocs"]["url"].startswith(SOURCE)
        assert operation["summary"]
        assert operation["description"]


def test_each_operation_takes_on_behalf_of() -> None:
    for path in fragment["paths"].values():
        assert {"$ref": "#/components/parameters/OnBehalfOf"} in path["parameters"]
    header = fragment["components"]["parameters"]["OnBehalfOf"]
    assert (header["name"], header["in"], header["required"]) == ("on-behalf-of", "header", False)
    assert [example["value"] for example in header["examples"].values()] == ["acme", "account-id A123"]


def test_each_operation_answers_what_happens() -> None:
    for operation in operations.values():
        assert {"401", "403", "429", "5XX"} <= operation["responses"].keys()


def test_send_has_no_body_and_answers_201_with_both_fields() -> None:
    send = operations["POST", "/v3/campaigns/{campaign_id}/schedules/now"]
    assert "requestBody" not in send
    assert set(send["responses"]) == {"201", "400", "401", "403", "404", "429", "5XX"}
    accepted = fragment["components"]["schemas"]["SendAccepted"]
    assert accepted["required"] == ["id", "status"]
    assert accepted["properties"]["id"] == {"type": "integer", "format": "int64"}
    assert accepted["properties"]["status"]["type"] == "string"


def test_every_schema_has_a_name() -> None:
    """An inline object schema would be generated into a class with a name nobody chose."""
    inline = [place for place in places(fragment, "properties") if not place.startswith("/components/schemas/")]
    assert inline == []
    nested = [place for place in places(fragment, "properties") if place.count("/") > 3]
    assert nested == []


def test_answers_stay_open() -> None:
    requests = {"CreateCampaignRequest", "UpdateCampaignRequest"}
    assert {place.split("/")[3] for place in places(fragment, "enum")} == requests
    assert places(fragment, "nullable") == [], "OpenAPI 3.1 says type: [x, 'null']; the generator ignores nullable"
    for schema in fragment["components"]["schemas"].values():
        assert schema["additionalProperties"] is True
