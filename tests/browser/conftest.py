"""A real browser for tests of pages: the Chromium of the machine, driven by playwright."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "no browser is installed: make test-browser says which"
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not run as root, as in containers.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        options.append("--host-resolver-rules=MAP *.example 127.0.0.1")  # names of others that lead to loopback
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a page; options are those of `Browser.new_page`.

    At the end, the test fails if a page asked for an address outside of its origin, raised an error or opened a dialog.
    A request that the page's policy blocked has not left the browser.
    """
    wrong: list[str] = []
    pages: list[Page] = []

    def open_(url: str, **options: object) -> Page:
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})  # type: ignore[arg-type]
        pages.append(page)
        page.set_default_timeout(10_000)
        origin = "/".join(url.split("/")[:3])

        def asked(request: Request) -> None:
            if not request.url.startswith((f"{origin}/", "data:", "about:")):
                wrong.append(f"a request for {request.url}")

        def failed(request: Request) -> None:
            blocked = f"a request for {request.url}"
            if blocked in wrong and request.failure in ("csp", "net::ERR_BLOCKED_BY_CSP"):
                wrong.remove(blocked)

        page.on("request", asked)
        page.on("requestfailed", failed)
        page.on("pageerror", lambda error: wrong.append(f"an error: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        return page

    yield open_
    for page in pages:
        page.close()
    assert wrong == []


EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<body>"


class Elsewhere:
    """A server of another origin, with an empty page. `visits` counts the connections."""

    def __init__(self) -> None:
        self.visits = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            self.visits += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            if connection.recv(2**16):
                connection.sendall(EMPTY)

    def close(self) -> None:
        """Stop after the connections that have come so far."""
        if not self._closing.is_set():
            self._closing.set()
            socket.create_connection(("127.0.0.1", self.port)).close()
            self._thread.join()
            self._listener.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


Picture = Callable[[Page, str], None]


@pytest.fixture
def picture() -> Picture:
    """Save a picture of a page into the folder $SCREENSHOTS, if there is one."""

    def save(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return save
