"""Test the site of `make docs`: links, addresses of other hosts, the reference, and what a browser shows."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import pytest

import sendgrid_campaigns
from sendgrid_campaigns import sandbox, testing

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
PAGES = sorted(SITE.rglob("*.html"))
BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(not PAGES, reason="there is no site: run make docs")


class Page(HTMLParser):
    """The addresses that a page names, by tag, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.addresses, self.anchors = list[tuple[str, str]](), set[str]()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif name in ("href", "src") and value is not None:
                self.addresses.append((tag, value))


read = cache(Page)


def is_foreign(address: str) -> bool:
    return bool(re.match(r"(https?:)?//", address))


def test_every_link_leads_to_a_page_and_an_anchor() -> None:
    dead = []
    for path in PAGES:
        for _, address in read(path).addresses:
            if is_foreign(address) or address.startswith(("data:", "mailto:", "javascript:")):
                continue
            where, anchor = urldefrag(urljoin(f"/{path.relative_to(SITE).as_posix()}", address))
            target = SITE / unquote(where).lstrip("/")
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (anchor and unquote(anchor) not in read(target).anchors):
                dead.append((str(path.relative_to(SITE)), address))
    assert dead == []


def test_nothing_is_loaded_from_another_host() -> None:
    loaded = [(path, address) for path in PAGES for tag, address in read(path).addresses if tag != "a"]
    for path in [*SITE.rglob("*.css"), *SITE.rglob("*.svg"), *PAGES]:
        text = path.read_text("utf-8")
        loaded += [
            (path, found) for found in re.findall(r"""(?:url\(|@import |fetch\(|import\()\s*["']?([^"')]+)""", text)
        ]
    assert len(loaded) > 100
    assert [(path.name, address) for path, address in loaded if is_foreign(address)] == []


def test_every_public_name_is_in_the_reference() -> None:
    names = {f"sendgrid_campaigns.{name}" for name in sendgrid_campaigns.__all__ if not name.startswith("_")}
    names |= {f"{module.__name__}.{name}" for module in (sandbox, testing) for name in module.__all__}
    names |= {f"pytest_sendgrid_campaigns.{name}" for name in ("sendgrid_sandbox", "sendgrid_instant_clock")}
    names |= {f"sendgrid_campaigns.{name}" for name in ("CampaignsClient.send", "AsyncCampaignsClient.on_behalf_of")}
    assert names - {anchor for path in (SITE / "api").rglob("*.html") for anchor in read(path).anchors} == set()


def test_the_picture_of_the_command_is_what_the_command_shows() -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "terminal.py", "--check"], check=True)


# --- in a browser ---


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("there is no chromium on the PATH: search and diagrams are not tried")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_diagrams_are_drawn_on_a_small_screen_and_nothing_comes_from_another_host(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})
    asked, faults = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    pages = {path.stem: path.read_text("utf-8").count("\n```mermaid\n") for path in (ROOT / "docs").glob("*.md")}
    assert sum(pages.values()) >= 4
    for name in sorted(name for name, diagrams in pages.items() if diagrams):
        page.goto(f"{address}/{name}/".replace("/index/", "/"))
        drawn = page.locator("div.mermaid")  # a diagram that is not drawn is a `pre`
        for number in range(pages[name]):
            drawn.nth(number).wait_for()
            assert drawn.nth(number).bounding_box()["height"] > 100
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, name
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert faults == []


def test_the_search_finds_a_page(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.keyboard.press("/")
    page.keyboard.type("on-behalf-of")
    page.get_by_role("dialog").locator("a[href*='on-behalf-of/?']").first.wait_for()
