"""Send this month's newsletter for each customer of an agency: once each, however often the job runs.

    python newsletter.py 2026-03 customers.json

customers.json: [{"subuser": "acme", "subject": "Spring!", "sender_id": 124451, "list_ids": [110], ...}, ...]
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sendgrid_campaigns import CampaignsClient, SendGridError

DONE, FIX, LATER, UNKNOWN = 0, 1, 2, 3
"""Exit codes: all sent; a person must fix an input; run the job again later; the same, for a mailing in doubt."""


def send_all(
    campaigns: CampaignsClient, month: str, customers: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, int]]:
    """Send each customer's newsletter, and yield a line and an exit code for each. Errors do not stop the others."""
    for customer in customers:
        subuser, fields = customer["subuser"], {name: value for name, value in customer.items() if name != "subuser"}
        try:
            receipt = campaigns.on_behalf_of(subuser).send_once(f"newsletter-{month}", f"Newsletter {month}", **fields)
        except SendGridError as error:
            if error.may_have_been_applied:
                yield f"{subuser}: may have been sent, run the job again to find out: {error.summary}", UNKNOWN
            elif error.temporary:
                yield f"{subuser}: not sent, run the job again: {error.summary}", LATER
            else:
                yield f"{subuser}: {error}", FIX
        else:
            yield f"{subuser}: campaign {receipt.id}, known from {receipt.known_from}", DONE


def main() -> int:
    month, file = sys.argv[1:]
    customers = json.loads(Path(file).read_text("utf-8"))
    worst = DONE
    with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
        for line, code in send_all(campaigns, month, customers):
            print(line)
            worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
