"""Planned faults in process: effects, answers and endings; late copies; outages; actions; plans that no request met."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.helpers import HEADERS, OPERATIONS, START, FixedSandbox, Style
from sendgrid_campaigns import OutcomeUnknownError
from sendgrid_campaigns.sandbox import Canned, Sandbox
from sendgrid_campaigns.sandbox.service import OPERATIONS as NAMES

CAMPAIGN = "https://api.sendgrid.com/v3/campaigns/4900"
SEND = "POST", "/schedules/now"


Seen = tuple[int | None, bytes, type[Exception] | None, list[str]]
"""One request as its client sees it: the status code and the body, if any, the error, and the trace events."""


@pytest.fixture
def see(style: Style, sandbox: FixedSandbox) -> Callable[..., Seen]:
    """Make a request with a plain httpx client, sync or async."""
    http = style.http(transport=sandbox.transport())

    def see(method: str, path: str = "", timeout: float = 7) -> Seen:
        events: list[str] = []

        async def trace(event: str, info: Any) -> None:
            events.append(event)

        request = http.build_request(method, CAMPAIGN + path, timeout=timeout)
        request.extensions["trace"] = (lambda event, info: events.append(event)) if style.sync else trace
        status_code, body = None, bytearray()
        try:
            response = style.do(http.send, request, stream=True)
            status_code = response.status_code
            style.read(response, body)
        except httpx.HTTPError as error:
            return status_code, bytes(body), type(error), events
        return status_code, bytes(body), None, events

    return see


See = Callable[..., Seen]


def lose(sandbox: FixedSandbox, name: str, id: int = 4900, **given: Any) -> None:
    """Make a request whose answer is lost."""
    with pytest.raises(httpx.TransportError):
        sandbox.do(name, id, **given)


SENT = ("POST", 201, "client")
WRITTEN = ["http11.send_request_headers.started"]
REFUSED = ["connection.connect_tcp.started", "connection.connect_tcp.failed"]
ERRORS = {"reset": httpx.ReadError, "closed": httpx.RemoteProtocolError, "silence": httpx.ReadTimeout}
EFFECTS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "none": ({"effect": "none"}, []),
    "done": ({"effect": "done"}, [SENT]),
    "late": ({"effect": "late", "delay": 30}, [("POST", 201, "late copy")]),
    "twice": ({"effect": "twice"}, [SENT, ("POST", 403, "second copy")]),
}

# --- effects, answers and endings ---


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


def test_made_up_answers(see: See, sandbox: FixedSandbox) -> None:
    sandbox.fault("send", answer=Canned(201, {"X-Own": "1", "Content-Type": "application/json"}, b'{"id": 1}'))
    answer = sandbox.do("send")
    assert (answer.status_code, answer.json(), answer.headers["x-own"]) == (201, {"id": 1}, "1")
    assert answer.headers["content-length"] == "9"
    assert sandbox.ledger == []
    sandbox.fault("send", effect="done", answer=Canned(201, {"content-encoding": "gzip"}, b"no gzip"))
    assert see(*SEND) == (201, b"", httpx.DecodingError, WRITTEN)
    assert sandbox.ledger == [SENT]


@pytest.mark.parametrize(("answer", "status_code"), [(None, 201), ("second", 403)])
def test_the_answer_to_either_copy(sandbox: FixedSandbox, answer: Any, status_code: int) -> None:
    sandbox.fault("send", effect="twice", answer=answer)
    assert sandbox.send() == status_code
    assert sandbox.ledger == EFFECTS["twice"][1]
    (mailing,) = sandbox.mailings()
    assert mailing.request == sandbox.requests()[0]


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


# --- late copies ---


def test_a_late_copy_is_a_request_of_its_own(sandbox: FixedSandbox) -> None:
    for name in ("send_test", "send"):
        sandbox.fault(name, effect="late", delay=30, ending="reset")
        lose(sandbox, name)
    assert (sandbox.wait(29.9).tests(), sandbox.mailings(), sandbox.ledger) == ([], [], [])
    assert [test.at.timestamp() for test in sandbox.wait(10).tests()] == [START + 30]
    assert sandbox.mailed == [30]
    request = sandbox.requests()[1]
    assert (sandbox.mailings()[0].request, request.origin, request.at.timestamp()) == (request, "late copy", START + 30)
    assert sandbox.status() == "In Progress"


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
    assert all(live.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    with FixedSandbox(tmp_path / "kept.db") as sandbox:
        assert sandbox.do("get").json()["subject"] != "Überraschung"
        assert sandbox.wait(30).do("get").json()["subject"] == "Überraschung"


# --- which request ---


def test_occurrences_count_from_the_plan_on(sandbox: FixedSandbox) -> None:
    sandbox.do("get")
    sandbox.fault("get", 2, answer=502)
    sandbox.do("get")
    sandbox.fault("get", 2, answer=504, times=2)
    assert [sandbox.do("get").status_code for _ in range(4)] == [502, 504, 504, 200]


def test_every_operation_by_its_name(sandbox: FixedSandbox) -> None:
    assert sorted(OPERATIONS) == sorted(NAMES)
    for number, name in enumerate(OPERATIONS):
        sandbox.fault(name, answer=500 + number)
    assert [sandbox.do(name).status_code for name in OPERATIONS] == list(range(500, 511))


def test_threads_meet_each_plan_once(sandbox: FixedSandbox) -> None:
    sandbox.fault("get", answer=503, times=50)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: sandbox.do("get").status_code, range(80)))
    assert (codes.count(503), codes.count(200)) == (50, 30)


NO_CONNECTION = "without a connection nothing is read, handled or answered"
LOST = "with cut= some of the answer arrives"
UNANSWERED = "the service answers only effects done and twice"
RAW = "raw bytes take the place"
UNREAD = "a request that is not read whole has no effect"
LATE = "the effect late, and no other, has a delay"


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ({"operation": "post", "ending": "reset"}, "'post' is none of create, list"),
        ({"occurrence": 0, "ending": "reset"}, "occurrence counts from 1"),
        ({"times": 0, "ending": "reset"}, "times counts from 1"),
        ({"effect": "some", "ending": "reset"}, "'effect' must be in"),
        ({"ending": "reset", "effect": "late"}, LATE),
        ({"ending": "reset", "delay": 5}, LATE),
        ({"ending": "reset", "effect": "late", "delay": -1}, "delay"),
        ({"ending": "lost"}, "'ending' must be in"),
        ({"ending": "refused", "effect": "done"}, NO_CONNECTION),
        ({"ending": "refused", "cut": 5}, NO_CONNECTION),
        ({"ending": "refused", "raw": b"x", "effect": "none"}, NO_CONNECTION),
        ({"ending": "refused", "after": 3}, NO_CONNECTION),
        ({"ending": "refused", "operation": "connect"}, NO_CONNECTION),
        ({"ending": "reset", "answer": 503}, LOST),
        ({"ending": "reset", "effect": "twice", "answer": "second"}, LOST),
        ({"ending": "reset", "drip": 1}, "does not drip"),
        ({"effect": "none"}, UNANSWERED),
        ({"effect": "late", "delay": 1, "cut": 5}, UNANSWERED),
        ({"effect": "none", "cut": 0}, r"fault\('send', 1, effect='none', ending='closed', cut=0\): "),
        ({"answer": "second"}, "only the effect twice has a second answer"),
        ({"answer": "first"}, "a status code, Canned, or 'second'"),
        ({"answer": 99}, "status_code"),
        ({"answer": True}, "status_code"),
        ({"cut": -1}, "cut"),
        ({"cut": 1.5}, "cut"),
        ({"raw": b"x", "answer": 503}, RAW),
        ({"raw": b"x", "cut": 3}, RAW),
        ({"raw": "x"}, "raw"),
        ({"after": 3}, UNREAD),
        ({"after": 3, "ending": "reset", "effect": "done"}, UNREAD),
        ({"operation": "connect", "answer": 503}, UNREAD),
    ],
    ids=str,
)
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
        (lambda sandbox: sandbox.outage(-1), "an outage lasts"),
        (lambda sandbox: sandbox.act("send", 1, Sandbox.now, when="during"), "'before' or 'after'"),
        (lambda sandbox: sandbox.act("sent", 1, Sandbox.now), "is none of"),
        (lambda sandbox: sandbox.fault("get", 1, answer=503, times=2), "has a planned fault already"),
        *[
            (lambda sandbox, name=name: sandbox.buggify(name), "is none of create, update, delete")
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


# --- outages ---


def test_an_outage(see: See, sandbox: FixedSandbox) -> None:
    sandbox.outage(60)
    assert [sandbox.send(), sandbox.do("get").status_code] == [503, 503]
    assert [sandbox.wait(seconds).do("get").status_code for seconds in (59.9, 0.1)] == [503, 200]
    assert sandbox.ledger == [("GET", 200, "client")]
    sandbox.outage(20, ending="silence")
    assert [see("GET")[2] for _ in range(4)] == [httpx.ReadTimeout] * 3 + [None]  # 7 s each
    sandbox.outage(60, ending="refused")
    assert see(*SEND)[2] is httpx.ConnectError
    sandbox.outage(0)
    assert see(*SEND)[0] == 201


def test_a_planned_fault_goes_before_an_outage(sandbox: FixedSandbox) -> None:
    sandbox.outage(60, answer=502)
    sandbox.fault("send", 2, effect="done", answer=504)
    assert [sandbox.send() for _ in range(3)] == [502, 504, 502]
    assert len(sandbox.mailings()) == 1


# --- actions of another client ---


@pytest.mark.parametrize(("when", "seen"), [("before", "Paused"), ("after", "Draft")])
def test_an_action_at_a_request(sandbox: FixedSandbox, when: Any, seen: str) -> None:
    sandbox.act("get", 2, lambda sandbox: sandbox.set_status(4900, "Paused"), when=when)
    assert [sandbox.status() for _ in range(3)] == ["Draft", seen, "Paused"]


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


# --- plans that no request met ---


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


# --- unknown outcomes ---


@pytest.mark.parametrize("effect", ["none", "done"])
def test_a_send_of_unknown_outcome(style: Style, sandbox: FixedSandbox, effect: Any) -> None:
    assert sandbox.buggify("send", effect=effect) == effect
    style.error(OutcomeUnknownError, style.client(sandbox).send, 4900)
    sandbox.outage(0)
    assert sandbox.status() == ("Draft" if effect == "none" else "In Progress")
    assert len(sandbox.mailings()) == (effect == "done")


def test_the_outage_of_buggify(sandbox: FixedSandbox) -> None:
    sandbox.buggify("send", 2, effect="none")
    sandbox.buggify("delete", effect="done", seconds=10)
    assert sandbox.send() == 201
    lose(sandbox, "send")
    assert [sandbox.wait(seconds).do("get").status_code for seconds in (150, 30)] == [503, 200]
    lose(sandbox, "delete")
    assert [sandbox.wait(seconds).do("get").status_code for seconds in (9, 1)] == [503, 404]


def test_a_seed_repeats_the_random_choice() -> None:
    chosen = [[FixedSandbox().buggify("send", seed=seed) for seed in range(20)] for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert set(chosen[0]) == {"none", "done"}


def test_an_exception_notes_the_random_choices() -> None:
    sandbox = FixedSandbox()
    effect = sandbox.buggify("send")
    sandbox.buggify("create", effect="done")  # not random
    with pytest.raises(ZeroDivisionError) as raised, sandbox:
        raise ZeroDivisionError
    choice = f"sandbox.buggify('send', 1, effect='{effect}')"
    assert raised.value.__notes__ == [f"The sandbox chose at random: {choice}"]


# --- faults that a front end cannot play ---


@pytest.mark.parametrize("plan", [{"raw": b"HTTP/1"}, {"after": 3, "ending": "reset"}])
def test_transport_cannot_play_bytes(plan: dict[str, Any]) -> None:
    sandbox = FixedSandbox()
    sandbox.fault("send", **plan)
    with pytest.raises(Exception, match=r"transport\(\) cannot play"):
        sandbox.send()
    assert sandbox.requests() == []
    with pytest.raises(AssertionError, match=r"which transport\(\) cannot play: use serve_faulty\(\)"):
        sandbox.close()


def test_serve_plays_effects_and_whole_answers_only() -> None:
    sandbox = FixedSandbox()
    with sandbox.serve() as server:
        url = f"{server.url}/v3/campaigns/4900/schedules/now"
        sandbox.fault("send", answer=502)
        sandbox.fault("send", 2, effect="twice", answer="second")
        sandbox.act("send", 3, lambda sandbox: sandbox.set_status(4900, "Draft"))
        for status_code in (502, 403, 201):
            assert httpx.post(url, headers=HEADERS, trust_env=False).status_code == status_code
        before = sandbox.requests()
        for plan in ({"ending": "reset"}, {"cut": 5}, {"drip": 0.1}, {"ending": "refused"}, {"raw": b""}):
            sandbox.fault("send", **plan)  # type: ignore[arg-type]
            answer = httpx.post(url, headers=HEADERS, trust_env=False)
            assert answer.status_code == 501
            assert "serve() cannot play" in answer.text
        assert sandbox.requests() == before
    with pytest.raises(AssertionError, match=r"which serve\(\) cannot play: use"):
        sandbox.close()
