"""Send one campaign from cron or systemd; the exit code says what happened.

In a crontab that sets SENDGRID_API_KEY: 7 6 * * 1 python cron_job.py 4900
"""

import sys

from sendgrid_campaigns import CampaignsClient, SendGridError

DONE, REFUSED, LATER, UNKNOWN = 0, 3, 4, 5
"""Exit codes, as of the command `sendgrid-campaigns`."""


def run(campaign_id: int) -> int:
    try:
        with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
            receipt = campaigns.ensure_sent(campaign_id)
    except SendGridError as error:
        print(error, file=sys.stderr)
        if error.may_have_been_applied:
            return UNKNOWN
        return LATER if error.temporary else REFUSED
    print(f"campaign {receipt.id}: {receipt.status}, known from {receipt.known_from}")
    return DONE


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1])))
