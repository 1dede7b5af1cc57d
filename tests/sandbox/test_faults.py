"""Planned faults in process: effects, answers and endings; late copies; outages; actions; plans that no request met."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles import Style
from sandbox.helpers import EFFECTS, HEADERS, OPERATIONS, START, FixedSandbox
from sendgrid_campaigns.sandbox import Canned, Sandbox

CAMPAIGN = "https://api.sendgrid.com/v3/campaigns/4900"
SEND = "POST", "/schedules/now"

See = Callable[..., tuple[int | None, bytes, type[Exception] | None, list[str]]]
"""Makes a request, and returns the status code and the body, if any, the error, and the trace events."""


@pytest.fixture
def see(style: Style, sandbox: FixedSandbox) -> See:
    http = style.http_class(headers=HEADERS, trust_env=False, transport=sandbox.transport())

    def see(method: str, path: str = "", timeout: float = 7) -> Any:
        events: list[str] = []

        async def trace(event: str, info: Any) -> None:
            events.append(event)

        request = http.build_request(method, CAMPAIGN + path, timeout=timeout)
        request.extensions["trace"] = trace if style.is_async else lambda event, info: events.append(event)
        status_code, error, body = None, None, list[bytes]()
        try:
            response = style.do(http.send, request, stream=True)
            status_code = response.status_code
            style.take(response.aiter_bytes() if style.is_async else response.iter_bytes(), body)
        except httpx.HTTPError as raised:
            error = type(raised)
        return status_code, b"".join(body), error, events

    return see


def lose(sandbox: FixedSandbox, name: str, id: int = 4900, **given: Any) -> None:
    """Make a request whose answer is lost."""
    with pytest.raises(httpx.TransportError):
        sandbox.do(name, id, **given)


WRITTEN = ["http11.send_request_headers.started"]
REFUSED = ["connection.connect_tcp.started", "connection.connect_tcp.failed"]
ERRORS = {"reset": httpx.ReadError, "closed": httpx.RemoteProtocolError, "silence": httpx.ReadTimeout}


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("ending", [*ERRORS, 503])
def test_any_effect_with_any_answer(see: See, sandbox: FixedSandbox, effect: str, ending: Any) -> None:
    plan, handled = EFFECTS[effect]
    sandbox.fault("send", **({"answer": 503} if ending == 503 else {"ending": ending}), **plan)
    status_code, body, *rest = see(*SEND)
    assert (status_code, rest) == (503 if ending == 503 else None, [ERRORS.get(ending), WRITTEN])
    assert (b"<title>503 Service Unavailable</title>" in body) == (ending == 503)
    assert sandbox.time == START + (7 if ending == "silence" else 0)
    assert sandbox.wait(30).ledger == handled
    assert len(sandbox.mailings()) == (effect != "none")


def test_a_refused_connection(see: See, sandbox: FixedSandbox) -> None:
    sandbox.fault("send", ending="refused")
    assert see(*SEND) == (None, b"", httpx.ConnectError, REFUSED)
    assert sandbox.ledger == []


def head_and_body(sandbox: FixedSandbox) -> tuple[bytes, bytes]:
    """The bytes of the answer to a read."""
    answer = sandbox.do("get")
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), answer.content


@pytest.mark.parametrize("ending", [None, *ERRORS])
def test_an_answer_cut_anywhere(see: See, sandbox: FixedSandbox, ending: Any) -> None:
    head, body = head_and_body(sandbox)
    whole = head + body
    for cut in (0, 1, 9, len(head) - 1, len(head), len(head) + 1, len(whole) - 1, len(whole), 10**6):
        sandbox.fault("get", cut=cut, ending=ending)
        before = sandbox.time
        lost = cut < len(whole)
        status_code = 200 if cut >= len(head) else None
        error = ERRORS[ending or "closed"] if lost else None
        assert see("GET") == (status_code, whole[len(head) : max(cut, len(head))], error, WRITTEN)
        assert sandbox.time - before == (7 if lost and ending == "silence" else 0)


def test_a_dripping_answer_takes_the_sandboxs_time(see: See, sandbox: FixedSandbox) -> None:
    head, body = head_and_body(sandbox)
    timeouts = ((1e4, 200, None), (len(head) * 0.01 + 0.1, 200, httpx.ReadTimeout), (1, None, httpx.ReadTimeout))
    for timeout, status_code, error in timeouts:
        sandbox.fault("get", drip=0.01)
        before = sandbox.time
        seen = see("GET", timeout=timeout)
        assert (seen[0], seen[2]) == (status_code, error)
        assert sandbox.time - before == pytest.approx(min(timeout, 0.01 * len(head + body)))


def test_silence_needs_a_read_timeout(sandbox: FixedSandbox) -> None:
    sandbox.fault("get", ending="silence")
    with pytest.raises(Exception, match="has no read timeout, and would wait for ever"):
        sandbox.do("get", timeout=None)


def test_due_events_happen_in_order(sandbox: FixedSandbox) -> None:
    sandbox.set_credits(2 * 1630)  # for two of three mailings
    scheduled = sandbox.create_campaign(status="Scheduled", send_at=sandbox.now() + timedelta(seconds=20))
    other = sandbox.create_campaign()
    for name, id, delay in (("send", 4900, 30), ("send", other, 10), ("unschedule", scheduled, 20)):
        sandbox.fault(name, effect="late", delay=delay, ending="closed")
        lose(sandbox, name, id)
    sandbox.advance(1_000)
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [other, scheduled]
    assert sandbox.mailed == [10, 20]
    # Mail goes out before requests of the same second; no credits are left for the last request.
    found = [(request.at.timestamp() - START, request.status_code) for request in sandbox.requests()]
    assert found == [(10, 201), (20, 403), (30, 400)]


def test_a_late_copy_is_authorized_on_arrival(sandbox: FixedSandbox) -> None:
    sandbox.fault("send", effect="late", delay=30, ending="reset", times=2)
    lose(sandbox, "send", 4901)
    sandbox.add_key("SG.soon")
    lose(sandbox, "send", 4901, key="SG.soon", headers={"on-behalf-of": "acme"})
    sandbox.add_key("SG.soon", scopes=[])
    found = [(request.on_behalf_of, request.status_code) for request in sandbox.wait(30).requests()]
    assert found == [(None, 404), ("acme", 403)]


def test_a_file_keeps_late_copies_but_no_live_key(tmp_path: Path) -> None:
    live = f"SG.{'a' * 22}.{'b' * 43}"
    with FixedSandbox(tmp_path / "kept.db") as sandbox:
        for name, given in (("update", {"body": {"subject": "Überraschung"}}), ("send", {"key": live})):
            sandbox.fault(name, effect="late", delay=30, ending="reset")
            lose(sandbox, name, params={"a": "b"}, **given)  # type: ignore[arg-type]
        sandbox.advance(29)
    assert all(live.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    with FixedSandbox(tmp_path / "kept.db") as sandbox:
        assert sandbox.time == START + 29
        assert sandbox.do("get").json()["subject"] != "Überraschung"
        assert sandbox.wait(1).do("get").json()["subject"] == "Überraschung"


def pause(sandbox: Sandbox) -> None:
    sandbox.set_status(4900, "Paused")


def late(sandbox: Sandbox, name: str) -> None:
    sandbox.fault(name, effect="late", delay=30, ending="reset")


@pytest.mark.parametrize(
    ("plan", "script"),
    [
        (lambda it: it.fault("get", 2, answer=502), "get 200; get 502; get 200"),
        (lambda it: (it.do("get"), it.fault("get", 2, answer=502, times=2)), "get 200; get 502; get 502; get 200"),
        (lambda it: it.fault("send", effect="twice"), "send 201; mailed 0"),
        (lambda it: it.fault("send", effect="twice", answer="second"), "send 403; mailed 0"),
        (lambda it: late(it, "send"), "send lost; send 201; wait 40; mailed 0; status In Progress"),
        (lambda it: late(it, "send"), "send lost; wait 29.9; status Draft; mailed; wait 40; status In Progress"),
        (lambda it: late(it, "schedule"), "schedule 99 lost; schedule 99 201; unschedule 204; wait 99; mailed 99"),
        (lambda it: it.act("get", 2, pause), "status Draft; status Paused; status Paused"),
        (lambda it: it.act("get", 2, pause, when="after"), "status Draft; status Draft; status Paused"),
        (lambda it: it.lose_answer("send"), "send lost; mailed 0; status In Progress"),
        (lambda it: it.lose_answer("update", 2), "update 200; update lost; update 200"),
        (lambda it: it.outage(timedelta(minutes=1)), "send 503; wait 59; send 503; wait 1; send 201"),
        (
            lambda it: it.fault("send", effect="late", delay=timedelta(seconds=30), ending="reset"),
            "send lost; wait 29; mailed; wait 1; mailed 30",
        ),
        (
            lambda it: it.make_outcome_unknown("send", effect="none", seconds=timedelta(seconds=9)),
            "send lost; wait 8; get 503; wait 1; status Draft",
        ),
        (lambda it: it.outage(60), "send 503; get 503; wait 59.9; get 503; wait 0.1; get 200; mailed"),
        (lambda it: it.outage(20, ending="silence"), "send lost; wait 14; send lost; send 201"),
        (lambda it: (it.outage(60, ending="refused"), it.outage(0)), "send 201"),
        (
            lambda it: (it.outage(60, answer=502), it.fault("send", 2, effect="done", answer=504)),
            "send 502; send 504; send 502; mailed 0",
        ),
        (
            lambda it: it.make_outcome_unknown("send", 2, effect="none"),
            "send 201; send lost; wait 150; get 503; wait 30; get 200",
        ),
        (
            lambda it: it.make_outcome_unknown("delete", effect="done", seconds=10),
            "delete lost; wait 9; get 503; wait 1; get 404",
        ),
        (
            lambda it: [it.fault(name, answer=500 + number) for number, name in enumerate(OPERATIONS)],
            "; ".join(f"{name} {500 + number}" for number, name in enumerate(OPERATIONS)),
        ),
    ],
)
def test_a_plan(sandbox: FixedSandbox, plan: Callable[[FixedSandbox], Any], script: str) -> None:
    plan(sandbox)
    sandbox.play(script)


def test_threads_meet_each_plan_once(sandbox: FixedSandbox) -> None:
    sandbox.fault("get", answer=503, times=50)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: sandbox.do("get").status_code, range(80)))
    assert (codes.count(503), codes.count(200)) == (50, 30)


REFUSED_PLANS = [
    {"effect": "done"},
    {"cut": 5},
    {"raw": b"x", "effect": "none"},
    {"after": 3},
    {"operation": "connect"},
]
CONTRADICTIONS: dict[str, list[dict[str, Any]]] = {
    "operation 'post' is none of create, list": [{"operation": "post", "ending": "reset"}],
    r"'snd' is none of .*, connect\. Did you mean 'send'\?": [{"operation": "snd"}],
    "occurrence counts from 1": [{"occurrence": 0, "ending": "reset"}, {"occurrence": "1", "ending": "reset"}],
    "times counts from 1": [{"times": 0, "ending": "reset"}],
    "effect 'some' is none of none, done, late, twice": [{"effect": "some", "ending": "reset"}],
    "ending 'lost' is none of refused, reset": [{"ending": "lost"}],
    "the effect late, and no other, has a delay": [{"ending": "reset", "effect": "late"}, {"answer": 503, "delay": 5}],
    "delay is from 0 to 1e9 seconds": [{"ending": "reset", "effect": "late", "delay": -1}],
    "without a connection nothing is read": [{"ending": "refused", **more} for more in REFUSED_PLANS],
    "with cut= some of the answer arrives": [{"ending": "reset", "answer": 503}, {"ending": "reset", "drip": 1}],
    "a lost answer is not made up": [{"ending": "reset", "effect": "twice", "answer": "second"}],
    "the service answers only effects done": [{"effect": "none"}, {"effect": "late", "delay": 1, "cut": 5}],
    r"fault\('send', 1, effect='none', ending='closed', cut=0\): ": [{"effect": "none", "cut": 0}],
    "only the effect twice has a second answer": [{"answer": "second"}],
    "a status code, Canned, or 'second'": [{"answer": "first"}],
    "status_code": [{"answer": 99}, {"answer": True}],
    "cut is a number of bytes": [{"cut": -1}, {"cut": 1.5}],
    "drip is a number of seconds, or a timedelta": [{"drip": "1"}],
    "raw bytes take the place": [{"raw": b"x", "answer": 503}, {"raw": b"x", "cut": 3}],
    "raw is bytes": [{"raw": "x"}],
    "not read whole": [{"after": 3}, {"after": 3, "ending": "reset", "effect": "done"}],
    "has no effect and no answer": [{"operation": "connect", "answer": 503}],
}


@pytest.mark.parametrize(("plan", "why"), [(plan, why) for why, plans in CONTRADICTIONS.items() for plan in plans])
def test_contradictory_plans(sandbox: FixedSandbox, plan: dict[str, Any], why: str) -> None:
    with pytest.raises((ValueError, TypeError), match=why):
        sandbox.fault(**{"operation": "send", **plan})
    assert sandbox.unused_faults() == []


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda sandbox: Canned(200, {"Content-Length": "5"}), "adds the length"),
        (lambda sandbox: Canned(204, {}, b"x"), "an answer of 204 has no body"),
        (lambda sandbox: Canned(200, {}, "x"), "body is bytes"),  # type: ignore[arg-type]
        (lambda sandbox: sandbox.make_outcome_unknown("send", seconds=-1), "seconds is from 0"),
        (lambda sandbox: sandbox.outage(-1), "outage is from 0"),
        (lambda sandbox: sandbox.act("send", 1, Sandbox.now, when="during"), "when 'during' is none of before, after"),
        (lambda sandbox: sandbox.act("sent", 1, Sandbox.now), "is none of"),
        (lambda sandbox: sandbox.fault("get", 1, answer=503, times=2), "has a planned fault already"),
        *[
            (lambda sandbox, name=name: sandbox.make_outcome_unknown(name), "is none of create, update, delete")
            for name in ("get", "list", "get_schedule", "sent")
        ],
    ],
)
def test_other_invalid_calls(sandbox: FixedSandbox, call: Callable[[Sandbox], Any], why: str) -> None:
    sandbox.fault("get", 2, ending="reset")
    with pytest.raises((ValueError, TypeError), match=why):
        call(sandbox)
    assert sandbox.unused_faults() == ["fault('get', 2, effect='done', ending='reset')"]
    assert sandbox.do("get").status_code == 200
    lose(sandbox, "get")


def test_requests_of_an_action_meet_no_plans(sandbox: FixedSandbox) -> None:
    sandbox.act("get", 1, lambda sandbox: sandbox.client().send(4900), when="after")
    sandbox.fault("get", 2, answer=502)
    sandbox.fault("send", answer=503)
    assert [sandbox.do("get").status_code, sandbox.do("get").status_code, sandbox.send()] == [200, 502, 503]
    (mailing,) = sandbox.mailings()
    assert mailing.request is not None
    assert mailing.request.origin == "another client"


def test_several_actions_and_a_fault_at_one_request(sandbox: FixedSandbox) -> None:
    order: list[str] = []
    for name in ("one", "two"):
        sandbox.act("send", 1, lambda sandbox, name=name: order.append(name))  # type: ignore[misc]
    sandbox.act("send", 1, lambda sandbox: order.append(str(len(sandbox.mailings()))), when="after")
    sandbox.fault("send", effect="done", ending="reset")
    lose(sandbox, "send")
    assert order == ["one", "two", "1"]


def test_an_action_that_raises(sandbox: FixedSandbox) -> None:
    sandbox.act("get", 1, lambda sandbox: sandbox.set_status(1, "Paused"))
    with pytest.raises(ValueError, match="there is no campaign 1"):
        sandbox.do("get")
    assert sandbox.requests() == []
    sandbox.fault("get", answer=503)
    assert sandbox.do("get").status_code == 503  # no longer a request of the action


def planned() -> FixedSandbox:
    sandbox = FixedSandbox()
    sandbox.fault("get", 3, effect="none", answer=503)
    sandbox.act("get", 4, Sandbox.now)
    sandbox.do("get")
    return sandbox


def test_unmet_plans_raise_at_the_end() -> None:
    plans = ["fault('get', 2, effect='none', answer=503)", "act('get', 3, when='before')"]
    assert planned().unused_faults() == plans
    with pytest.raises(AssertionError) as raised, planned():
        pass
    assert f"plans that no request met: {'; '.join(plans)}. The code" in str(raised.value)
    sandbox = FixedSandbox()
    sandbox.fault("get", raw=bytes(10**6), times=1_000)
    with pytest.raises(AssertionError, match=r"; fault\('get', 5, .*x00'\.\.\.\) and 995 more\. ") as raised:
        sandbox.close()
    assert len(str(raised.value)) < 2_000


def test_unmet_plans_do_not_hide_another_exception() -> None:
    for block in (planned(), closing(planned())):
        with pytest.raises(ZeroDivisionError), block:
            raise ZeroDivisionError
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        with pytest.raises(AssertionError), planned():  # the other exception is handled outside of the block
            pass


def test_a_seed_repeats_the_random_choice() -> None:
    chosen = [[FixedSandbox().make_outcome_unknown("send", seed=seed) for seed in range(20)] for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert set(chosen[0]) == {"none", "done"}


def test_an_exception_notes_the_random_choices() -> None:
    sandbox = FixedSandbox()
    effect = sandbox.make_outcome_unknown("send")
    sandbox.make_outcome_unknown("create", effect="done")  # not random
    with pytest.raises(ZeroDivisionError) as raised, sandbox:
        raise ZeroDivisionError
    choice = f"sandbox.make_outcome_unknown('send', 1, effect='{effect}')"
    assert raised.value.__notes__ == [f"The sandbox chose at random: {choice}"]


@pytest.mark.parametrize(
    ("front_end", "plan", "use"),
    [
        ("transport", {"raw": b"HTTP/1"}, "use serve_faulty()"),
        ("transport", {"after": 3, "ending": "reset"}, "use serve_faulty()"),
        *[("serve", plan, "use ") for plan in ({"cut": 5}, {"drip": 0.1}, {"raw": b""})],
        *[(name, {"ending": "refused"}, "use transport(): a server has") for name in ("serve", "serve_faulty")],
    ],
)
def test_faults_that_a_front_end_cannot_play(front_end: str, plan: dict[str, Any], use: str) -> None:
    problem = re.escape(f"which {front_end}() cannot play: {use}")
    sandbox = FixedSandbox()
    sandbox.fault("send", **plan)
    if front_end == "transport":
        with pytest.raises(Exception, match=problem):
            sandbox.send()
    else:
        with getattr(sandbox, front_end)() as server:
            answer = httpx.post(f"{server.url}/v3/campaigns/4900/schedules/now", headers=HEADERS, trust_env=False)
        assert answer.status_code == 501
        assert re.search(problem, answer.text)
    assert sandbox.requests() == []
    with pytest.raises(AssertionError, match=problem):
        sandbox.close()
