"""The sandbox's page in a real browser: what a person does, hostile texts, and pages of other origins."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import Elsewhere, OpenPage, Picture
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import KEY, SINGLE_SENDS
from sendgrid_campaigns.sandbox.server import Server


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close(check=False)


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    with sandbox.serve() as server:
        yield server


@pytest.fixture
def campaigns(server: Server) -> Iterator[CampaignsClient]:
    with CampaignsClient("SG.sandbox", base_url=server.url) as campaigns:
        yield campaigns


def campaign(id: int) -> str:
    """Return a selector of a campaign's row."""
    return f".campaign:has(.id:text-is('{id}'))"


def test_what_a_person_does(
    open_page: OpenPage, server: Server, campaigns: CampaignsClient, sandbox: Sandbox, picture: Picture
) -> None:
    page = open_page(server.url)
    start = page.get_by_role("heading", name="Point a client at this sandbox")
    expect(start).to_be_visible()
    expect(page.locator("#python")).to_contain_text(f'CampaignsClient("SG.sandbox", base_url="{server.url}")')
    picture(page, "empty")

    # A new draft appears without reloading, and goes out.
    created = campaigns.create(title="Easter", subject="Eggs")
    row = page.locator(campaign(created.id))
    expect(row).to_contain_text("Draft")
    expect(start).to_be_hidden()
    ready = sandbox.create_campaign(title="Ostergrüße", subject="Frohe Ostern!")
    campaigns.send(ready)
    expect(page.locator(campaign(ready))).to_contain_text("In Progress")
    page.get_by_role("button", name="Frohe Ostern!").click()
    expect(page.frame_locator("#html").locator("p").first).to_have_text("Check out our spring line!")
    expect(page.locator("#plain")).to_contain_text("Check out our spring line!")
    expect(page.locator("#facts")).to_contain_text("1,630")
    picture(page, "mail")
    page.get_by_role("button", name="Close").click()

    # The answer of the next send is lost at a click, and the client's call comes out right.
    page.get_by_role("button", name="Lose its answer").click()
    expect(page.locator("#plans")).to_contain_text("fault('send', 1, effect='done', ending='reset')")
    assert campaigns.send(4900).known_from == "read-back"
    expect(page.locator("#requests")).to_contain_text("answer lost")
    expect(page.locator("#plans")).to_be_empty()

    # The clock.
    later = sandbox.now() + timedelta(minutes=61)
    scheduled = sandbox.create_campaign(title="Later", status="Scheduled", send_at=later)
    row = page.locator(campaign(scheduled))
    expect(row).to_contain_text("in 1 h")
    page.get_by_role("button", name="+ 1 hour").click()
    expect(page.locator(campaign(4900))).to_contain_text("Sent")
    expect(row).to_contain_text("Scheduled")
    page.get_by_role("button", name="+ 1 min").click()
    expect(row).to_contain_text("In Progress")
    expect(page.locator("#advanced")).to_have_text("1 h 1 min ahead")
    expect(page.locator("#mailed")).to_have_text("3")

    # Another client, an account, a refusal.
    page.get_by_label("As another client, with campaign 4901").select_option("Send now")
    expect(page.locator("#requests")).to_contain_text("on behalf of acme · another client")
    page.get_by_label("Name of the account").fill("beta")
    page.get_by_role("button", name="Add account").click()
    expect(page.locator("#accounts")).to_contain_text("Subuser beta")
    page.get_by_label("Name of the account").fill("beta")
    page.get_by_role("button", name="Add account").click()
    expect(page.get_by_role("alert")).to_contain_text("there already is an account 'beta'")
    picture(page, "after")
    page.locator("#requests button").first.click()
    expect(page.locator("#headers")).to_contain_text("content-type: application/json")
    page.keyboard.press("Escape")

    # As new, after a question.
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    assert sandbox.mailings() != []
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("button", name="Reset the sandbox").click()
    expect(start).to_be_visible()
    assert sandbox.mailings() == []
    expect(page.locator("#accounts")).not_to_contain_text("beta")


def test_faults_and_stale_reads_at_a_click(open_page: OpenPage, server: Server, campaigns: CampaignsClient) -> None:
    page = open_page(server.url)
    page.get_by_label("Operation of the next fault").select_option("update")
    page.get_by_role("button", name="503").click()
    expect(page.locator("#plans")).to_contain_text("fault('update', 1, effect='none', answer=503)")
    page.get_by_role("button", name="Forget these plans").click()
    expect(page.locator("#plans")).to_be_empty()
    page.get_by_label("Operation of the next fault").select_option("list")
    page.get_by_role("button", name="429").click()
    expect(page.locator("#plans li")).to_have_count(1)
    assert len(campaigns.list()) == 1
    expect(page.locator("#requests")).to_contain_text("429")
    page.get_by_role("button", name="lag 10 seconds").click()
    expect(page.get_by_role("button", name="lag 10 s: stop")).to_be_visible()
    page.get_by_label("As another client, with campaign 4900").select_option("Set Paused")
    expect(page.locator(campaign(4900))).to_contain_text("Paused")
    assert campaigns.get(4900).status == "Draft"


def test_changes_of_another_process_on_the_same_file(open_page: OpenPage, tmp_path: Path) -> None:
    program = "import sys; from sendgrid_campaigns.sandbox import Sandbox; Sandbox(sys.argv[1]).client().send(4900)"
    with Sandbox(tmp_path / "shared.db") as sandbox, sandbox.serve() as server:
        page = open_page(server.url)
        expect(page.locator(campaign(4900))).to_contain_text("Draft")
        subprocess.run([sys.executable, "-c", program, tmp_path / "shared.db"], check=True)
        expect(page.locator(campaign(4900))).to_contain_text("In Progress")


def test_a_single_send(open_page: OpenPage, server: Server, picture: Picture) -> None:
    id = next(iter(SINGLE_SENDS))
    page = open_page(server.url)
    row = page.locator(".campaign", has_text=f"single send {id}")
    expect(row).to_contain_text("draft")
    url = f"{server.url}/v3/marketing/singlesends/{id}/schedule"
    httpx.put(url, headers={"Authorization": f"Bearer {KEY}"}, json={"send_at": "now"}).raise_for_status()
    expect(row).to_contain_text("triggered")
    page.get_by_role("button", name=f"single send {id}").click()
    expect(page.locator("#facts")).to_contain_text(f"single send {id}")
    picture(page, "single-send")


def test_the_server_stops_and_comes_back(open_page: OpenPage, sandbox: Sandbox) -> None:
    with sandbox.serve() as server:
        page = open_page(server.url)
        expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#live")).to_have_text("not connected")
    page.get_by_role("button", name="+ 1 hour").click()
    expect(page.get_by_role("alert")).to_have_text("The sandbox does not answer. Is it still running?")
    with sandbox.serve(int(server.url.rpartition(":")[2])):
        expect(page.locator("#live")).to_have_text("live")


def test_a_page_that_nobody_sees_keeps_no_connection(
    open_page: OpenPage, server: Server, campaigns: CampaignsClient
) -> None:
    page = open_page(server.url)
    expect(page.locator("#live")).to_have_text("live")
    see = "(hidden) => {{ Object.defineProperty(document, 'hidden', {{ value: hidden, configurable: true }});{}}}"
    change = see.format(" document.dispatchEvent(new Event('visibilitychange')); return source.readyState; ")
    assert page.evaluate(change, True) == 2  # closed
    created = campaigns.create(title="Meanwhile")
    assert page.evaluate(change, False) == 0  # connecting
    expect(page.locator(campaign(created.id))).to_contain_text("Meanwhile")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits(
    open_page: OpenPage, server: Server, sandbox: Sandbox, picture: Picture, width: int, scheme: str
) -> None:
    for status in ("Draft", "Sent", "Paused", "Canceled"):
        sandbox.set_status(sandbox.create_campaign(title=f"{status} " + "x" * 90, subject="long " * 100), status)
    sandbox.add_subuser("s" * 200)
    sandbox.client().send(4900)
    sandbox.fault("get", answer=503)
    page = open_page(server.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    expect(page.locator(".campaign")).to_have_count(7 + len(SINGLE_SENDS))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    picture(page, f"{width}-{scheme}")


# --- texts of others ---

HOSTILE = """</script></textarea></style>--></iframe><body onload="top.hit = 1; alert(1)">
<script>top.hit = 1; alert(1); fetch('{there}/script')</script><script src="{there}/src"></script>
<svg onload="top.hit = 1; alert(1)"></svg><img src="{there}/image" onerror="top.hit = 1" srcset="{there}/set 2x">
<link rel="stylesheet" href="{there}/style"><link rel="preconnect" href="{there}"><link rel="prefetch" href="{there}/p">
<style>@import url({there}/import); p {{ background: url({there}/background) }}</style><audio src="{there}/a"></audio>
<div><template shadowrootmode="open"><link rel="preconnect" href="{there}"></template></div>
<svg><a xlink:href="{there}/svg"><text id="svg" y="20">svg</text></a></svg>
<meta http-equiv="refresh" content="0;url={there}/refresh"><base href="{there}/"><iframe src="{there}/frame"></iframe>
<object data="{there}/object"></object><embed src="{there}/embed"><video poster="{there}/poster"></video>
<form action="{there}/form"><button id="submit">Win</button></form><a id="top" target="_top" href="{there}/top">top</a>
<a id="self" href="{there}/self" ping="{there}/ping">self</a><a id="blank" target="_blank" href="{there}/b">blank</a>
<a id="script" href="javascript:top.hit = 1">script</a><p style="color: rgb(1, 2, 3)">the end</p>[unsubscribe]"""


def test_hostile_mail_runs_and_fetches_nothing(
    open_page: OpenPage, server: Server, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    html = HOSTILE.format(there=f"http://127.0.0.1:{elsewhere.port}")
    sandbox.client().send(
        sandbox.create_campaign(title=html[:100], subject=html, html_content=html, plain_content=html)
    )
    page = open_page(server.url)
    page.locator(".mailing button").click()
    frame = page.frame_locator("#html")
    expect(frame.get_by_text("the end")).to_have_css("color", "rgb(1, 2, 3)")  # styles inside of the mail apply
    for name in ("submit", "top", "blank", "script", "svg", "self"):
        frame.locator(f"#{name}").click(no_wait_after=True)
    page.get_by_role("button", name="Close").click()
    page.locator("#requests button").first.click()
    expect(page.locator("#request")).to_be_visible()
    elsewhere.close()
    assert elsewhere.visits == 0
    assert page.evaluate("typeof window.hit") == "undefined"
    assert (page.url, len(page.context.pages)) == (f"{server.url}/", 1)


@pytest.mark.parametrize(
    "title",
    [
        *['<img src=x onerror="top.hit = 1; alert(1)">', "</option></select><script>top.hit = 1</script>", "x" * 100],
        *["e" + "\u0301" * 99, "\u202e" + "desrever", "\n" * 99, "\u0007\u001b[2J", "﷽" * 99],
    ],
    ids=range(8),
)
def test_hostile_texts_stay_in_their_place(
    open_page: OpenPage, server: Server, sandbox: Sandbox, title: str, picture: Picture
) -> None:
    id = sandbox.create_campaign(title=title, subject=title)
    page = open_page(server.url)
    usual = page.locator(campaign(4900)).bounding_box()
    box = page.locator(campaign(id)).bounding_box()
    assert usual
    assert box
    assert (box["width"], abs(box["height"] - usual["height"]) <= 12) == (usual["width"], True)
    text = page.locator(f"{campaign(id)} .foreign").first
    assert text.evaluate("e => e.textContent") == title
    assert text.evaluate("e => getComputedStyle(e).contain") == "paint"
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert page.evaluate("typeof window.hit") == "undefined"
    picture(page, "hostile")


# --- pages of other origins ---

ATTACK = """async (url) => {
  const json = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"seconds": 60}' };
  const key = { method: "POST", headers: { Authorization: "Bearer SG.sandbox" } };
  const read = [];
  const attempt = async (path, options) => {
    try { read.push(await (await fetch(url + path, options)).text()); } catch { }
  };
  for (const path of ["/", "/_sandbox/state", "/_sandbox/mailings", "/v3/campaigns/4900"]) await attempt(path);
  await attempt("/_sandbox/advance", json);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    await attempt("/_sandbox/advance", { ...json, mode: "no-cors", headers: { "Content-Type": type } });
    await attempt("/_sandbox/reset", { ...json, mode: "no-cors", body: "{}", headers: { "Content-Type": type } });
  }
  await attempt("/v3/campaigns/4900/schedules/now", key);
  navigator.sendBeacon(url + "/_sandbox/advance", new Blob([json.body], { type: "text/plain" }));
  await new Promise((done) => {
    const events = new EventSource(url + "/_sandbox/events");
    events.onmessage = (event) => { read.push(event.data); done(); };
    events.onerror = () => { events.close(); done(); };
  });
  for (const tag of ["script", "iframe"]) {
    await new Promise((done) => {
      const src = url + "/_sandbox/state";
      document.body.append(Object.assign(document.createElement(tag), { src, onload: done, onerror: done }));
    });
  }
  const opened = window.open(url + "/");
  try { read.push(opened.document.body.textContent); } catch { }
  return read.filter(Boolean);
}"""


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_a_page_of_another_origin_neither_reads_nor_steers(
    browser: Browser, server: Server, sandbox: Sandbox, elsewhere: Elsewhere, host: str
) -> None:
    page = browser.new_page()
    page.goto(f"http://{host}:{elsewhere.port}/page")
    assert page.evaluate("location.host") == f"{host}:{elsewhere.port}"
    assert page.evaluate(ATTACK, server.url) == []
    form = f'<form method="post" enctype="text/plain" action="{server.url}/_sandbox/advance">'
    page.set_content(f"""{form}<input name='{{"seconds": 60, "x": "' value='"}}'><button>go</button></form>""")
    with page.expect_navigation():
        page.get_by_role("button").click()
    expect(page.locator("body")).to_contain_text("not for pages of other origins")
    page.close()
    assert elsewhere.visits >= 1
    assert sandbox.overview()["advanced_by"] == 0
    assert sandbox.mailings() == []


def test_a_name_that_leads_to_loopback_is_refused(browser: Browser, server: Server, sandbox: Sandbox) -> None:
    """As after DNS rebinding: for the browser, the page and the sandbox are of one origin."""
    page = browser.new_page()
    rebound = server.url.replace("127.0.0.1", "evil.example")
    answer = page.goto(rebound)
    assert answer is not None
    assert answer.status == 403
    read = page.evaluate(ATTACK, rebound)
    page.close()
    assert len(read) > 5
    assert [text for text in read if "the sandbox does not answer as" not in text] == []
    assert sandbox.requests() == []
    assert sandbox.overview()["advanced_by"] == 0


def test_the_page_cannot_be_framed(browser: Browser, server: Server, elsewhere: Elsewhere) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{elsewhere.port}/page")
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.evaluate(f"document.body.innerHTML = '<iframe src=\"{server.url}\"></iframe>'")
    page.close()
