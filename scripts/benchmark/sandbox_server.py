"""The sandbox at its HTTP door, in the project's own environment: the benchmark's has no uvicorn, nor should it.

sandbox_server.py DRAFTS LIMIT WINDOW   tells its URL and the ids of so many Drafts; limit 0: none. Ends with its input.
"""

import json
import sys

from sendgrid_campaigns.sandbox import Knobs, Sandbox

KEY = "SG.benchmark"


def main(drafts: int, limit: int, window: int) -> None:
    knobs = Knobs(campaign_limit=drafts + 9, rate_limit=limit or None, rate_window=window)
    with Sandbox(knobs=knobs) as sandbox, sandbox.serve() as server:
        sandbox.add_key(KEY)
        ids = [sandbox.create_campaign() for _ in range(drafts)]
        print(json.dumps({"url": server.url, "ids": ids}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
