# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
from typing import Literal

UpdateCampaignRequestEditor = Literal["code", "design"]

UPDATE_CAMPAIGN_REQUEST_EDITOR_VALUES: set[UpdateCampaignRequestEditor] = {
    "code",
    "design",
}


def check_update_campaign_request_editor(value: str) -> UpdateCampaignRequestEditor:
    if value in UPDATE_CAMPAIGN_REQUEST_EDITOR_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {UPDATE_CAMPAIGN_REQUEST_EDITOR_VALUES!r}"
    )
