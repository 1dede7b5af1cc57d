"""Every error and every result: the texts, and that each is data."""

import copy
import dataclasses
import inspect
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import sendgrid_campaigns
from sendgrid_campaigns import (
    APIConnectionError,
    APIStatusError,
    Attempt,
    BadRequestError,
    Campaign,
    CheckResult,
    ConfigurationError,
    DeleteWouldStopMailError,
    ErrorDetail,
    InvalidResponseError,
    NotAppliedError,
    NotFoundError,
    NotInDraftError,
    NotScheduledError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    Schedule,
    SendGridError,
    SendReceipt,
    ServerError,
    WrongStateError,
)

CLASSES = [
    value
    for value in vars(sendgrid_campaigns).values()
    if inspect.isclass(value) and issubclass(value, SendGridError)
]
every_class = pytest.mark.parametrize("kind", CLASSES)

NOW_ROUTE = "/v3/campaigns/{campaign_id}/schedules/now"
ATTEMPTS = (
    Attempt(method="GET", route="/v3/campaigns/{campaign_id}", proof="accepted", status_code=200, seconds=0.1),
    Attempt(method="POST", route=NOW_ROUTE, proof="unknown", cause="ReadTimeout"),
)
CALL: dict[str, Any] = {
    "action": "sent",
    "campaign_id": 4900,
    "method": "POST",
    "route": NOW_ROUTE,
    "host": "api.sendgrid.com",
    "on_behalf_of": "acme",
    "attempts": ATTEMPTS,
}
STATUS = {
    "status_code": 422,
    "errors": (ErrorDetail(message="no", field="subject", help="see"), ErrorDetail(message="and more")),
    "error_id": "e1",
}


def facts_of(kind: type[SendGridError]) -> dict[str, Any]:
    """Return facts of each name that the class documents."""
    own: dict[type[SendGridError], dict[str, Any]] = {
        ConfigurationError: {"problem": "campaign_id is 0", "remedy": "Give a positive int."},
        APIStatusError: STATUS,
        RateLimitError: {"retry_after": 3.0},
        WrongStateError: {"status": "Sent"},
        InvalidResponseError: {"status_code": 404},
        OutcomeUnknownError: {"status": "Draft", "wanted": {"send_at": 1, "fields": {"list_ids": [1]}}, "hint": "Look."},
    }
    return {**CALL, "cause": "ReadTimeout", **{k: v for each in own if issubclass(kind, each) for k, v in own[each].items()}}


def test_the_tree_is_the_one_drawn() -> None:
    assert len(CLASSES) == 17
    drawing = inspect.getdoc(sendgrid_campaigns.errors) or ""
    for kind in CLASSES:
        line = next(line for line in drawing.splitlines() if kind.__name__ in line)
        parent = kind.__mro__[1]
        depth = len([each for each in kind.__mro__ if each in CLASSES]) - 1
        assert line.index(kind.__name__) == 4 * depth, f"{kind.__name__} is below {parent.__name__}"


@every_class
@pytest.mark.parametrize("facts", ["none", "every"])
def test_an_error_is_data(kind: type[SendGridError], facts: str) -> None:
    given = facts_of(kind) if facts == "every" else {}
    error = kind(**given)
    error.add_note("a note")
    by_json = kind(*json.loads(json.dumps(error.args)))
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error), by_json):
        assert type(twin) is kind
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
        assert twin.to_dict() == error.to_dict()
        for name, value in given.items():
            assert getattr(twin, name) == value
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert twin.__notes__ == ["a note"]
    as_json = json.loads(json.dumps(error.to_dict()))
    assert as_json["error"] == kind.__name__
    assert as_json.keys() >= {"summary", "advice", "temporary", "may_have_been_applied", *given}
    assert error.summary == str(error).splitlines()[0] or kind is ConfigurationError
    assert "\n" not in error.summary
    assert error.advice in str(error)
    assert len(error.advice) > 20 or kind in (SendGridError, ConfigurationError, OutcomeUnknownError) or not given


@every_class
def test_a_fact_that_a_class_has_not(kind: type[SendGridError]) -> None:
    for name in ("reason", "_advice", "__class__"):
        with pytest.raises(TypeError, match=f"{kind.__name__} has no {name}"):
            kind(**{name: "x"})


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not ConfigurationError])
def test_a_text_names_everything(kind: type[SendGridError]) -> None:
    lines = str(kind(**facts_of(kind))).splitlines()
    assert f"  [POST {NOW_ROUTE} at api.sendgrid.com, campaign 4900, on behalf of 'acme']" in lines
    assert lines[-2:] == [
        "    1. GET /v3/campaigns/{campaign_id}: 200, accepted",
        f"    2. POST {NOW_ROUTE}: ReadTimeout, unknown",
    ]


FACTS = {"action": "sent", "campaign_id": 4900}
NOTHING = "This call changed nothing."


@pytest.mark.parametrize(
    ("error", "summary", "advice"),
    [
        (NotAppliedError(**FACTS, cause="refused"), "campaign 4900 was not sent: refused", f"{NOTHING} Call again when"),
        (NotFoundError(**FACTS), "campaign 4900 was not sent: 404 Not Found", f"{NOTHING} Check the id, and whose"),
        (APIStatusError(status_code=420), "the campaign was not changed: 420 unknown status", NOTHING),
        (
            BadRequestError(**FACTS, errors=(ErrorDetail(field="subject", message="can't be blank"),)),
            "campaign 4900 was not sent: 400 Bad Request, subject: can't be blank",
            f"{NOTHING} Put right what is listed",
        ),
        (
            NotInDraftError(**FACTS, status="Sent"),
            'campaign 4900 was not sent: the campaign is "Sent", and only a Draft can be sent',
            f"{NOTHING} An earlier run or another person",
        ),
        (
            NotScheduledError(action="rescheduled", campaign_id=4900, status="Draft"),
            'campaign 4900 was not rescheduled: the campaign is "Draft", and only a Scheduled one can be rescheduled',
            f"{NOTHING} A Draft is scheduled with schedule().",
        ),
        (
            DeleteWouldStopMailError(action="deleted", campaign_id=4900, status="Scheduled"),
            'campaign 4900 was not deleted: the campaign is "Scheduled", and deleting it stops its mail',
            f"{NOTHING} To stop its mail: delete(..., stop=True).",
        ),
        (
            APIConnectionError(action="read", campaign_id=4900, host="h", cause="slow"),
            "campaign 4900 was not read: no answer from h (slow)",
            f"{NOTHING} Check that this machine reaches the host",
        ),
        (
            OutcomeUnknownError(**FACTS, cause="slow", status="Draft"),
            'it is unknown whether campaign 4900 was sent: slow; its status was last read as "Draft"',
            "Do not repeat the call on this error; outcome(error)",
        ),
        (
            NotAppliedError(**FACTS, cause="refused", changed="This call made a draft."),
            "campaign 4900 was not sent: refused",
            "This call made a draft. Call again",
        ),
        (
            NotAppliedError(action="tidied", resource="single send", campaign_id="a-b"),
            "single send a-b was not tidied",
            NOTHING,
        ),
    ],
    ids=repr,
)
def test_texts(error: SendGridError, summary: str, advice: str) -> None:
    assert error.summary == summary
    assert repr(error) == f"{type(error).__name__}({summary!r})"
    assert error.advice.startswith(advice)


def test_a_configuration_error_says_what_to_do() -> None:
    error = ConfigurationError(problem="campaign_id is 0", remedy="Give a positive int.")
    assert str(error) == "campaign_id is 0\nGive a positive int. No request was made."
    assert error.advice == "Give a positive int. No request was made."
    assert isinstance(error, ValueError)


def test_what_is_temporary_and_what_may_have_been_applied() -> None:
    temporary = {NotAppliedError, RateLimitError, ServerError, APIConnectionError, InvalidResponseError}
    assert {kind for kind in CLASSES if kind().temporary} == temporary
    assert {kind for kind in CLASSES if kind().may_have_been_applied} == {OutcomeUnknownError}
    assert not NotAppliedError(temporary=False).temporary


def test_doubt_is_no_error_that_job_frameworks_repeat() -> None:
    assert not issubclass(OutcomeUnknownError, ConnectionError | TimeoutError | OSError | httpx.HTTPError)
    assert [*OutcomeUnknownError.__mro__] == [OutcomeUnknownError, SendGridError, Exception, BaseException, object]


def test_a_text_stays_readable() -> None:
    many = tuple(dataclasses.replace(ATTEMPTS[0], status_code=100 + number) for number in range(30))
    lines = str(NotAppliedError(**{**CALL, "attempts": many})).splitlines()
    numbers = [line.split(".")[0].strip() for line in lines if line.startswith("    ")]
    assert numbers == [*map(str, range(1, 6)), "", *map(str, range(16, 31))]
    long = BadRequestError(errors=(ErrorDetail(message="x" * 500),) * 100)
    assert len(str(long)) <= 8_001
    assert long.args[0] == str(long)


# --- results ---

RESULTS: list[Any] = [
    Campaign(id=1, list_ids=(1,), extra={"new": {"a": [1]}}),
    SendReceipt(4900, "Scheduled", "answer", ATTEMPTS),
    Schedule(4900, datetime(2027, 1, 1, tzinfo=UTC), None),
    Outcome(id=4900, action="sent", applied=None, status=None, why="?", attempts=ATTEMPTS),
    CheckResult(campaign=Campaign(id=1), problems=(ErrorDetail(message="no"),), unknown=()),
    ErrorDetail(message="no", field="subject"),
    ATTEMPTS[0],
]
every_result = pytest.mark.parametrize("result", RESULTS, ids=lambda value: type(value).__name__)


@every_result
def test_a_result_is_data(result: Any) -> None:
    assert dataclasses.is_dataclass(result)
    for twin in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert twin == result
        assert hash(twin) == hash(result)
    field = dataclasses.fields(result)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, field, None)
    assert dataclasses.replace(result, **{field: "other"}) != result
    as_json = json.loads(json.dumps(result.to_dict()))
    assert as_json.keys() == {each.name for each in dataclasses.fields(result)}


def test_what_to_dict_gives() -> None:
    assert RESULTS[1].to_dict()["attempts"][0]["route"] == "/v3/campaigns/{campaign_id}"
    assert RESULTS[2].to_dict()["send_at"] == "2027-01-01T00:00:00+00:00"
    assert RESULTS[0].to_dict()["list_ids"] == [1]
    assert RESULTS[4].to_dict()["problems"] == [{"message": "no", "field": None, "help": None}]


def test_equality_is_of_what_matters() -> None:
    assert SendReceipt(1, "Scheduled", "answer", ATTEMPTS) == SendReceipt(1, "Scheduled")
    assert SendReceipt(1, "Scheduled", "already") != SendReceipt(1, "Scheduled")
    assert dataclasses.replace(ATTEMPTS[0], seconds=9.0) == ATTEMPTS[0]
    assert Campaign(id=1, extra={"a": 1}) != Campaign(id=1)
    assert "attempts" not in repr(RESULTS[1])
    assert (str(RESULTS[5]), str(ErrorDetail(message="no"))) == ("subject: no", "no")


@pytest.mark.parametrize(("status", "is_draft"), [("Draft", True), (" dRaFt", True), ("Sent", False), (None, False)])
def test_is_draft(status: str | None, is_draft: bool) -> None:
    assert Campaign(id=1, status=status).is_draft is is_draft
