"""Derive cases from rules.toml: what a call must ask and report, whatever its requests meet.

`python -m conformance.derive`, in tests/, writes cases.json: the derived cases, and then those of stated.json. Nothing
here knows the SDK. World plays the service, the network and the clock, as far as the rules speak of them; `call` says
what the rules demand of a write, step by step (S0 to S3, docs/reliability.md).
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios import WRITES, Start, Write

HERE = Path(__file__).parent
RULES: Mapping[str, Any] = tomllib.loads((HERE / "rules.toml").read_text("utf-8"))
DOUBTS: Mapping[str, Any] = RULES["doubts"]
REFUSALS = {int(code): kind for code, kind in RULES["refusals"].items()}
STATUSES = ("Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled")
DERIVED = [write for name, write in WRITES.items() if name not in ("schedule", "send_once")]

Part = Mapping[str, Any]


def meeting(text: str) -> Part:
    """Return a fault of the sandbox and what its answer proves, by the words of rules.toml."""
    name, _, rest = text.partition(", ")
    effect, _, delay = rest.partition(" ")
    kind, _, code = name.partition(" ")
    if name in DOUBTS:
        fault = {**DOUBTS[name], "effect": effect, **({"delay": float(delay)} if delay else {})}
        if "cut" in fault and effect == "none":
            fault["answer"] = 503  # there must be an answer to cut
        return {"fault": fault, "proof": "unknown"}
    if kind == "page":
        return {"fault": {"answer": int(code)}, "code": int(code)}
    met: Part = {"code": int(code), "headers": {}} if kind == "own" else RULES["meetings"][name]
    if "fault" in met:
        return met
    headers = {"content-type": "application/json", **met["headers"]}
    return {**met, "fault": {"answer": {"status_code": met["code"], "headers": headers, "body": RULES["own_body"]}}}


class World:
    """One campaign, and everything that befalls the requests of one call."""

    def __init__(
        self, write: Write, start: Start, tries: Sequence[Part], reads: Mapping[int, Part], acts: Sequence[Part]
    ) -> None:
        """tries: what the write's requests meet. reads: what reads of the campaign meet, by number. acts: of others."""
        self.write, self.tries, self.reads, self.acts = write, tries, reads, acts
        self.rules: Part = RULES["writes"][RULES["rules_of"].get(write.name, write.name)]
        self.operation = write.operations[-1].removesuffix("_campaign")
        self.state = {"status": start.status, "send_at": start.due or "", "title": "March Newsletter"}
        self.now = self.mailed_at = 0.0
        self.deadline: float = RULES["deadline"]
        self.made = self.mails = 0
        self.late: list[float] = []
        self.asked = Counter[str]()
        self.requests: list[str] = []

    def wait(self, seconds: float) -> None:
        """Let time pass; late copies are carried out meanwhile."""
        end = self.now + seconds
        for time in sorted(self.late):
            if time <= end:
                self.now = time
                self.late.remove(time)
                self.carry_out(self.rules)
        self.now = end
        if self.state["status"] == "In Progress" and end - self.mailed_at >= RULES["mailing"]:
            self.state["status"] = "Sent"

    def carry_out(self, what: Part) -> int:
        """Do what a request asks for, and return the code of the service's answer."""
        status = self.state["status"]
        if self.write.takes_id and not status:
            return 404
        if status not in what.get("serves", [status]):
            return 403
        self.state |= what["effect"]
        if what["effect"].get("status") == "In Progress":
            self.mailed_at, self.mails = self.now, self.mails + 1
        self.made += what is self.rules
        return int(self.rules["success"])

    def arrive(self, operation: str, request: str) -> int:
        """Count a request, before which others may act."""
        self.asked[operation] += 1
        self.requests.append(request)
        for act in self.acts:
            if (act["at"], act["occurrence"]) == (operation, self.asked[operation]):
                self.carry_out(RULES["acts"][act["do"]])
        return self.asked[operation]

    def attempt(self) -> tuple[str, int]:
        """Make the write's request; return what the answer proves, and its code."""
        number = self.arrive(self.operation, self.rules["request"])
        met = self.tries[number - 1] if number <= len(self.tries) else {}
        fault = met.get("fault", {})
        # Without the service's own answer, nothing was carried out, unless a fault says otherwise.
        effect = fault.get("effect") or ("none" if "answer" in fault else "done")
        codes = [self.carry_out(self.rules) for _ in range({"done": 1, "twice": 2}.get(effect, 0))] or [0]
        if effect == "late":
            self.late.append(self.now + fault["delay"])
        self.wait(RULES["attempt_timeout"] if fault.get("ending") == "silence" else 0)
        code = met.get("code", codes[-1 if fault.get("answer") == "second" else 0])
        if "proof" in met or code == self.rules["success"]:
            return met.get("proof", "accepted"), code
        return "ambiguous" if code in self.rules.get("ambiguous", [403]) else "rejected", code

    def read(self) -> tuple[Part | None, Part]:
        """Read the campaign once: the state, None when the read tells nothing; and what the read met."""
        met = self.reads.get(self.arrive("get", "GET campaign"), {})
        self.wait(RULES["attempt_timeout"] if met and met["fault"].get("ending") == "silence" else 0)
        gone = {**self.state, "status": ""} if met.get("code") == 404 else None
        return (gone if met else dict(self.state)), met

    def look(self) -> Part | None:
        """Read the campaign and, in some statuses, the schedule."""
        state, _ = self.read()
        if state and state["status"] in self.rules.get("timed", []):
            self.arrive("get_schedule", "GET schedule")
        return state


# --- what the rules demand of a write ---


class Ended(Exception):
    """The call ends with an error."""

    def __init__(self, kind: str | type[Exception] | None, **facts: Any) -> None:
        super().__init__({"error": getattr(kind, "__name__", kind), **facts})


def refused(proof: str, code: int) -> Ended:
    """Return the error of a request that had no effect."""
    return Ended(REFUSALS[code], status_code=code) if proof in ("rejected", "ambiguous") else Ended("NotAppliedError")


def read_first(world: World) -> Part:
    """S0: read the state, four times at most, and refuse a status that does not allow the write."""
    for number in range(RULES["attempts"]):
        state, met = world.read()
        if state is not None:
            if not state["status"]:
                raise refused("rejected", 404)
            if world.write.allowed and state["status"] not in world.write.allowed:
                raise Ended(world.write.wrong_state, status=state["status"])
            return state
        if met.get("code", 429) != 429:
            break
        world.wait(RULES["first_pause"] * 2**number)
    raise refused(met.get("proof", "rejected"), met.get("code", 0))


def judge(world: World, state: Part) -> str:
    """Return what a state says about the write."""
    if any(all(state[name] == value for name, value in done.items()) for done in world.rules["done"]):
        return "done"
    return "as before" if state["status"] in world.rules.get("as_before", world.write.allowed or STATUSES) else "moved"


def read_back(world: World, before: Part | None) -> tuple[str, Part | None]:
    """S2: look until a state tells, at most for the window, at whose end two looks must agree: R7, R8."""
    began, pause, looks, last = world.now, RULES["first_pause"], [""], None
    while world.now < world.deadline:
        over = world.now - began >= RULES["window"]
        state = world.look()
        seen = judge(world, state) if state else ""
        last = state or last
        if state and seen == "as before":
            first = before = before or state
            seen = seen if all(state[name] == first[name] for name in world.rules.get("replaces", [])) else "moved"
        if state and (seen == "moved" or state["status"] in world.rules.get("final", [])):
            return seen, last
        looks.append("" if seen == "as before" and "done" in looks else seen)
        if over:
            return (seen if looks[-2:] == [seen, seen] else ""), last
        world.wait(min(pause, RULES["window"] - (world.now - began), world.deadline - world.now))
        pause = min(2 * pause, RULES["longest_pause"])
    return "", last


def call(world: World) -> Part:
    """Make the write, S0 to S3: return the result, or raise what the call ends with."""
    write, rules, state = world.write, world.rules, None
    posts_first, in_doubt, before = write.method == "ensure_sent", False, None
    if write.is_read_back and not posts_first:
        state = read_first(world)
    for number in range(RULES["attempts"]):
        proof, code = world.attempt() if world.now < world.deadline else ("not sent", 0)
        if proof == "accepted":
            return dict(rules["result"])
        if proof in ("not sent", "rejected"):
            if (proof == "rejected" and code != 429) or number + 1 == RULES["attempts"]:
                if in_doubt:
                    break  # R1
                raise refused(proof, code)
            world.wait(RULES["first_pause"] * 2**number)
            if write.method == "delete":  # which the service carries out in any status, so the state is read again
                if in_doubt:
                    break
                state = read_first(world)
            continue
        in_doubt = in_doubt or proof == "unknown"
        if not write.is_read_back:
            break
        seen, state = read_back(world, before)
        if seen == "done" and state:
            shown = {name: state[name] for name in ("status", "send_at") if name in rules["result"]}
            known = {"known_from": "read-back" if in_doubt or not posts_first else "already"}
            return {**rules["result"], **shown, **(known if "known_from" in rules["result"] else {})}
        if seen == "as before" and not in_doubt:
            raise refused(proof, code)  # R3
        if posts_first and not in_doubt and state and state["status"]:
            raise Ended(write.wrong_state, status=state["status"])
        if seen != "as before":
            break  # R8
        before = state
    raise Ended("OutcomeUnknownError", status=(state["status"] or None) if state else None)


# --- cases ---


def case(name: str, write: Write, tries: Sequence[str] = (), **plan: Any) -> Part:
    """Let a call meet its plan, and return the case. A start without a status: there is no such campaign."""
    start: Start = plan.get("start", write.starts[0])
    met = {number: meeting(text) for number, text in plan.get("reads", {}).items()}
    world = World(write, start, [meeting(text) for text in tries], met, plan.get("acts", ()))
    try:
        outcome = call(world)
    except Ended as ended:
        outcome = ended.args[0]
    mailings, state = world.mails, world.state
    world.wait(3600)
    faults = {(world.operation, number): each for number, each in enumerate(world.tries, 1)}
    faults |= {("get", number): each for number, each in met.items()}
    made: dict[str, Any] = {"name": f"{write.name}: {name}", "operation": write.method}
    made["arguments"] = {**write.arguments, **({"send_at": int(write.in_seconds)} if write.in_seconds else {})}
    if write.takes_id:
        made["arguments"]["campaign_id"] = {"Draft": 4900, "": 777}.get(start.status, 4903)
        if start.status not in ("Draft", ""):
            made["setup"] = {"campaign": {"status": start.status, **({"send_at": int(start.due)} if start.due else {})}}
    made["faults"] = [
        {"operation": at, "occurrence": number, **each["fault"]}
        for (at, number), each in faults.items()
        if number <= world.asked[at]
    ]
    made["actors"] = [
        {**each, "when": "before"} for each in world.acts if each["occurrence"] <= world.asked[each["at"]]
    ]
    made |= {"outcome": outcome, "requests": world.requests, "mailings": mailings, "mailings_later": world.mails}
    made["ends"] = {"status": state["status"] or None}
    if not write.is_read_back:
        made["ends"] = {"campaigns": 1 + world.made} if write.method == "create" else {"tests": world.made}
    elif state["status"]:
        made["ends"] |= {name: state[name] for name in ("send_at", "title") if state[name]}
    if outcome.get("error") == "OutcomeUnknownError":
        made["resolved"] = True if write.is_read_back and judge(world, state) == "done" else None
    return made


def some(write: Write, kinds: Sequence[Any], number: int) -> Sequence[Any]:
    """Return all kinds for a send, and for any other write so many, each in its turn: one machine makes them all."""
    first = DERIVED.index(write) * number
    return kinds if write.name == "send" else [kinds[(first + step) % len(kinds)] for step in range(number)]


def cases(write: Write) -> Iterator[Part]:
    """Derive the cases of one write."""
    about_it = [name for name in DOUBTS if write.is_read_back or "another campaign" not in name]  # R14
    for name in some(write, about_it, 4):
        for effect in ("none", "done"):
            yield case(f"{name}, {effect}", write, [f"{name}, {effect}"])
    for name, tries in (RULES["rows"]["any"] | (RULES["rows"]["read_back"] if write.is_read_back else {})).items():
        yield case(name, write, tries)
    own = [code for code in REFUSALS if code != 429]
    for code in some(write, own, 2):
        yield case(f"{code}", write, [f"own {code}"])
    for name in some(write, [name for name in RULES["meetings"] if name.startswith("429")], 1):
        yield case(name, write, [name])
    yield case("it is not there", write, start=Start(""))
    if not write.is_read_back:
        return
    first = 0 if write.method == "ensure_sent" else 1
    for status in STATUSES:
        yield case(f"it is {status}", write, start=Start(status, 10_800 if status == "Scheduled" else None))
    for do in RULES["acts"]:
        places: dict[str, tuple[str, int, list[str]]] = {
            "before all": ("get", 1, []),
            "before the write": (write.operations[-1].removesuffix("_campaign"), 1, []),
            "lost, and in the window": ("get", first + 4, ["a reset, none"]),
            "carried out, and before the window": ("get", first + 1, ["a reset, done"]),
        }
        for name, (at, number, tries) in some(write, [*places.items()][1 - first :], 2):
            acts = [{"at": at, "occurrence": number, "do": do}]
            yield case(f"{name}, another client: {do}", write, tries, acts=acts)
    for name in some(write, [*DOUBTS], 1):
        reads = {number + first: f"{name}, none" for number in (1, 2)}
        yield case(f"two looks meet {name}", write, ["a reset, done"], reads=reads)
        yield case(f"the first read meets {name}", write, ["a reset, done"], reads={1: f"{name}, none"})
    for name in ("502, none", "own 429", "no connection", *(f"own {code}" for code in some(write, own, 1))):
        yield case(f"all reads meet {name}", write, ["a reset, done"], reads=dict.fromkeys(range(1, 20), name))


def table() -> str:
    """Return the whole file: a case a line."""
    derived = [each for write in DERIVED for each in cases(write)]
    kept = [{name: part for name, part in each.items() if part or name not in ("faults", "actors")} for each in derived]
    stated = json.loads((HERE / "stated.json").read_text("ascii"))
    return "[\n" + ",\n".join(json.dumps(each) for each in [*kept, *stated]) + "\n]\n"


if __name__ == "__main__":
    (HERE / "cases.json").write_text(table(), encoding="ascii")
