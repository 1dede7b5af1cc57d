"""Many sends: thousands of rows, each of a campaign or a single send, by threads, by more machines, or by Celery.

from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.bulk import Job, run

with Job.load("jobs.csv") as job, CampaignsClient() as campaigns:
    counts = run(job, campaigns, workers=8)

A job is a file of rows and a journal, a table that says what became of each row. The same program run again goes on
where the last one ended, however that ended. Needs the extra `bulk`.

Why a campaign is mailed once, whatever dies meanwhile: a row is sent by `ensure_sent` or `send_once`, which are safe to
call again. The journal saves requests and tells people; no mail depends on it.

    todo ──claim──> doing ──receipt──────────────────────> sent, or already (an earlier call had sent the campaign)
                     ├─ a definite no, such as 400 or 404 ─> refused
                     ├─ network, 429, fault of the service ─> todo, some minutes later; after five times: later
                     ├─ the worker died, its lease ran out ─> claimed again
                     └─ OutcomeUnknownError ──> unknown: never sent again by itself. A minute later, `outcome` is
                                                asked, and makes it sent, or leaves it; a draft whose making was
                                                in doubt, and is found, is todo again; so is a
                                                single send that is a draft long after its time
"""

from sendgrid_campaigns.bulk.journal import Job, Journal
from sendgrid_campaigns.bulk.report import check_report, write_report
from sendgrid_campaigns.bulk.rows import JobFileError, Row, State
from sendgrid_campaigns.bulk.worker import Plan, Progress, plan, run

__all__ = [
    "Job",
    "JobFileError",
    "Journal",
    "Plan",
    "Progress",
    "Row",
    "State",
    "check_report",
    "plan",
    "run",
    "write_report",
]
