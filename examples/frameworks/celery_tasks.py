"""Tasks that send campaigns, and that never send one again when nobody knows whether it was sent.

With SENDGRID_API_KEY and CELERY_BROKER_URL in the environment: celery --app celery_tasks worker
"""

from functools import cache
from typing import Any

from celery import Celery, Task

from sendgrid_campaigns import CampaignsClient, OutcomeUnknownError, SendGridError

app = Celery("celery_tasks")


@cache
def campaigns() -> CampaignsClient:
    """Make one client for each worker process, by its first task: a program that only queues tasks needs no key."""
    return CampaignsClient()


@app.task(bind=True, max_retries=10)
def send_campaign(task: Task, campaign_id: int) -> dict[str, Any]:
    try:
        return campaigns().send(campaign_id).to_dict()
    except OutcomeUnknownError as error:
        return error.to_dict()  # a result: no rule of the queue can take it for a failure to try again
    except SendGridError as error:
        if error.temporary:
            raise task.retry(exc=error, countdown=60) from error
        raise


@app.task
def find_out(result: dict[str, Any]) -> dict[str, Any]:
    """Find out, later, about a result of `send_campaign` that says `may_have_been_applied`."""
    return campaigns().outcome(result["campaign_id"]).to_dict()
