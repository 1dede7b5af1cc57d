"""Test rules for the fragment beyond valid OpenAPI, which `make generate` checks."""

from typing import Any

from spec_diff.edits import fragment

SOURCE = "https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/"

schemas = fragment["components"]["schemas"]
operations = {
    f"{method.upper()} {path.removeprefix('/v3/campaigns')}": operation
    for path, item in fragment["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def places(node: Any, key: str, path: str = "") -> list[str]:
    """Return every place of a key in the fragment."""
    if isinstance(node, list):
        return [found for i, item in enumerate(node) for found in places(item, key, f"{path}/{i}")]
    if not isinstance(node, dict):
        return []
    here = [path] if key in node else []
    return here + [found for name, item in node.items() for found in places(item, key, f"{path}/{name}")]


def test_the_operations() -> None:
    assert sorted(operations) == [
        "DELETE /{campaign_id}",
        "DELETE /{campaign_id}/schedules",
        "GET ",
        "GET /{campaign_id}",
        "GET /{campaign_id}/schedules",
        "PATCH /{campaign_id}",
        "PATCH /{campaign_id}/schedules",
        "POST ",
        "POST /{campaign_id}/schedules",
        "POST /{campaign_id}/schedules/now",
        "POST /{campaign_id}/schedules/test",
    ]


def test_every_operation_has_a_source_a_description_and_its_errors() -> None:
    for operation in operations.values():
        assert operation["externalDocs"]["url"].startswith(SOURCE)
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "429", "5XX"} <= operation["responses"].keys()


def test_every_operation_takes_on_behalf_of() -> None:
    for path in fragment["paths"].values():
        assert {"$ref": "#/components/parameters/OnBehalfOf"} in path["parameters"]
    header = fragment["components"]["parameters"]["OnBehalfOf"]
    assert (header["name"], header["in"], header["required"]) == ("on-behalf-of", "header", False)
    assert [example["value"] for example in header["examples"].values()] == ["acme", "account-id A123"]


def test_send_has_no_body_and_answers_201_with_both_fields() -> None:
    send = operations["POST /{campaign_id}/schedules/now"]
    assert "requestBody" not in send
    assert set(send["responses"]) == {"201", "400", "401", "403", "404", "429", "5XX"}
    accepted = schemas["SendAccepted"]
    assert accepted["required"] == ["id", "status"]
    assert accepted["properties"]["id"] == {"type": "integer", "format": "int64"}
    assert accepted["properties"]["status"]["type"] == "string"


def test_every_schema_of_an_object_has_a_name() -> None:
    """The generator would choose the class name of an inline schema."""
    assert sorted(places(fragment, "properties")) == sorted(
        f"/components/schemas/{name}" for name, schema in schemas.items() if "properties" in schema
    )


def test_answers_stay_open() -> None:
    assert {place.split("/")[3] for place in places(fragment, "enum")} == {
        "CreateCampaignRequest",
        "UpdateCampaignRequest",
    }
    assert places(fragment, "nullable") == []  # the generator reads type: [x, 'null'] of OpenAPI 3.1 only
    assert all(schema["additionalProperties"] is True for schema in schemas.values())
