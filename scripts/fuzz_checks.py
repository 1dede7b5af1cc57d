"""Extend schemathesis, which loads this module in .venv-fuzz, for `make fuzz`.

A check for refusals takes the place of `positive_data_acceptance`. Most generated ids and times are replaced by ids of
existing campaigns and times in the future.
"""

import os
from typing import Any

import schemathesis

OUT_OF_SCHEMA = (
    "title can't be blank",
    "title is too long",
    "categories exceeds",
    "editor must be",
    "limit must be",
    "offset must be",
    "Please provide an email address",
    "You can only send tests to 10",
    "The JSON you have submitted",
)
"""Messages about requests that the schemas forbid already. A valid request must not get one of these messages."""

FIRST, LAST = (int(id) for id in os.environ["FUZZ_STOCK"].split("-"))
"""The ids of the first and the last campaign at the start."""

SINGLE_SENDS = os.environ["FUZZ_SINGLE_SENDS"].split(",")
"""The ids of the single sends at the start."""

FUTURE = 4102444800
"""2100-01-01, in unix seconds."""


@schemathesis.check
def documented_refusals(context: Any, response: Any, case: Any) -> None:
    """Check that every error of a 400, 401 or 404 is an example of the fragment, and fits the request.

    `positive_data_acceptance` requires 2xx for every valid request. This service refuses valid requests, too: for a
    draft without a subject, a time in the past, or an id of another account.
    """
    status = str(response.status_code)
    if status not in ("400", "401", "404") or not case.operation.path.startswith("/v3/campaigns"):
        return  # no page gives the texts of other APIs
    raw = case.operation.schema.raw_schema
    documented = raw["paths"][case.operation.path][case.operation.method.lower()]["responses"].get(status)
    if documented is None:
        return  # status_code_conformance reports this
    if "$ref" in documented:
        documented = raw["components"]["responses"][documented["$ref"].rpartition("/")[2]]
    content = documented["content"]["application/json"]
    examples = [example["value"] for example in content.get("examples", {}).values()] or [content["example"]]
    known = [error for example in examples for error in example["errors"]]
    body = response.json()
    assert body.keys() == {"errors"}, f"an error's body has errors and nothing else: {body}"
    assert body["errors"], "a refusal without an error"
    for error in body["errors"]:
        assert error in known, f"the fragment has no such example of a {status}: {error}"
    if case.meta is not None and case.meta.generation.mode.is_positive and status == "400":
        for error in body["errors"]:
            assert not error["message"].startswith(OUT_OF_SCHEMA), f"a valid request was refused: {error}"


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Replace most ids by ids of existing campaigns; keep the ids of campaigns that the run created."""
    text = (path_parameters or {}).get("single_send_id")
    if isinstance(text, str) and text not in SINGLE_SENDS and (number := sum(text.encode())) % 8:
        return {**path_parameters, "single_send_id": SINGLE_SENDS[number % len(SINGLE_SENDS)]}
    id = (path_parameters or {}).get("campaign_id")
    if isinstance(id, int) and not isinstance(id, bool) and id % 8 != 7 and not FIRST <= id < FIRST + 10**6:
        return {**path_parameters, "campaign_id": FIRST + id % (LAST - FIRST + 1)}
    return path_parameters


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Move every second time into the future: hardly any integer is a time that can be scheduled."""
    send_at = body.get("send_at") if isinstance(body, dict) else None
    if isinstance(send_at, str) and len(send_at) % 2 and body.keys() == {"send_at"}:
        return {**body, "send_at": "2100-01-01T00:00:00Z"}
    if isinstance(send_at, int) and not isinstance(send_at, bool) and send_at % 2 == 0:
        return {**body, "send_at": FUTURE + send_at % 10**9}
    return body
