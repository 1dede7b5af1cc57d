"""What one answer proves. The only place that judges status codes."""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from sendgrid_campaigns.protocol.answers import json_value, service_error
from sendgrid_campaigns.protocol.flow import Answer, Id, NoAnswer, Operation, R


class Proof(Enum):
    """What one attempt proves."""

    ACCEPTED = "accepted"
    """The service carried the request out."""
    REJECTED = "rejected"
    """The service did not carry the request out."""
    NOT_SENT = "not sent"
    """Nothing of the request was sent."""
    AMBIGUOUS = "ambiguous"
    """A refusal that may answer a second copy of a request that was carried out. The state decides: R3."""
    UNKNOWN = "unknown"
    """Nothing is proven."""


NOT_PASSED_ON = frozenset({413, 429})
"""Refusals that something in front of the service may give as well, and that mean that nothing was passed on."""
REFUSALS = NOT_PASSED_ON | {400, 401, 403, 404, 405, 415, 422}
"""Refusals that mean that nothing was carried out; all but those above only with an error in the service's form: R4."""
ACCEPTED_BY_STATUS = frozenset({201, 204})
"""Nothing but the service answers with these. Other codes of success need a body about the resource, too: R4."""


@dataclass(eq=False)
class Tried(Generic[R]):
    """One attempt, and what it proves."""

    answer: Answer | NoAnswer
    proof: Proof
    problem: str
    """Why nothing is proven, or why there is no model, in words."""
    value: R | None = None
    """The model of the answer's body; None when there is none."""


def prove(answer: Answer | NoAnswer, operation: Operation[R], id: Id, ambiguous: Container[int] = ()) -> Tried[R]:
    """Return what an answer proves.

    id: of the resource that the request is about. ambiguous: the refusals that the state decides about.
    """
    if isinstance(answer, NoAnswer):
        return Tried(answer, Proof.NOT_SENT if answer.not_sent else Proof.UNKNOWN, answer.cause)
    code, value, about, problem = answer.status_code, None, id, f"the service answered {answer.status_code}"
    if code in operation.success:
        try:
            raw = json_value(answer.body)
            about = getattr(raw, "get", lambda _, default: default)("id", id)  # pyright: ignore
            value = operation.parse(raw)
        # What generated models raise. Any other exception comes from outside.
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            problem = f"the answer is not what the service documents ({type(error).__name__}: {str(error)[:200]})"
        if about != id if type(about) is type(id) else code not in ACCEPTED_BY_STATUS:  # pyright: ignore
            return Tried(answer, Proof.UNKNOWN, f"the answer is about {str(about)[:100]!r}")  # R14  # pyright: ignore
        proven = code in ACCEPTED_BY_STATUS or value is not None  # R5
        return Tried(answer, Proof.ACCEPTED if proven else Proof.UNKNOWN, problem, value)
    if code not in REFUSALS or answer.repeated:
        return Tried(answer, Proof.UNKNOWN, problem)
    if code not in NOT_PASSED_ON and service_error(answer) is None:
        problem = f"status {code} came without the service's own error, as from a server in front of it"
        return Tried(answer, Proof.UNKNOWN, problem)
    return Tried(answer, Proof.AMBIGUOUS if code in ambiguous else Proof.REJECTED, problem)
