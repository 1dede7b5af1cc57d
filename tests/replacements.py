"""The table of docs/coming-from-sendgrid-python.md: calls of SendGrid's own client, and the calls that replace them."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sendgrid_campaigns.sandbox import RequestRecord, Sandbox

PAGE = Path(__file__).parents[1] / "docs" / "coming-from-sendgrid-python.md"
ROWS: list[tuple[str, str]] = re.findall(r"^\| [^|]+ \| `(sg\.[^`]+)` \| `([^`]+)` \|$", PAGE.read_text("utf-8"), re.M)


def effect(request: RequestRecord) -> tuple[Any, ...]:
    """Return what a request asks for, and what the service answered."""
    body = json.loads(request.body) if request.body else None
    return request.method, request.path.partition("?")[0], body, request.on_behalf_of, request.status_code


def after() -> list[tuple[Any, ...]]:
    """Run the column "after" on a new sandbox, and return the effect of each call's last request."""
    with Sandbox() as sandbox, sandbox.client() as campaigns:
        effects = list[tuple[Any, ...]]()
        for _, call in ROWS:
            exec(call, {"campaigns": campaigns, "UTC": UTC, "datetime": datetime})
            effects.append(effect(sandbox.requests()[-1]))
    return effects
