# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
from typing import Literal

CreateCampaignRequestEditor = Literal["code", "design"]

CREATE_CAMPAIGN_REQUEST_EDITOR_VALUES: set[CreateCampaignRequestEditor] = {
    "code",
    "design",
}


def check_create_campaign_request_editor(value: str) -> CreateCampaignRequestEditor:
    if value in CREATE_CAMPAIGN_REQUEST_EDITOR_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CREATE_CAMPAIGN_REQUEST_EDITOR_VALUES!r}"
    )
