"""What `make fuzz` adds to schemathesis, which loads this module in .venv-fuzz.

A check of its own for refusals, in place of `positive_data_acceptance`; ids of campaigns that there are, and
times to come.
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
"""Refusals of what the fragment's schemas rule out already. A request that keeps to them must not meet one."""

FIRST, LAST = (int(id) for id in os.environ["FUZZ_STOCK"].split("-"))
"""Ids of the campaigns that the sandbox was filled with."""

FUTURE = 4102444800
"""2100-01-01, in unix seconds."""


@schemathesis.check
def documented_refusals(context: Any, response: Any, case: Any) -> None:
    """Every error of a 400, 401 or 404 is one of the fragment's examples; a valid request meets the state's ones only.

    `positive_data_acceptance` asks for 2xx whenever the schema is kept. This service says 400 to much that no schema
    can tell: a draft that lacks a subject, a time that is past, an id that the account does not have.
    """
    status = str(response.status_code)
    if status not in ("400", "401", "404"):
        return
    raw = case.operation.schema.raw_schema
    documented = raw["paths"][case.operation.path][case.operation.method.lower()]["responses"].get(status)
    if documented is None:
        return  # status_code_conformance's business
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
    """Point most ids at a campaign that there is: one drawn from all integers never hits.

    Ids from the first one on are left alone, so that those of campaigns made during the run stay what they are.
    """
    id = (path_parameters or {}).get("campaign_id")
    if isinstance(id, int) and not isinstance(id, bool) and id % 8 != 7 and not FIRST <= id < FIRST + 10**6:
        return {**path_parameters, "campaign_id": FIRST + id % (LAST - FIRST + 1)}
    return path_parameters


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Move every other time into the future: of all integers, next to none is a time that can be scheduled."""
    send_at = body.get("send_at") if isinstance(body, dict) else None
    if isinstance(send_at, int) and not isinstance(send_at, bool) and send_at % 2 == 0:
        return {**body, "send_at": FUTURE + send_at % 10**9}
    return body
