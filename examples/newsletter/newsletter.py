"""A monthly job of an agency: send this month's newsletter for each of its customers, each once, however often it runs.

    python newsletter.py 2026-03 customers.json

customers.json: [{"subuser": "acme", "subject": "Spring!", "sender_id": 124451, "list_ids": [110], ...}, ...]
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sendgrid_campaigns import CampaignsClient, NotSentError, OutcomeUnknownError, RateLimitError, SendGridError

DONE, MEND, LATER, UNKNOWN = 0, 1, 2, 3
"""What cron is told: nothing to do; somebody must look; run it again, for that is safe."""


def send_all(
    campaigns: CampaignsClient, month: str, customers: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, int]]:
    """A line and a code for each customer. One customer's trouble does not keep the others waiting."""
    for customer in customers:
        subuser, fields = customer["subuser"], {name: value for name, value in customer.items() if name != "subuser"}
        try:
            receipt = campaigns.on_behalf_of(subuser).send_once(f"newsletter-{month}", f"Newsletter {month}", **fields)
        except (NotSentError, RateLimitError) as error:
            yield f"{subuser}: not sent, run it again: {error.happened()}", LATER
        except OutcomeUnknownError as error:
            yield f"{subuser}: may have been sent, run it again to find out: {error.happened()}", UNKNOWN
        except SendGridError as error:
            yield f"{subuser}: {error}", MEND
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
