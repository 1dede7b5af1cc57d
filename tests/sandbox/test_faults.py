"""Planned faults, in process: what becomes of a request and what its client sees, apart; outages; others who act."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from doubles import Colour
from sendgrid_campaigns import OutcomeUnknownError
from sendgrid_campaigns.sandbox import Canned, Knobs, Sandbox
from sendgrid_campaigns.sandbox.service import OPERATIONS

START = 1_800_000_000.0
KEY = {"Authorization": "Bearer SG.sandbox"}
CAMPAIGN = "https://api.sendgrid.com/v3/campaigns/4900"
NOW = CAMPAIGN + "/schedules/now"


def make(path: Path | None = None, knobs: Knobs | None = None) -> Sandbox:
    return Sandbox(path, clock=lambda: START, knobs=knobs)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with make() as sandbox:
        yield sandbox


@attrs.frozen
class Seen:
    """What a client got to see of one request: an answer, perhaps without its end, or none, and what was reported."""

    status_code: int | None
    body: bytes
    error: type[Exception] | None
    events: list[str]


@attrs.frozen
class Http:
    """A plain httpx client of a sandbox, in either colour."""

    colour: Colour
    client: Any

    def ask(self, method: str, url: str = CAMPAIGN, *, timeout: float = 7, **given: Any) -> Seen:
        return self.colour.do(self._ask, self.client.build_request(method, url, timeout=timeout, headers=KEY, **given))

    def send(self) -> Seen:
        return self.ask("POST", NOW)

    def get(self) -> Seen:
        return self.ask("GET")

    def _ask(self, request: httpx.Request) -> Any:
        events: list[str] = []
        if self.colour.http_class is httpx.Client:
            request.extensions["trace"] = lambda event, info: events.append(event)
            return self._blocking(request, events)

        async def trace(event: str, info: Any) -> None:
            events.append(event)

        request.extensions["trace"] = trace
        return self._awaiting(request, events)

    def _blocking(self, request: httpx.Request, events: list[str]) -> Seen:
        status_code, body = None, bytearray()
        try:
            response = self.client.send(request, stream=True)
            status_code = response.status_code
            for part in response.iter_bytes():
                body += part
        except httpx.HTTPError as error:
            return Seen(status_code, bytes(body), type(error), events)
        return Seen(status_code, bytes(body), None, events)

    async def _awaiting(self, request: httpx.Request, events: list[str]) -> Seen:
        status_code, body = None, bytearray()
        try:
            response = await self.client.send(request, stream=True)
            status_code = response.status_code
            async for part in response.aiter_bytes():
                body += part
        except httpx.HTTPError as error:
            return Seen(status_code, bytes(body), type(error), events)
        return Seen(status_code, bytes(body), None, events)


@pytest.fixture
def open_http(colour: Colour) -> Callable[[Sandbox], Http]:
    return lambda sandbox: Http(colour, colour.http_class(transport=sandbox.transport()))


@pytest.fixture
def http(open_http: Callable[[Sandbox], Http], sandbox: Sandbox) -> Http:
    return open_http(sandbox)


def raw(sandbox: Sandbox, method: str, url: str = CAMPAIGN, **given: Any) -> httpx.Response:
    with httpx.Client(transport=sandbox.transport(), headers=KEY) as http:
        return http.request(method, url, **given)


def ledger(sandbox: Sandbox) -> list[tuple[str, int, str]]:
    return [(request.method, request.status_code, request.origin) for request in sandbox.requests()]


SENT, REFUSED_COPY = ("POST", 201, "client"), ("POST", 403, "second copy")
WRITTEN = ["http11.send_request_headers.started"]
ERRORS = {"reset": httpx.ReadError, "closed": httpx.RemoteProtocolError, "silence": httpx.ReadTimeout}
EFFECTS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "none": ({"effect": "none"}, []),
    "done": ({"effect": "done"}, [SENT]),
    "late": ({"effect": "late", "delay": 30}, [("POST", 201, "late copy")]),
    "twice": ({"effect": "twice"}, [SENT, REFUSED_COPY]),
}

# --- what becomes of it, and what is seen ---


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("ending", ERRORS)
def test_any_effect_with_any_lost_answer(http: Http, sandbox: Sandbox, effect: str, ending: Any) -> None:
    how, handled = EFFECTS[effect]
    sandbox.fault("send", ending=ending, **how)
    assert http.send() == Seen(None, b"", ERRORS[ending], WRITTEN)
    assert sandbox.now().timestamp() == START + (7 if ending == "silence" else 0)
    sandbox.advance(30)
    assert ledger(sandbox) == handled
    assert len(sandbox.mailings()) == (effect != "none")


def test_a_connection_that_never_was(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send", ending="refused")
    events = ["connection.connect_tcp.started", "connection.connect_tcp.failed"]
    assert http.send() == Seen(None, b"", httpx.ConnectError, events)
    assert ledger(sandbox) == []


def test_without_a_trace_the_same_is_raised(sandbox: Sandbox) -> None:
    sandbox.fault("get", ending="reset")
    with pytest.raises(httpx.ReadError):
        raw(sandbox, "GET")


@pytest.mark.parametrize("effect", EFFECTS)
def test_any_effect_with_an_answer_of_something_on_the_way(http: Http, sandbox: Sandbox, effect: str) -> None:
    how, handled = EFFECTS[effect]
    sandbox.fault("send", answer=503, **how)
    seen = http.send()
    assert (seen.status_code, seen.error) == (503, None)
    assert b"<title>503 Service Unavailable</title>" in seen.body
    sandbox.advance(30)
    assert ledger(sandbox) == handled


def test_an_answer_that_is_made_up(sandbox: Sandbox) -> None:
    sandbox.fault("send", answer=Canned(201, {"X-Own": "1", "Content-Type": "application/json"}, b'{"id": 1}'))
    answer = raw(sandbox, "POST", NOW)
    assert (answer.status_code, answer.json(), answer.headers["x-own"]) == (201, {"id": 1}, "1")
    assert answer.headers["content-length"] == "9"
    assert ledger(sandbox) == []  # unless an effect is asked for, too


def test_a_body_that_cannot_be_decoded_is_for_the_client_to_find_out(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send", effect="done", answer=Canned(201, {"content-encoding": "gzip"}, b"no gzip"))
    assert http.send() == Seen(201, b"", httpx.DecodingError, WRITTEN)


@pytest.mark.parametrize(("answer", "status_code"), [(None, 201), ("second", 403)])
def test_which_of_two_answers(http: Http, sandbox: Sandbox, answer: Any, status_code: int) -> None:
    sandbox.fault("send", effect="twice", answer=answer)
    assert http.send().status_code == status_code
    assert ledger(sandbox) == [SENT, REFUSED_COPY]
    (mailing,) = sandbox.mailings()
    assert mailing.request == sandbox.requests()[0]


def test_what_no_rule_stops_is_done_twice(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("create", effect="twice")
    sandbox.fault("send_test", effect="twice")
    http.ask("POST", "https://api.sendgrid.com/v3/campaigns", json={"title": "x"})
    http.ask("POST", CAMPAIGN + "/schedules/test", json={"to": "a@example.com"})
    assert len(raw(sandbox, "GET", "https://api.sendgrid.com/v3/campaigns").json()["result"]) == 3
    assert len(sandbox.tests()) == 2


def whole(sandbox: Sandbox) -> tuple[bytes, bytes]:
    """The head and the body of an answer to a read, as bytes."""
    answer = raw(sandbox, "GET")
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), answer.content


@pytest.mark.parametrize("ending", [None, *ERRORS])
def test_a_cut_anywhere(http: Http, sandbox: Sandbox, ending: Any) -> None:
    head, body = whole(sandbox)
    for cut in (0, 1, 9, len(head) - 1, len(head), len(head) + 1, len(head + body) - 1, len(head + body), 10**6):
        sandbox.fault("get", cut=cut, ending=ending)
        before = sandbox.now()
        seen = http.get()
        died = cut < len(head + body)
        assert seen.status_code == (200 if cut >= len(head) else None)
        assert seen.body == (head + body)[len(head) : max(cut, len(head))]
        assert seen.error is (ERRORS[ending or "closed"] if died else None)
        assert (sandbox.now() - before).total_seconds() == (7 if died and ending == "silence" else 0)


def test_an_answer_that_drips_takes_the_sandboxs_time(http: Http, sandbox: Sandbox) -> None:
    head, body = whole(sandbox)
    seconds_of_head = len(head) * 0.01
    for patience, status_code, error in ((1e4, 200, None), (seconds_of_head + 0.1, 200, True), (1, None, True)):
        sandbox.fault("get", drip=0.01)
        before = sandbox.now()
        seen = http.ask("GET", timeout=patience)
        took = (sandbox.now() - before).total_seconds()
        assert (seen.status_code, seen.error) == (status_code, httpx.ReadTimeout if error else None)
        assert took == pytest.approx(min(patience, 0.01 * len(head + body)))


def test_nobody_waits_for_ever(sandbox: Sandbox) -> None:
    sandbox.fault("get", ending="silence")
    with pytest.raises(Exception, match="has no read timeout, and would wait for ever"):
        raw(sandbox, "GET", timeout=None)


# --- copies that come late ---


def test_a_late_copy_is_a_request_of_its_own(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send", effect="late", delay=30, ending="silence")
    http.send()
    sandbox.advance(22.9)
    assert (ledger(sandbox), sandbox.mailings()) == ([], [])
    sandbox.advance(10)
    (mailing,) = sandbox.mailings()
    assert mailing.request == sandbox.requests()[0]
    assert mailing.request.origin == "late copy"
    assert mailing.at.timestamp() == mailing.request.at.timestamp() == START + 30
    assert raw(sandbox, "GET").json()["status"] == "In Progress"


def test_the_draft_rule_holds_for_late_copies(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send", effect="late", delay=30, ending="reset")
    http.send()
    http.send()
    sandbox.advance(40)
    assert ledger(sandbox) == [SENT, ("POST", 403, "late copy")]
    assert len(sandbox.mailings()) == 1


def test_a_late_copy_sends_what_somebody_stopped(http: Http, sandbox: Sandbox) -> None:
    in_an_hour = int(START) + 3_600
    sandbox.fault("schedule", effect="late", delay=30, ending="reset")
    http.ask("POST", CAMPAIGN + "/schedules", json={"send_at": in_an_hour})
    http.ask("POST", CAMPAIGN + "/schedules", json={"send_at": in_an_hour})
    http.ask("DELETE", CAMPAIGN + "/schedules")
    sandbox.advance(3_600)
    (mailing,) = sandbox.mailings()
    assert mailing.request is not None
    assert mailing.request.origin == "late copy"


def test_everything_happens_in_its_order(http: Http, sandbox: Sandbox) -> None:
    """Late copies and scheduled mail, all due before anybody looks again."""
    sandbox.set_credits(2 * 1630)  # of three mailings the last is refused, or goes out on credit
    scheduled = sandbox.create_campaign(status="Scheduled", send_at=sandbox.now() + timedelta(seconds=20))
    other = sandbox.create_campaign()
    for url, delay in ((NOW, 30), (NOW.replace("4900", str(other)), 10)):
        sandbox.fault("send", effect="late", delay=delay, ending="closed")
        http.ask("POST", url)
    sandbox.fault("unschedule", effect="late", delay=20, ending="closed")
    http.ask("DELETE", CAMPAIGN.replace("4900", str(scheduled)) + "/schedules")
    sandbox.advance(1_000)
    found = [(mailing.campaign_id, mailing.at.timestamp() - START) for mailing in sandbox.mailings()]
    assert found == [(other, 10), (scheduled, 20)]
    # What came at the very second of the mail came too late, and the credits were gone for what came last.
    assert [(r.at.timestamp() - START, r.status_code) for r in sandbox.requests()] == [(10, 201), (20, 403), (30, 400)]


def test_a_late_test_is_there_when_it_is_looked_for(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send_test", effect="late", delay=30, ending="reset")
    http.ask("POST", CAMPAIGN + "/schedules/test", json={"to": "a@example.com"})
    assert sandbox.tests() == []
    sandbox.advance(30)
    assert [test.at.timestamp() for test in sandbox.tests()] == [START + 30]


def test_late_copies_are_let_in_when_they_come(http: Http, sandbox: Sandbox) -> None:
    sandbox.fault("send", effect="late", delay=30, ending="reset", times=2)
    http.ask("POST", NOW.replace("4900", "4901"))
    sandbox.add_key("SG.soon")
    headers = {"Authorization": "Bearer SG.soon", "on-behalf-of": "acme"}
    with pytest.raises(httpx.ReadError):
        raw(sandbox, "POST", NOW.replace("4900", "4901"), headers=headers)
    sandbox.add_key("SG.soon", scopes=[])
    sandbox.advance(30)
    assert [(request.on_behalf_of, request.status_code) for request in sandbox.requests()] == [
        (None, 404),
        ("acme", 403),
    ]


def test_late_copies_are_kept_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with make(path) as sandbox:
        sandbox.fault("update", effect="late", delay=30, ending="reset")
        with pytest.raises(httpx.ReadError):
            raw(sandbox, "PATCH", json={"subject": "Überraschung"}, params={"a": "b"})
    with make(path) as sandbox:
        assert raw(sandbox, "GET").json()["subject"] != "Überraschung"
        sandbox.advance(30)
        assert raw(sandbox, "GET").json()["subject"] == "Überraschung"


def test_a_live_key_is_not_kept(tmp_path: Path) -> None:
    live = f"SG.{'a' * 22}.{'b' * 43}"
    with make(tmp_path / "state.db") as sandbox:
        sandbox.fault("send", effect="late", delay=30, ending="reset")
        with pytest.raises(httpx.ReadError):
            raw(sandbox, "POST", NOW, headers={"Authorization": f"Bearer {live}"})
    assert all(live.encode() not in file.read_bytes() for file in tmp_path.iterdir())


# --- which request ---


def test_requests_are_counted_from_the_plan_on(http: Http, sandbox: Sandbox) -> None:
    http.get()
    sandbox.fault("get", 2, answer=502)
    http.get()
    sandbox.fault("get", 2, answer=504, times=2)
    sandbox.fault("list", answer=500)
    assert [http.get().status_code for _ in range(4)] == [502, 504, 504, 200]
    assert http.ask("GET", "https://api.sendgrid.com/v3/campaigns").status_code == 500


REQUESTS = {
    "create": ("POST", ""),
    "list": ("GET", ""),
    "get": ("GET", "/4900"),
    "update": ("PATCH", "/4900"),
    "delete": ("DELETE", "/4900"),
    "schedule": ("POST", "/4900/schedules"),
    "reschedule": ("PATCH", "/4900/schedules"),
    "get_schedule": ("GET", "/4900/schedules"),
    "unschedule": ("DELETE", "/4900/schedules"),
    "send": ("POST", "/4900/schedules/now"),
    "send_test": ("POST", "/4900/schedules/test"),
}


def test_every_operation_by_its_name(sandbox: Sandbox) -> None:
    assert sorted(REQUESTS) == sorted(OPERATIONS)
    for number, name in enumerate(REQUESTS):
        sandbox.fault(name, answer=500 + number)
    answers = [raw(sandbox, method, f"https://x.example/v3/campaigns{path}") for method, path in REQUESTS.values()]
    assert [answer.status_code for answer in answers] == list(range(500, 511))


def test_threads_meet_each_plan_once(sandbox: Sandbox) -> None:
    sandbox.fault("get", answer=503, times=50)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: raw(sandbox, "GET").status_code, range(80)))
    assert (codes.count(503), codes.count(200)) == (50, 30)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"operation": "post", "ending": "reset"}, "'post' is none of create, list"),
        ({"occurrence": 0, "ending": "reset"}, "occurrence is counted from 1"),
        ({"times": 0, "ending": "reset"}, "times is counted from 1"),
        ({"effect": "some", "ending": "reset"}, "'effect' must be in"),
        ({"ending": "reset", "effect": "late"}, "a late effect has a delay"),
        ({"ending": "reset", "delay": 5}, "a late effect has a delay"),
        ({"ending": "reset", "effect": "late", "delay": -1}, "delay"),
        ({"ending": "lost"}, "'ending' must be in"),
        ({"ending": "refused", "effect": "done"}, "without a connection there is no effect"),
        ({"ending": "refused", "cut": 5}, "without a connection"),
        ({"ending": "refused", "raw": b"x", "effect": "none"}, "without a connection"),
        ({"ending": "reset", "answer": 503}, "cut= lets some of it arrive"),
        ({"ending": "reset", "effect": "twice", "answer": "second"}, "cut= lets some of it arrive"),
        ({"ending": "reset", "drip": 1}, "does not drip"),
        ({"effect": "none"}, "nobody answers that: give an answer"),
        ({"effect": "late", "delay": 1, "cut": 5}, "nobody answers that"),
        ({"answer": "second"}, "only of what is done twice"),
        ({"answer": "first"}, "a status code, Canned, or 'second'"),
        ({"answer": 99}, "status_code"),
        ({"answer": True}, "status_code"),
        (
            {"operation": "get", "cut": 0, "effect": "none"},
            r"fault\('get', 1, effect='none', ending='closed', cut=0\): ",
        ),
        ({"cut": -1}, "cut"),
        ({"cut": 1.5}, "cut"),
        ({"raw": b"x", "answer": 503}, "raw bytes take the place"),
        ({"raw": b"x", "cut": 3}, "raw bytes take the place"),
        ({"raw": "x"}, "raw"),
        ({"after": 3}, "of a request that is not read whole"),
        ({"after": 3, "ending": "reset", "effect": "done"}, "of a request that is not read whole"),
        ({"after": 3, "ending": "refused"}, "without a connection"),
        ({"operation": "connect", "answer": 503}, "of a request that is not read whole"),
        ({"operation": "connect", "ending": "refused"}, "without a connection"),
    ],
    ids=str,
)
def test_what_cannot_be_planned(sandbox: Sandbox, given: dict[str, Any], why: str) -> None:
    with pytest.raises((ValueError, TypeError), match=why):
        sandbox.fault(**{"operation": "send", **given})
    assert sandbox.unused_faults() == []


def test_more_that_cannot_be_planned(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="gets its length by itself"):
        Canned(200, {"Content-Length": "5"})
    with pytest.raises(ValueError, match="an answer of 204 has no body"):
        Canned(204, {}, b"x")
    with pytest.raises(ValueError, match="an outage lasts"):
        sandbox.outage(-1)
    with pytest.raises(ValueError, match="'before' or 'after'"):
        sandbox.act("send", 1, Sandbox.now, when="during")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is none of"):
        sandbox.act("sent", 1, Sandbox.now)
    sandbox.fault("get", 2, ending="reset")
    with pytest.raises(ValueError, match="a fault is planned there already"):
        sandbox.fault("get", 1, answer=503, times=2)
    assert sandbox.unused_faults() == ["fault('get', 2, effect='done', ending='reset')"]
    assert raw(sandbox, "GET").status_code == 200
    with pytest.raises(httpx.ReadError):
        raw(sandbox, "GET")


# --- outages ---


def test_an_outage(http: Http, sandbox: Sandbox) -> None:
    sandbox.outage(60)
    assert [http.send().status_code, http.get().status_code] == [503, 503]
    sandbox.advance(59.9)
    assert http.get().status_code == 503
    sandbox.advance(0.1)
    assert http.get().status_code == 200
    assert ledger(sandbox) == [("GET", 200, "client")]


def test_an_outage_that_is_silent_or_is_ended(http: Http, sandbox: Sandbox) -> None:
    sandbox.outage(20, ending="silence")
    assert [http.get().error for _ in range(4)] == [httpx.ReadTimeout] * 3 + [None]  # 7 s each
    sandbox.outage(60, ending="refused")
    assert http.send().error is httpx.ConnectError
    sandbox.outage(0)
    assert http.send().status_code == 201


def test_a_plan_goes_before_an_outage(http: Http, sandbox: Sandbox) -> None:
    sandbox.outage(60, answer=502)
    sandbox.fault("send", 2, effect="done", answer=504)
    assert [http.send().status_code for _ in range(3)] == [502, 504, 502]
    assert len(sandbox.mailings()) == 1


# --- somebody else ---


@pytest.mark.parametrize(("when", "seen", "after"), [("before", "Paused", "Paused"), ("after", "Draft", "Paused")])
def test_somebody_acts_at_a_request(http: Http, sandbox: Sandbox, when: Any, seen: str, after: str) -> None:
    sandbox.act("get", 2, lambda sandbox: sandbox.set_status(4900, "Paused"), when=when)
    assert json.loads(http.get().body)["status"] == "Draft"
    assert [json.loads(http.get().body)["status"] for _ in range(2)] == [seen, after]


def test_what_somebody_does_is_told_apart_and_meets_no_plan(http: Http, sandbox: Sandbox) -> None:
    sandbox.act("get", 1, lambda sandbox: sandbox.client().send(4900), when="after")
    sandbox.fault("get", 2, answer=502)
    sandbox.fault("send", answer=503)
    assert [http.get().status_code, http.get().status_code, http.send().status_code] == [200, 502, 503]
    (mailing,) = sandbox.mailings()
    assert mailing.request is not None
    assert mailing.request.origin == "somebody else"


def test_several_act_and_faults_are_met_as_well(http: Http, sandbox: Sandbox) -> None:
    order: list[str] = []
    for name in ("one", "two"):
        sandbox.act("send", 1, lambda sandbox, name=name: order.append(name))  # type: ignore[misc]
    sandbox.act("send", 1, lambda sandbox: order.append(str(len(sandbox.mailings()))), when="after")
    sandbox.fault("send", effect="done", ending="reset")
    assert http.send().error is httpx.ReadError
    assert order == ["one", "two", "1"]


def test_an_act_that_fails(sandbox: Sandbox) -> None:
    sandbox.act("get", 1, lambda sandbox: sandbox.set_status(1, "Paused"))
    with pytest.raises(ValueError, match="there is no campaign 1"):
        raw(sandbox, "GET")
    assert sandbox.requests() == []
    sandbox.fault("get", answer=503)
    assert raw(sandbox, "GET").status_code == 503  # it is nobody else's any more


# --- plans that nothing met ---


def test_plans_that_were_not_used_fail_the_test() -> None:
    def in_a_block() -> None:
        with make() as sandbox:
            sandbox.fault("send", 2, effect="none", answer=503)
            sandbox.act("get", 3, Sandbox.now)
            raw(sandbox, "POST", NOW)
            assert sandbox.unused_faults() == [
                "fault('send', 1, effect='none', answer=503)",
                "act('get', 3, when='before')",
            ]

    with pytest.raises(AssertionError) as raised:
        in_a_block()
    assert (
        "plans that no request met: fault('send', 1, effect='none', answer=503); act('get', 3, when='before'). The code"
    ) in str(raised.value)
    sandbox = make()
    sandbox.fault("get", raw=bytes(10**6), times=1_000)
    with pytest.raises(AssertionError, match=r"; fault\('get', 5, .*x00'\.\.\.\) and 995 more\. ") as raised:
        sandbox.close()
    assert len(str(raised.value)) < 2_000


def test_another_exception_is_not_hidden() -> None:
    def in_a_block() -> None:
        with make() as sandbox:
            sandbox.fault("send", ending="reset")
            raise ZeroDivisionError

    def finally_closed() -> None:
        sandbox = make()
        sandbox.fault("send", ending="reset")
        try:
            raise ZeroDivisionError
        finally:
            sandbox.close()

    def in_a_handler() -> None:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            with make() as sandbox:  # that exception is dealt with
                sandbox.fault("send", ending="reset")

    for test, kind in (
        (in_a_block, ZeroDivisionError),
        (finally_closed, ZeroDivisionError),
        (in_a_handler, AssertionError),
    ):
        with pytest.raises(kind):
            test()


# --- the outcome unknown, in one line ---


@pytest.mark.parametrize("effect", ["none", "done"])
def test_a_send_whose_outcome_is_unknown(colour: Colour, sandbox: Sandbox, effect: Any) -> None:
    campaigns = sandbox.client() if colour.http_class is httpx.Client else sandbox.async_client()
    assert sandbox.buggify("send", effect=effect) == effect
    colour.error(OutcomeUnknownError, campaigns.send, 4900)
    sandbox.outage(0)
    assert colour.do(campaigns.get, 4900).is_draft == (effect == "none")
    assert len(sandbox.mailings()) == (effect == "done")


def test_nothing_is_read_for_longer_than_a_call(http: Http, sandbox: Sandbox) -> None:
    sandbox.buggify("send", 2, effect="none")
    sandbox.buggify("delete", effect="done", seconds=10)
    assert http.send().status_code == 201
    assert http.send().error is httpx.ReadError
    sandbox.advance(120 + 30)
    assert http.get().status_code == 503
    sandbox.advance(30)
    assert http.get().status_code == 200
    assert http.ask("DELETE").error is httpx.ReadError
    sandbox.advance(10)
    assert http.get().status_code == 404


def test_dice_that_fall_the_same_way_again() -> None:
    fallen = []
    for seed in range(20):
        sandboxes = [make(), make()]
        one, other = (sandbox.buggify("send", seed=seed) for sandbox in sandboxes)
        assert one == other
        fallen.append(one)
    assert set(fallen) == {"none", "done"}


def test_a_failing_test_says_how_the_dice_fell() -> None:
    def failing() -> str:
        with make() as sandbox:
            effects.append(sandbox.buggify("send"))
            sandbox.buggify("create", effect="done")  # nothing was left to chance
            raise ZeroDivisionError

    effects: list[str] = []
    with pytest.raises(ZeroDivisionError) as raised:
        failing()
    assert raised.value.__notes__ == [
        f"The dice of the sandbox gave: sandbox.buggify('send', 1, effect='{effects[0]}')"
    ]


def test_only_writes_have_an_outcome(sandbox: Sandbox) -> None:
    for name in ("get", "list", "get_schedule", "sent"):
        with pytest.raises(ValueError, match="is none of create, update, delete"):
            sandbox.buggify(name)


# --- what a door cannot play ---


@pytest.mark.parametrize("how", [{"raw": b"HTTP/1"}, {"after": 3, "ending": "reset"}])
def test_in_process_there_are_no_bytes(how: dict[str, Any]) -> None:
    sandbox = make()
    sandbox.fault("send", **how)
    with pytest.raises(Exception, match=r"transport\(\) cannot play"):
        raw(sandbox, "POST", NOW)
    assert sandbox.requests() == []
    with pytest.raises(AssertionError, match=r"which transport\(\) cannot play: use serve_faulty\(\)"):
        sandbox.close()


def test_what_the_plain_server_can_play_and_what_not() -> None:
    sandbox = make()
    with sandbox.serve() as server, httpx.Client(base_url=server.url, headers=KEY, trust_env=False) as http:
        sandbox.fault("get", answer=502)
        sandbox.fault("send", effect="twice", answer="second")
        sandbox.act("get", 2, lambda sandbox: sandbox.set_status(4900, "Paused"))
        get, send = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"
        assert [http.get(get).status_code, http.get(get).json()["status"]] == [502, "Paused"]
        sandbox.set_status(4900, "Draft")
        assert http.post(send).status_code == 403
        sandbox.outage(60)
        assert http.get(get).status_code == 503
        sandbox.outage(0)
        assert sandbox.unused_faults() == []
        before = sandbox.requests()
        for how in ({"ending": "reset"}, {"cut": 5}, {"drip": 0.1}, {"ending": "refused"}, {"raw": b""}):
            sandbox.fault("send", **how)  # type: ignore[arg-type]
            answer = http.post(send)
            assert answer.status_code == 501
            assert "serve() cannot play" in answer.text
        assert sandbox.requests() == before
    with pytest.raises(AssertionError, match=r"which serve\(\) cannot play: use"):
        sandbox.close()
