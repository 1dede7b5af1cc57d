"""Test the program in two workers of gunicorn, on the sandbox."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx

from sendgrid_campaigns.sandbox import Sandbox


def test_two_workers(sendgrid_sandbox: Sandbox, start: Callable[..., None]) -> None:
    ids = [4900, sendgrid_sandbox.create_campaign()]
    meeting = Barrier(2, timeout=30)  # both sends are in the sandbox at once: each is of a worker of its own
    for occurrence in (1, 2):
        sendgrid_sandbox.act("send", occurrence, lambda _: meeting.wait())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        start("gunicorn", "--preload", "--workers=2", f"--bind=fd://{number}", "gunicorn_app", pass_fds=(number,))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as http, ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(http.post, [f"/{id}" for id in ids]))
            again = http.post("/4900")
    assert [answer.json()["status"] for answer in answers] == ["Scheduled", "Scheduled"]
    assert (again.status_code, again.json()["error"]) == (409, "NotInDraftError")
    assert sorted(mailing.campaign_id or 0 for mailing in sendgrid_sandbox.mailings()) == ids
