"""Every part of the project names the same fields of a campaign: a new field must be added to each."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sendgrid_campaigns import Campaign, cli
from sendgrid_campaigns.campaign_types import ChangedCampaignFields, NewCampaignFields
from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.single_send_types import EmailConfigFields, NewSingleSendFields, SendToFields
from spec_diff.reader import load

SCHEMAS = load((Path(__file__).parents[1] / "openapi" / "campaigns.yaml").read_text("utf-8"))["components"]["schemas"]
FRAGMENT = SCHEMAS["CreateCampaignRequest"]["properties"].keys()


def options(decorators: Any) -> set[str]:
    def command() -> None: ...

    for decorator in decorators:
        decorator(command)
    return {parameter.name for parameter in command.__click_params__}  # type: ignore[attr-defined]


SET_BY_CALLERS = {
    "the fragment, to change one": SCHEMAS["UpdateCampaignRequest"]["properties"].keys(),
    "the fragment, to read one": SCHEMAS["Campaign"]["properties"].keys() - {"id", "status"},
    "the facade, to make one": {"title", *NewCampaignFields.__annotations__},
    "the facade, to change one": {*ChangedCampaignFields.__annotations__, "editor"},
    "the facade, to read one": {field.name for field in fields(Campaign)} - {"id", "status", "extra"},
    "the sandbox": rules.FIELDS.keys(),
    "the command line": options(cli.FIELDS) | {"title", "editor"},
}
"""The title and the editor are parameters or options of their own where not every operation takes them."""


@pytest.mark.parametrize("part", SET_BY_CALLERS)
def test_a_part_names_the_fields_of_the_fragment(part: str) -> None:
    assert set(SET_BY_CALLERS[part]) == set(FRAGMENT)


def test_the_command_line_names_the_fields_of_a_single_send() -> None:
    names = {*NewSingleSendFields.__annotations__, *SendToFields.__annotations__, *EmailConfigFields.__annotations__}
    assert options(cli.SINGLE_SEND_FIELDS) | {"send_to", "email_config"} == names
