"""What is true of any call, whatever goes wrong and whoever else acts: judged by the sandbox's ledger an hour later."""

import pickle
from collections import Counter

from conformance.play import OURS, Case, Played
from sendgrid_campaigns import OutcomeUnknownError, SendReceipt

READS = ("get", "list", "get_schedule", "check", "outcome")
STOPPING = {"unschedule", "delete", "pause", "cancel"}


def check_truths(case: Case, played: Played) -> None:
    error, sandbox = played.error, played.sandbox
    broken = case.get("breaks")
    accepted = [
        request
        for request in sandbox.requests()
        if request.origin in OURS and request.method != "GET" and request.status_code < 300
    ]
    mailed = [mailing for mailing in sandbox.mailings() if mailing.request and mailing.request.origin in OURS]
    if error is not None and not isinstance(error, OutcomeUnknownError) and not broken:
        assert mailed == []  # I2
        # send_once may have made a draft; and what somebody undid unseen leaves no trace for anybody.
        if case["operation"] != "send_once" and not played.acts:
            assert accepted == []
    if error is None and case["operation"] not in READS and not broken:
        already = getattr(played.result, "known_from", None) == "already"
        assert accepted or played.acts or already
        if isinstance(played.result, SendReceipt) and not already:
            assert sandbox.mailings() or STOPPING & {*played.acts}  # I3
    if broken != "A1":
        assert set(Counter(mailing.campaign_id for mailing in sandbox.mailings()).values()) <= {1}  # I1
    if error is not None:
        assert error.advice
        assert error.advice in str(error)
        assert pickle.loads(pickle.dumps(error)) == error
        assert error.on_behalf_of == case.get("setup", {}).get("on_behalf_of")
    if played.attempts is not None:
        assert [attempt.method for attempt in played.attempts] == [asked.split()[0] for asked in played.requests]
    deadline = case.get("setup", {}).get("patience", {}).get("deadline", 120)
    assert played.seconds <= deadline + 30  # I4
    assert played.hosts == {"api.sendgrid.com"}  # R6
    assert played.behalves == {case.get("setup", {}).get("on_behalf_of")}  # R13
    check_nothing_after_it_moved(case, played)


def check_nothing_after_it_moved(case: Case, played: Played) -> None:
    """R8, where only a Draft is written to."""
    if case["operation"] not in ("send", "ensure_sent", "schedule"):
        return
    moved = False
    for kind, *about in played.steps:
        assert not (moved and kind == "POST")
        if kind == "status" and about[0] == case["arguments"]["campaign_id"]:
            moved = moved or about[1].strip().casefold() != "draft"
