"use strict";
// Texts of others reach the page by textContent alone, and a mail's HTML by a frame that runs nothing.

const $ = (id) => document.getElementById(id);
const STATUS = { Draft: "", Scheduled: "blue", "In Progress": "amber", Sent: "green", Paused: "violet", Canceled: "red", draft: "", scheduled: "blue", triggered: "green" };

/** Make an element of a tag, a class, and children: elements, or texts. */
function make(tag, kind, ...children) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...children.filter((child) => child !== null));
  return made;
}

const badge = (text, kind) => make("span", `badge ${kind || ""}`, String(text));
const foreign = (text, kind = "") => Object.assign(make("span", `foreign ${kind}`, text), { title: text, dir: "auto" });
const number = (value) => value.toLocaleString("en");
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

function shown(format, value) {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : format.format(date);
}

function span(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].filter(([size]) => seconds >= size).slice(0, 2);
  let left = seconds;
  const words = units.map(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count ? `${number(count)} ${unit}` : "";
  });
  return words.join(" ").trim() || "0 s";
}

function accountName(account) {
  if (account === null) return "Parent account";
  return account.startsWith("account-id ") ? `Customer account ${account.slice(11)}` : `Subuser ${account}`;
}

/** Show items in a list: elements of unchanged items stay, with their focus. */
const made = new WeakMap();
function fill(parent, items, build) {
  const before = new Map([...parent.children].map((child) => [made.get(child), child]));
  const first = !parent.dataset.filled;
  const elements = items.map((item) => {
    const text = JSON.stringify(item);
    const element = before.get(text) || build(item);
    if (!before.delete(text)) {
      made.set(element, text);
      if (!first) element.classList.add("new");
    }
    return element;
  });
  before.forEach((child) => child.remove());
  let next = parent.firstElementChild;
  for (const element of elements) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  parent.dataset.filled = "yes";
}

// --- asking ---

function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

async function ask(name, options) {
  try {
    const answer = await fetch(`/_sandbox/${name}`, options);
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.errors.map((each) => each.message).join("; "));
    complain("");
    return data;
  } catch (error) {
    complain(error instanceof TypeError ? "The sandbox does not answer. Is it still running?" : error.message);
    return null;
  }
}

async function steer(name, given = {}) {
  const headers = { "Content-Type": "application/json" };
  const state = await ask(name, { method: "POST", headers, body: JSON.stringify(given) });
  if (state) show(state);
  return state;
}

// --- showing the state ---

let skew = 0; // the sandbox's time minus the browser's, in milliseconds

function tick() {
  const now = new Date(Date.now() + skew);
  $("now").textContent = day.format(now);
  for (const each of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil(Number(each.dataset.until) - now.getTime() / 1000);
    each.textContent = left > 0 && left < 1e9 ? ` · in ${span(left)}` : "";
  }
}

function campaignRow(campaign) {
  const what = make("div", "text", foreign(campaign.title || "(no title)"), foreign(campaign.subject || "(no subject)", "muted"));
  const status = make("span", "state", badge(campaign.status, STATUS[campaign.status]), make("span", "id muted", short(campaign.id)));
  if (campaign.send_at !== null && campaign.status.toLowerCase() === "scheduled") {
    const until = make("span");
    until.dataset.until = campaign.send_at;
    what.append(make("span", "muted", shown(day, campaign.send_at * 1000), until));
  }
  if (typeof campaign.id === "string") {
    what.append(make("span", "muted", `single send ${campaign.id}`));
    return make("li", "row campaign", status, what);
  }
  const act = make("select");
  act.setAttribute("aria-label", `As another client, with campaign ${campaign.id}`);
  act.append(new Option("Act …", ""));
  for (const label of ["Send now", "Schedule in 1 hour", "Unschedule", "Delete", "Set Paused", "Set Canceled"]) {
    act.append(new Option(label));
  }
  act.addEventListener("change", () => {
    actOnce(act.value, campaign);
    act.value = "";
  });
  return make("li", "row campaign", status, what, act);
}

/** The id of a campaign, or the beginning of a single send's. */
const short = (id) => String(id).slice(0, 8);

function actOnce(label, { id, account }) {
  const path = `/v3/campaigns/${id}`;
  const request = (method, more, body) => ({ request: { method, path: path + more, on_behalf_of: account, ...(body && { body }) } });
  const given = {
    "Send now": () => request("POST", "/schedules/now"),
    "Schedule in 1 hour": () => request("POST", "/schedules", { send_at: Math.ceil((Date.now() + skew) / 1000) + 3600 }),
    Unschedule: () => request("DELETE", "/schedules"),
    Delete: () => request("DELETE", ""),
    "Set Paused": () => ({ set_status: { campaign_id: id, status: "Paused" } }),
    "Set Canceled": () => ({ set_status: { campaign_id: id, status: "Canceled" } }),
  }[label]();
  const [when, operation] = $("when").value.split(" ");
  steer("act", operation ? { ...given, when, operation } : given);
}

const accountBlock = (account) => make("div", "account", make("h3", "", foreign(accountName(account)), make("span", "muted")), make("ul"));

function showAccounts(accounts, campaigns) {
  fill($("accounts"), accounts.map((each) => each.account), accountBlock);
  accounts.forEach(({ account, credits }, index) => {
    const [head, list] = $("accounts").children[index].children;
    head.lastChild.textContent = `${number(credits)} credits`;
    fill(list, campaigns.filter((each) => each.account === account), campaignRow);
  });
}

const mailed = (mail) => (mail.single_send_id === null ? `campaign ${mail.campaign_id}` : `single send ${mail.single_send_id}`);

function mailingRow(mail) {
  if (mail.addresses) {
    const open = make("div", "open", make("strong", "", foreign(`Test of campaign ${mail.campaign_id}`)), make("time", "muted", shown(hour, mail.at)), foreign(`to ${mail.addresses.join(", ")}`, "muted"));
    return make("li", "row mailing", open);
  }
  const about = [mailed(mail), accountName(mail.account), `${number(mail.recipients)} recipients`];
  const open = make("button", "open", make("strong", "foreign", foreign(mail.subject || "(no subject)")), make("time", "muted", shown(hour, mail.at)), foreign(about.join(" · "), "muted"));
  open.addEventListener("click", () => openMail(mail.number));
  return make("li", "row mailing", open);
}

function codeKind(code) {
  return code < 300 ? "green" : code < 500 ? "amber" : "red";
}

function requestRow(item) {
  const parts = [make("time", "", shown(hour, item.at)), badge(item.method), foreign(item.path, "path")];
  if (item.number === undefined) {
    const answer = item.status_code === null ? badge("answer lost", "red") : badge(item.status_code, codeKind(item.status_code));
    const effect = { none: "not carried out", done: "carried out", late: "carried out later", twice: "carried out twice" }[item.effect];
    return make("li", "row", make("div", "open asked", ...parts, answer, make("span", "note", `fault: ${effect}`)));
  }
  const about = [item.on_behalf_of && `on behalf of ${item.on_behalf_of}`, item.origin !== "client" && item.origin, reason(item.error)];
  const note = about.filter(Boolean).join(" · ");
  const open = make("button", "open asked", ...parts, badge(item.status_code, codeKind(item.status_code)), note ? foreign(note, "note") : null);
  open.addEventListener("click", () => openRequest(item.number));
  return make("li", "row", open);
}

function reason(error) {
  try {
    return JSON.parse(error).errors.map((each) => each.message).join("; ");
  } catch {
    return error;
  }
}

function show(state) {
  skew = Date.parse(state.now) - Date.now();
  $("advanced").textContent = state.advanced_by ? `${span(state.advanced_by)} ahead` : "";
  $("start").hidden = state.counts.requests > 0;

  showAccounts(state.accounts, [...state.campaigns, ...state.single_sends]);
  const latest = (items) => items.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  fill($("mailings"), latest([...state.mailings, ...state.tests]), mailingRow);
  $("mailed").textContent = state.counts.mailings || "";
  $("no-mail").hidden = state.counts.mailings + state.counts.tests > 0;

  fill($("requests"), latest([...state.faults.reverse(), ...state.requests]), requestRow);
  $("requested").textContent = state.counts.requests || "";
  $("no-request").hidden = state.counts.requests + state.faults.length > 0;

  fill($("plans"), state.plans, (plan) => make("li", "", make("code", "", plan)));
  $("forget").hidden = state.plans.length === 0;
  $("no-plan").hidden = state.plans.length > 0;
  $("stale").setAttribute("aria-pressed", String(state.staleness > 0));
  $("stale").textContent = state.staleness > 0 ? `lag ${span(state.staleness)}: stop` : "lag 10 seconds";
  tick();
}

// --- dialogs ---

function facts(list, pairs) {
  list.replaceChildren(...pairs.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", String(value))]));
}

async function openMail(id) {
  const found = await ask(`mailings?number=${id}`);
  const mail = found && found.mailings[0];
  if (!mail) return;
  $("subject").textContent = mail.subject || "(no subject)";
  facts($("facts"), [
    ["Mailed", mailed(mail)],
    ["Account", accountName(mail.account)],
    ["Sender", mail.sender_id],
    ["Lists", mail.list_ids.join(", ") || "none"],
    ["Recipients", number(mail.recipients)],
    ["Went out", shown(day, mail.at)],
    ["Caused by", mail.request ? `request ${mail.request.number}: ${mail.request.method} ${mail.request.path}` : "no request"],
  ]);
  $("plain").textContent = mail.plain_content || "";
  $("html").srcdoc = still(mail.html_content || "");
  $("mail").showModal();
}

const CONNECTING = "base, embed, frame, iframe, link, meta, object, script, template";

/**
 * Return HTML that connects to nothing. The frame's policy blocks what fetches; but Chromium connects ahead, without a
 * request, for some elements and for a link that is pressed.
 */
function still(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const each of parsed.querySelectorAll(CONNECTING)) each.remove();
  for (const each of parsed.querySelectorAll("a, area")) {
    each.setAttribute("title", each.getAttribute("href") || "");
    for (const name of ["href", "xlink:href"]) each.removeAttribute(name);
  }
  const looks = parsed.createElement("style");
  looks.textContent = "a { color: #00e; text-decoration: underline }";
  parsed.head.prepend(looks);
  return `<!doctype html>${parsed.documentElement.outerHTML}`;
}

async function openRequest(id) {
  const found = await ask(`requests?number=${id}`);
  const request = found && found.requests[0];
  if (!request) return;
  $("line").textContent = `${request.method} ${request.path}`;
  facts($("about"), [
    ["Request", request.number],
    ["Arrived", shown(day, request.at)],
    ["Origin", request.origin],
    ["On behalf of", request.on_behalf_of ?? "nobody"],
    ["Status", request.status_code],
  ]);
  $("headers").textContent = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  $("body").textContent = request.body;
  $("error").textContent = request.error;
  $("error").hidden = $("error").previousElementSibling.hidden = !request.error;
  $("request").showModal();
}

// --- steering ---

const FAULTS = {
  lost: { effect: "done", ending: "reset" },
  429: { answer: { status_code: 429, headers: { "Content-Type": "application/json" }, body: '{"errors": [{"field": null, "message": "too many requests"}]}' } },
  503: { answer: 503 },
};

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => steer("advance", { seconds: Number(button.dataset.advance) }));
}
for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", () => steer("fault", { operation: $("operation").value, ...FAULTS[button.dataset.fault] }));
}
$("stale").addEventListener("click", () => steer("knobs", { staleness: $("stale").getAttribute("aria-pressed") === "true" ? 0 : 10 }));
$("forget").addEventListener("click", () => steer("forget"));
$("reset").addEventListener("click", () => $("sure").showModal());
$("sure").addEventListener("close", () => {
  if ($("sure").returnValue === "reset") steer("reset");
  $("sure").returnValue = "";
});
$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await steer("account", { [$("kind").value]: $("name").value })) $("add").reset();
});

// --- the stream ---

let source = null;

function listen() {
  if (source) source.close();
  source = new EventSource("/_sandbox/events");
  source.addEventListener("message", (event) => show(JSON.parse(event.data)));
  source.addEventListener("open", () => live("live", "green"));
  source.addEventListener("error", () => {
    live("not connected", "red");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

function live(text, kind) {
  $("live").textContent = text;
  $("live").className = `badge ${kind}`;
}

// A browser opens six connections to a server: a page that nobody sees keeps none.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source.close();
  else listen();
});

$("python").textContent = `from sendgrid_campaigns import CampaignsClient\n\nwith CampaignsClient("SG.sandbox", base_url="${location.origin}") as campaigns:\n    campaigns.send(4900)`;
$("curl").textContent = `curl -X POST -H "Authorization: Bearer SG.sandbox" ${location.origin}/v3/campaigns/4900/schedules/now`;
$("variable").textContent = `SENDGRID_CAMPAIGNS_BASE_URL=${location.origin}`;
setInterval(tick, 1000);
listen();
