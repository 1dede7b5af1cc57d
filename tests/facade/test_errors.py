"""Every error: what it says, and that it is data."""

import copy
import inspect
import pickle
from typing import Any, ClassVar

import httpx
import pytest

import sendgrid_campaigns
from sendgrid_campaigns import (
    APIStatusError,
    Attempt,
    BadRequestError,
    ConfigurationError,
    ErrorDetail,
    NotInDraftError,
    NotReadyError,
    NotScheduledError,
    NotSentError,
    OutcomeUnknownError,
    RateLimitError,
    SendGridError,
    StopNotAskedError,
    UnreadableResponseError,
)

CLASSES = [
    value
    for value in (getattr(sendgrid_campaigns, name) for name in sendgrid_campaigns.__all__)
    if inspect.isclass(value) and issubclass(value, SendGridError)
]

CALL = {
    "action": "sent",
    "method": "POST",
    "route": "/v3/campaigns/{campaign_id}/schedules/now",
    "campaign_id": 4900,
    "on_behalf_of": "acme",
    "attempts": (
        Attempt(method="GET", route="/v3/campaigns/{campaign_id}", verdict="done", status_code=200, seconds=0.1),
        Attempt(method="POST", route="/v3/campaigns/{campaign_id}/schedules/now", verdict="doubt", cause="ReadTimeout"),
    ),
}
STATUS = {
    "status_code": 400,
    "errors": (ErrorDetail(message="no", field="subject", help={"a": ["b"]}),),
    "error_id": "e1",
}
OWN = {
    ConfigurationError: {"problem": "campaign_id is 0", "remedy": "Give a positive int."},
    NotSentError: {"cause": "ConnectError"},
    NotInDraftError: {**STATUS, "status": "Sent"},
    NotScheduledError: {**STATUS, "status": "Draft"},
    NotReadyError: {"problems": (ErrorDetail(message="it has none", field="subject"),)},
    StopNotAskedError: {"status": "Scheduled"},
    RateLimitError: {**STATUS, "status_code": 429, "retry_after": 3.0},
    UnreadableResponseError: {"cause": "HTML", "status_code": 200},
    OutcomeUnknownError: {"cause": "ReadTimeout", "status": "Draft"},
}


def example(kind: type[SendGridError], **facts: Any) -> SendGridError:
    own = OWN.get(kind, STATUS if issubclass(kind, APIStatusError) else {})
    return kind(**{**CALL, **own, **facts})


def test_the_tree_is_the_one_drawn() -> None:
    assert len(CLASSES) == 16
    drawing = inspect.getdoc(sendgrid_campaigns.errors) or ""
    assert [kind.__name__ for kind in CLASSES if kind.__name__ not in drawing] == []


def test_a_fact_that_is_missing_or_unknown_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="NotSentError needs its cause"):
        NotSentError()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="NotSentError has no reason"):
        NotSentError(cause="x", reason="y")  # type: ignore[call-arg]


def test_a_class_of_a_user_has_facts_of_its_own() -> None:
    class Left(SendGridError):
        left: int

    class Right(SendGridError):
        right: int = 2
        kinds: ClassVar[dict[str, int]]

    class Both(Left, Right):
        pass

    error = Both(left=1)
    assert (error.left, error.right, error.action) == (1, 2, "sent")
    with pytest.raises(TypeError, match="Both needs its left"):
        Both(right=1)  # type: ignore[call-arg]


def test_what_was_not_given_is_nobody_elses() -> None:
    error: Any = OutcomeUnknownError(cause="x")
    error.wanted["send_at"] = 1
    assert OutcomeUnknownError(cause="x").wanted == {}


@pytest.mark.parametrize("kind", CLASSES)
def test_it_pickles_and_copies_equal(kind: type[SendGridError]) -> None:
    error = example(kind)
    error.add_note("a note")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert twin == error
        assert hash(twin) == hash(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.args == error.args == ()
    assert error != example(kind, campaign_id=4901)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind not in (SendGridError, ConfigurationError)])
def test_its_text_names_everything(kind: type[SendGridError]) -> None:
    error = example(kind)
    text = str(error)
    assert "POST /v3/campaigns/{campaign_id}/schedules/now" in text
    assert "campaign 4900" in text
    assert "on behalf of 'acme'" in text
    assert error.advice in text
    assert len(error.advice) > 20
    assert error.happened() in text
    assert "2. POST /v3/campaigns/{campaign_id}/schedules/now: ReadTimeout, doubt" in text


def test_a_configuration_error_says_what_to_do() -> None:
    error = ConfigurationError(problem="campaign_id is 0", remedy="Give a positive int.")
    assert str(error) == "campaign_id is 0. Give a positive int."
    assert repr(error) == "ConfigurationError('campaign_id is 0')"


def test_a_bad_request_lists_what_the_service_listed() -> None:
    error = BadRequestError(
        campaign_id=4900,
        status_code=400,
        errors=(
            ErrorDetail(field="subject", message="subject can't be blank"),
            ErrorDetail(field=None, message="You do not have enough credits"),
        ),
    )
    assert error.happened() == (
        "campaign 4900 was not sent (400 Bad Request):\n  subject: subject can't be blank\n"
        "  You do not have enough credits"
    )


def test_a_status_that_python_does_not_know() -> None:
    assert APIStatusError(status_code=420).happened() == "the campaign was not sent (420 unknown status)"


def test_doubt_is_no_error_that_job_frameworks_repeat() -> None:
    assert not issubclass(OutcomeUnknownError, (ConnectionError, TimeoutError, OSError, httpx.HTTPError))
    named = [kind for kind in OutcomeUnknownError.__mro__ if not kind.__name__.startswith("_")]
    assert named == [OutcomeUnknownError, SendGridError, Exception, BaseException, object]
