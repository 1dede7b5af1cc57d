"""Serve a sandbox over HTTP, its state in a file, in a process of its own.

python -m bulk.service SETTINGS    print the URL and the campaigns as JSON; a line `outage 20` on standard input begins
                                   an outage of so many seconds, and the end of standard input ends the server
"""

import json
import random
import sys
from typing import Any

from sendgrid_campaigns.sandbox import Knobs, Sandbox


def main(file: str, rows: int, accounts: int, knobs: dict[str, Any], lost: float, seed: int) -> None:
    """Serve. lost: the share of answers that are lost, half of them to requests that were carried out."""
    sandbox = Sandbox(file, knobs=Knobs(campaign_limit=rows, **knobs))
    names = [f"subuser{number}" for number in range(accounts)]
    for name in names:
        sandbox.add_subuser(name)
    campaigns = [
        (name := names[number % accounts], sandbox.create_campaign(on_behalf_of=name)) for number in range(rows)
    ]
    chance = random.Random(seed)  # noqa: S311
    for operation in ("send", "get") if lost else ():
        for number in range(1, 3 * rows):
            if chance.random() < lost:
                sandbox.fault(operation, number, effect=chance.choice(("done", "none")), ending="reset")
    with sandbox.serve_faulty() if lost else sandbox.serve() as server:
        print(json.dumps({"url": server.url, "campaigns": campaigns}), flush=True)
        for line in sys.stdin:
            sandbox.outage(float(line.removeprefix("outage ")))
    sandbox.close(check=False)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
