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

import sendgrid_campaigns as sg
from sendgrid_campaigns import Attempt, ErrorDetail

CLASSES = [each for each in vars(sg).values() if inspect.isclass(each) and issubclass(each, sg.SendGridError)]
every_class = pytest.mark.parametrize("kind", CLASSES)
ROUTE = "/v3/campaigns/{campaign_id}/schedules/now"
ATTEMPTS = (
    Attempt(method="GET", route="/v3/campaigns/{campaign_id}", proof="accepted", status_code=200, seconds=0.1),
    Attempt(method="POST", route=ROUTE, proof="unknown", cause="ReadTimeout"),
)
CALL: dict[str, Any] = {
    "action": "sent",
    "campaign_id": 4900,
    "method": "POST",
    "route": ROUTE,
    "host": "api.sendgrid.com",
    "on_behalf_of": "acme",
    "attempts": ATTEMPTS,
    "cause": "ReadTimeout",
}
DETAILS = (ErrorDetail(message="no", field="subject", help="see"), ErrorDetail(message="and more"))
OWN: dict[type[sg.SendGridError], dict[str, Any]] = {
    sg.ConfigurationError: {"cause": "campaign_id is 0", "hint": "Give a positive int."},
    sg.APIStatusError: {"status_code": 422, "errors": DETAILS, "error_id": "e1"},
    sg.RateLimitError: {"retry_after": 3.0},
    sg.WrongStateError: {"status": "Sent"},
    sg.InvalidResponseError: {"status_code": 404},
    sg.OutcomeUnknownError: {"status": "Draft", "wanted": {"fields": {"list_ids": [1]}}, "hint": "Look."},
}


def facts_of(kind: type[sg.SendGridError]) -> dict[str, Any]:
    """Return a fact of each name that the class documents."""
    return {**CALL, **{name: value for each in OWN if issubclass(kind, each) for name, value in OWN[each].items()}}


def test_the_tree_is_the_one_drawn() -> None:
    assert len(CLASSES) == 17
    drawing = (inspect.getdoc(sg.errors) or "").splitlines()
    for kind in CLASSES:
        line = next(line for line in drawing if kind.__name__ in line)
        assert line.index(kind.__name__) == 4 * (len({*kind.__mro__} & {*CLASSES}) - 1)


@every_class
@pytest.mark.parametrize("facts", ["none", "every"])
def test_an_error_is_data(kind: type[sg.SendGridError], facts: str) -> None:
    given = facts_of(kind) if facts == "every" else {}
    error = kind(**given)
    error.add_note("a note")
    pickled = (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error))
    assert [twin.__notes__ for twin in pickled] == [["a note"]] * 3
    for twin in (*pickled, kind(*json.loads(json.dumps(error.args)))):
        assert type(twin) is kind
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
        assert twin.to_dict() == error.to_dict()
        assert {name: getattr(twin, name) for name in given} == given
    as_json = json.loads(json.dumps(error.to_dict()))
    assert as_json.keys() >= {"error", "summary", "advice", "temporary", "may_have_been_applied", *given}
    assert (as_json["error"], as_json["summary"]) == (kind.__name__, str(error).splitlines()[0])
    assert repr(error) == f"{kind.__name__}({error.summary!r})"
    assert error.advice in str(error).splitlines()
    for name in ("reason", "_advice", "__class__"):
        with pytest.raises(TypeError, match=f"{kind.__name__} has no {name}"):
            kind(**{name: "x"})


@every_class
def test_a_text_names_everything(kind: type[sg.SendGridError]) -> None:
    assert str(kind(**facts_of(kind))).splitlines()[-3:] == [
        f"  [POST {ROUTE} at api.sendgrid.com, campaign 4900, on behalf of 'acme']",
        "    1. GET /v3/campaigns/{campaign_id}: 200, accepted",
        f"    2. POST {ROUTE}: ReadTimeout, unknown",
    ]


NOTHING = "This call changed nothing. "
TEXTS: list[tuple[type[sg.SendGridError], dict[str, Any], str, str]] = [
    (sg.NotAppliedError, {"cause": "refused"}, "was not sent: refused", NOTHING + "Call again when"),
    (sg.NotFoundError, {}, "was not sent: 404 Not Found", NOTHING + "Check the id, and whose"),
    (sg.AuthenticationError, {}, "was not sent: 401 Unauthorized", NOTHING + "Check that SENDGRID_API_KEY"),
    (sg.APIStatusError, {"status_code": 420}, "was not sent: 420 unknown status", NOTHING.strip()),
    (sg.BadRequestError, {"errors": DETAILS}, "was not sent: 400 Bad Request, subject: no", NOTHING + "Put right what"),
    (
        *(sg.NotInDraftError, {"status": "Sent"}),
        *('was not sent: the campaign is "Sent", and only a Draft can be sent', NOTHING + "It was sent,"),
    ),
    (
        *(sg.NotScheduledError, {"status": "Draft", "action": "moved"}),
        *('was not moved: the campaign is "Draft", and only a Scheduled one can be moved', NOTHING + "A Draft is"),
    ),
    (
        *(sg.DeleteWouldStopMailError, {"status": "Paused", "action": "deleted"}),
        *('was not deleted: the campaign is "Paused", and deleting it stops its mail', NOTHING + "To stop its mail"),
    ),
    (
        *(sg.APIConnectionError, {"action": "read", "host": "h", "cause": "slow"}),
        *("was not read: no answer from h (slow)", NOTHING + "Check network, DNS, proxy (HTTPS_PROXY)"),
    ),
    (sg.NotAppliedError, {"changed": "A draft was made."}, "was not sent", "A draft was made. Call again"),
]


@pytest.mark.parametrize(("kind", "facts", "summary", "advice"), TEXTS)
def test_texts(kind: type[sg.SendGridError], facts: dict[str, Any], summary: str, advice: str) -> None:
    error = kind(**{"action": "sent", "campaign_id": 4900, **facts})
    assert error.summary == f"campaign 4900 {summary}"
    assert error.advice.startswith(advice)


def test_more_texts() -> None:
    unknown = sg.OutcomeUnknownError(action="sent", cause="slow", status="Draft", on_behalf_of="acme")
    assert unknown.summary == 'it is unknown whether the campaign was sent: slow; its status was last read as "Draft"'
    assert "changed nothing" not in str(unknown)
    assert sg.SendGridError(resource="single send", campaign_id="a-b").summary == "single send a-b was not changed"
    configuration = sg.ConfigurationError(cause="campaign_id is 0", hint="Give a positive int.")
    assert str(configuration) == "campaign_id is 0\nNo request was made. Give a positive int."
    assert isinstance(configuration, ValueError)
    status = sg.RateLimitError(errors=DETAILS, error_id="e1", retry_after=3)
    assert str(status).splitlines()[1:4] == ["  and more", "  error id: e1", "  retry after 3 s"]
    many = tuple(dataclasses.replace(ATTEMPTS[0], status_code=100 + number) for number in range(30))
    lines = str(sg.NotAppliedError(**{**CALL, "attempts": many})).splitlines()
    numbers = [line.split(".")[0].strip() for line in lines if line.startswith("    ")]
    assert numbers == [*map(str, range(1, 6)), "", *map(str, range(16, 31))]
    long = sg.BadRequestError(errors=(ErrorDetail(message="x" * 500),) * 100)
    assert len(str(long)) <= 8_001


def test_what_may_be_repeated() -> None:
    temporary = {"NotAppliedError", "RateLimitError", "ServerError", "APIConnectionError", "InvalidResponseError"}
    assert {kind.__name__ for kind in CLASSES if kind().temporary} == temporary
    assert {kind for kind in CLASSES if kind().may_have_been_applied} == {sg.OutcomeUnknownError}
    # R11: job frameworks repeat these.
    assert not issubclass(sg.OutcomeUnknownError, ConnectionError | TimeoutError | OSError | httpx.HTTPError)


# --- results ---

RESULTS: list[Any] = [
    sg.Campaign(id=1, list_ids=(1,), extra={"new": {"a": [1]}}),
    sg.SendReceipt(4900, "Scheduled", "answer", ATTEMPTS),
    sg.Schedule(4900, datetime(2027, 1, 1, tzinfo=UTC), None),
    sg.Outcome(id=4900, action="sent", applied=None, status=None, why="?", attempts=ATTEMPTS),
    sg.CheckResult(campaign=sg.Campaign(id=1), problems=(ErrorDetail(message="no"),)),
    ErrorDetail(message="no", field="subject"),
    ATTEMPTS[0],
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda value: type(value).__name__)
def test_a_result_is_data(result: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert (twin, hash(twin)) == (result, hash(result))
    names = [field.name for field in dataclasses.fields(result)]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, names[0], None)
    assert dataclasses.replace(result, **{names[0]: "other"}) != result
    assert [*json.loads(json.dumps(result.to_dict()))] == names


def test_what_results_give() -> None:
    assert RESULTS[1].to_dict()["attempts"][1]["route"] == ROUTE
    assert RESULTS[2].to_dict()["send_at"] == "2027-01-01T00:00:00+00:00"
    assert RESULTS[0].to_dict()["list_ids"] == [1]
    assert RESULTS[4].to_dict()["problems"] == [{"message": "no", "field": None, "help": None}]
    assert RESULTS[1] == sg.SendReceipt(4900, "Scheduled")
    assert RESULTS[1] != sg.SendReceipt(4900, "Scheduled", "already")
    assert dataclasses.replace(ATTEMPTS[0], seconds=9.0) == ATTEMPTS[0]
    assert RESULTS[0] != sg.Campaign(id=1, list_ids=(1,))
    assert "attempts" not in repr(RESULTS[1])
    assert (str(RESULTS[5]), str(ErrorDetail(message="no"))) == ("subject: no", "no")
    drafts = {status: sg.Campaign(id=1, status=status).is_draft for status in ("Draft", " dRaFt", "Sent", "", None)}
    assert drafts == {"Draft": True, " dRaFt": True, "Sent": False, "": False, None: False}
