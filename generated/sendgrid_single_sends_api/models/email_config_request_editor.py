# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from typing import Literal

EmailConfigRequestEditor = Literal["code", "design"]

EMAIL_CONFIG_REQUEST_EDITOR_VALUES: set[EmailConfigRequestEditor] = {
    "code",
    "design",
}


def check_email_config_request_editor(value: str) -> EmailConfigRequestEditor:
    if value in EMAIL_CONFIG_REQUEST_EDITOR_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {EMAIL_CONFIG_REQUEST_EDITOR_VALUES!r}"
    )
