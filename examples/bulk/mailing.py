"""A Celery project that sends a job's rows on as many machines as there are workers.

Servers without containers, on Debian: apt install redis-server postgresql

    redis-server --port 6379 --save ""
    /usr/lib/postgresql/*/bin/initdb --pgdata mail.data --username mail --auth trust
    /usr/lib/postgresql/*/bin/pg_ctl --pgdata mail.data -o "-p 5433 -k /tmp" start
    createdb --host localhost --port 5433 --username mail mail

Or RabbitMQ in place of Redis: apt install rabbitmq-server; MAILING_BROKER=amqp://guest@localhost//

Then, each in a terminal of its own:

    pip install 'sendgrid-campaigns[celery,postgresql]' redis
    export MAILING_JOURNAL=postgresql://mail@localhost:5433/mail
    SENDGRID_API_KEY=... celery --app mailing worker --concurrency 8
    celery --app mailing beat
    python mailing.py jobs.csv       # begins the job; again: shows how far it is
"""

import os
import sys

from celery import Celery

from sendgrid_campaigns.bulk.celery import register

app = Celery("mailing", broker=os.environ.get("MAILING_BROKER", "redis://localhost:6379/0"))
mail = register(app, journal=os.environ.get("MAILING_JOURNAL", "mailing.journal"))

if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(f"{mail.start(file)} messages were made; now: {mail.status(os.path.basename(file))}")
