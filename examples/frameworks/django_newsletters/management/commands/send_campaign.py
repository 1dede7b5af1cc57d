"""Send one campaign: python manage.py send_campaign 4900. The exit codes are those of the cron job."""

import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from cron_job import run


class Command(BaseCommand):
    help = "Send one campaign, unless it was sent before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign_id", type=int)

    def handle(self, *args: object, campaign_id: int, **options: object) -> None:
        code = run(campaign_id)
        if code:
            sys.exit(code)
