"""Run the command line: `python -m sendgrid_campaigns`."""

from sendgrid_campaigns.cli import main

main()
