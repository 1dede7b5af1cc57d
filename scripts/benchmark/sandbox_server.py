"""Serve a sandbox over HTTP. Runs in the project's own environment, which has uvicorn.

sandbox_server.py DRAFTS LIMIT WINDOW   print the URL and the ids of so many Drafts as JSON, and end when standard input
                                        ends; LIMIT 0: no rate limit
"""

import json
import sys

from sendgrid_campaigns.sandbox import Knobs, Sandbox


def main(drafts: int, limit: int, window: int) -> None:
    knobs = Knobs(campaign_limit=drafts + 9, rate_limit=limit or None, rate_window=window)
    with Sandbox(knobs=knobs) as sandbox, sandbox.serve() as server:
        ids = [sandbox.create_campaign() for _ in range(drafts)]
        print(json.dumps({"url": server.url, "ids": ids}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
