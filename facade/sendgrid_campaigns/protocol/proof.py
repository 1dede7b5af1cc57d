"""What one answer to a write proves. The only place that judges status codes of writes."""

from collections.abc import Container
from enum import Enum

from sendgrid_campaigns.protocol.answers import Unparsed, json_value, service_error
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer, Operation


class Proof(Enum):
    """What one attempt of a write proves."""

    ACCEPTED = "accepted"
    """The service carried the request out."""
    REJECTED = "rejected"
    """The service did not carry the request out."""
    NOT_SENT = "not sent"
    """The request never left this machine."""
    AMBIGUOUS = "ambiguous"
    """A refusal that may answer a second copy of a request that was carried out. The state decides: R3."""
    UNKNOWN = "unknown"
    """Nothing is proven."""


NOT_PASSED_ON = frozenset({413, 429})
"""Refusals that something in front of the service may give as well, and that mean that nothing was passed on."""

REFUSALS = NOT_PASSED_ON | {400, 401, 403, 404, 405, 415, 422}
"""Refusals that mean that nothing was carried out; all but those above only with an error in the service's form: R4."""

ACCEPTED_BY_STATUS = frozenset({201, 204})
"""Nothing else answers with these. Any other code of success needs a body about the resource, too: R4."""


def prove(
    answer: Answer | NoAnswer, operation: Operation[object], id: int | str | None, ambiguous: Container[int] = ()
) -> Proof:
    """Return what an answer proves to a write of the resource with this id.

    ambiguous: refusals that the state decides about.
    """
    if isinstance(answer, NoAnswer):
        return Proof.NOT_SENT if answer.not_sent else Proof.UNKNOWN
    code = answer.status_code
    if code in operation.success:
        about = _id_in(answer)
        if code in ACCEPTED_BY_STATUS:  # R5
            another = id is not None and type(about) is type(id) and about != id  # R14
            return Proof.UNKNOWN if another else Proof.ACCEPTED
        return Proof.ACCEPTED if about == id and type(about) is type(id) else Proof.UNKNOWN
    if code not in REFUSALS or answer.repeated:
        return Proof.UNKNOWN
    if code not in NOT_PASSED_ON and service_error(answer) is None:
        return Proof.UNKNOWN
    return Proof.AMBIGUOUS if code in ambiguous else Proof.REJECTED


def _id_in(answer: Answer) -> object:
    try:
        value: object = json_value(answer.body)
    except Unparsed:
        return None
    return value.get("id") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
