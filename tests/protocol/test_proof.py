"""What one answer to a write proves: every status, body and write."""

import json

import pytest

from sendgrid_campaigns.campaigns import WRITES as DECLARED
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer
from sendgrid_campaigns.protocol.proof import prove
from writes import AT, Write, every_write

BODIES = {
    "an error": json.dumps({"errors": [{"field": None, "message": "no"}]}).encode(),
    "one problem": b'{"field": "to", "message": "no"}',
    "an error without items": b'{"error": "no"}',
    "no errors": b'{"errors": []}',
    "lost": None,
    "empty": b"",
    "HTML": b"<html>403</html>",
    "null": b"null",
    "another form of JSON": b'{"message": "no Route matched with those values"}',
    "problem details": b'{"type": "about:blank", "title": "Forbidden", "status": 403, "error": "no"}',
    "errors that are none": b'{"errors": ["no"]}',
    "errors of no list": b'{"errors": {"message": "no"}}',
    "an error too large": json.dumps({"errors": [{"message": "x" * 70_000}]}).encode(),
    "too deep": b"[" * 20_000,
    "no text": b"\xff\xfe",
    "this campaign": b'{"id": 4900, "status": "Scheduled", "send_at": %d}' % AT,
    "another campaign": b'{"id": 4901, "status": "Scheduled", "send_at": %d}' % AT,
    "an id of text": b'{"id": "4900", "status": "Scheduled"}',
    "an id of true": b'{"id": true, "status": "Scheduled"}',
    "no id": b'{"status": "Scheduled"}',
}
OF_THE_SERVICE = {"an error", "one problem", "an error without items", "no errors"}
CODES = range(100, 1000)


def proof(write: Write, answer: Answer | NoAnswer) -> str:
    declared = DECLARED[write.done]
    campaign_id = 4900 if write.arguments[0] == 4900 else None
    return prove(answer, declared.operation, campaign_id, declared.ambiguous).proof.value


def expected(write: Write, code: int, body: str) -> str:
    """Return what docs/reliability.md says of an answer: R3, R4, R5, R14."""
    if code in DECLARED[write.done].operation.success:
        if code in (201, 204):
            return "unknown" if body == "another campaign" and write.name != "create" else "accepted"
        return "accepted" if body == "this campaign" else "unknown"
    if code in (413, 429):
        return "rejected"
    if code in (400, 401, 403, 404, 405, 415, 422) and body in OF_THE_SERVICE:
        judged_by_state = (code == 403 and write.before) or (code == 404 and write.name == "delete")
        return "ambiguous" if judged_by_state else "rejected"
    return "unknown"


@every_write
@pytest.mark.parametrize("body", BODIES)
def test_every_status_and_body(write: Write, body: str) -> None:
    found = {code: proof(write, Answer(code, {}, BODIES[body])) for code in CODES}
    assert found == {code: expected(write, code, body) for code in CODES}


@every_write
def test_what_the_transport_says(write: Write) -> None:
    assert proof(write, NoAnswer("refused", not_sent=True)) == "not sent"
    assert proof(write, NoAnswer("reset")) == "unknown"
    # The transport wrote the request twice: one may have been carried out, and the other refused.
    for code in (400, 401, 403, 404, 413, 422, 429):
        assert proof(write, Answer(code, {}, BODIES["an error"], repeated=True)) == "unknown"
    assert proof(write, Answer(write.code, {}, BODIES["this campaign"], repeated=True)) == "accepted"
