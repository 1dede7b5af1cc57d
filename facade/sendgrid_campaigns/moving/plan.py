"""The plan of a move: what becomes of each field of a legacy campaign; and the move itself.

    title                                        name, with the key of the move at its end
    subject, html_content, plain_content         email_config, with their tags rewritten: see tags.py
    list_ids                                     send_to, by the names of the lists, or as the caller says
    segment_ids                                  send_to, as the caller says: no page carries a segment over
    sender_id, suppression_group_id, ip_pool,
    custom_unsubscribe_url, editor               email_config, as they are: both products share senders and groups
    categories                                   categories, each once

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
https://www.twilio.com/docs/sendgrid/api-reference/single-sends/create-single-send
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID

from sendgrid_campaigns import errors
from sendgrid_campaigns._sync.campaigns import CampaignsClient
from sendgrid_campaigns._sync.single_sends import SingleSendsClient
from sendgrid_campaigns.campaign_types import Campaign
from sendgrid_campaigns.campaigns import checked_id
from sendgrid_campaigns.config import check, check_kind
from sendgrid_campaigns.models import Result, to_json
from sendgrid_campaigns.moving import account
from sendgrid_campaigns.moving.account import Named
from sendgrid_campaigns.moving.tags import Change, rewrite
from sendgrid_campaigns.operations import flat, with_key
from sendgrid_campaigns.protocol.goals import stored
from sendgrid_campaigns.single_send_types import EmailConfigFields, SingleSend
from sendgrid_campaigns.single_sends import checked_body

# pyright: reportPrivateUsage=false

Ids: TypeAlias = Mapping[int, str] | Mapping[str, str]
"""What becomes of lists or segments: UUIDs by legacy ids, which may be text, as in JSON."""

LONGEST_NAME, MOST_CATEGORIES = 100, 10
MOST = {"list_ids": 50, "segment_ids": 10}
CONTENTS = ("subject", "html_content", "plain_content")
AS_THEY_ARE = ("sender_id", "suppression_group_id", "custom_unsubscribe_url", "ip_pool", "editor")
SINGULAR = {"list_ids": "list", "segment_ids": "segment"}


@dataclass(frozen=True)
class Problem(Result):
    """What a campaign has that the move cannot carry; or, as a note, what to look at."""

    field: str
    """The campaign's field."""
    message: str
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}. {self.remedy}"


@dataclass(frozen=True)
class Carried(Result):
    """A field of a campaign that the single send gets."""

    field: str
    to: str
    """The single send's field."""
    how: str


@dataclass(frozen=True)
class Difference(Result):
    """A field of the single send that is not as planned."""

    field: str
    planned: Any
    found: Any


@dataclass(frozen=True)
class Moved(Result):
    """The draft of a move, as it was read back."""

    campaign_id: int
    single_send_id: str
    name: str
    already: bool
    """Whether an earlier run had made the draft."""
    differing: tuple[Difference, ...]
    """Fields that are not as planned: somebody has changed the draft, or the service has. Empty when all are equal."""
    warning: str
    """That both could be sent now, or what else the campaign's status says about sending the single send."""


@dataclass(frozen=True)
class Plan(Result):
    """What a move is to do. Nothing is written before `apply`."""

    campaign_id: int
    on_behalf_of: str | None
    name: str
    """The single send's."""
    problems: tuple[Problem, ...]
    """What stops the move."""
    carried: tuple[Carried, ...] = field(repr=False)
    rewritten: Mapping[str, tuple[Change, ...]] = field(repr=False, hash=False)
    """The tags that are replaced, by the campaign's field."""
    notes: tuple[Problem, ...] = field(repr=False)
    """What to look at. It does not stop the move."""
    single_send: Mapping[str, Any] = field(repr=False, hash=False)
    """The fields of the draft, as `create` takes them."""
    _campaign: Campaign = field(repr=False, compare=False)
    _ending: str = field(repr=False, compare=False)
    """How the name ends: with the idempotency key of the move."""
    _clients: tuple[CampaignsClient, SingleSendsClient] = field(repr=False, compare=False)

    @property
    def ready(self) -> bool:
        """Whether there is no problem, so that the plan can be applied."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in JSON's types."""
        public = [each.name for each in fields(self) if not each.name.startswith("_")]
        return {"ready": self.ready, **{name: to_json(getattr(self, name)) for name in public}}

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the plan as rows of a table: what happens, to which field, and how."""
        found = [("carried", each.field, f"{each.to}: {each.how}") for each in self.carried]
        for name, changes in self.rewritten.items():
            found += [("rewritten", name, f"{each.old} becomes {each.new} ({each.times}x)") for each in changes]
        found += [("note", each.field, f"{each.message}. {each.remedy}") for each in self.notes]
        found += [("PROBLEM", each.field, f"{each.message}. {each.remedy}") for each in self.problems]
        todo = "put the problems right, and plan again" if self.problems else "plan.apply() makes the draft"
        return [*found, ("not ready" if self.problems else "ready", "", todo)]

    def __str__(self) -> str:
        return "\n".join(f"{what:<9}  {name:<22}  {how}" for what, name, how in self.rows())

    def apply(self) -> Moved:
        """Make the draft, or find the draft of an earlier run; read it back, and compare every field with the plan.

        Safe to run again after any error, also with a new plan of the same campaign: the draft is found by the key at
        the end of its name, so do not change that end. Sends nothing, deletes nothing, and leaves the campaign as it
        is. A draft that was changed meanwhile stays as it is, too, and `differing` lists how.

        Raises NotAppliedError while there are problems, and when the campaign has changed since it was planned;
        NotInDraftError when the single send of an earlier run was sent or scheduled; and what `create` and `get` raise.
        """
        campaigns, single_sends = self._clients
        if self.problems:
            count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
            raise self._refused(
                f"the plan has {count}, {self.problems[0]}", "Put right what the plan lists, and plan again."
            )
        now = campaigns.get(self.campaign_id)
        if _content(now) != _content(self._campaign):
            raise self._refused("the campaign has changed since it was planned", "Plan again, and read the new plan.")
        found, already = single_sends._write(account.draft(single_sends._session, self._ending, self.single_send))
        differing, warning = tuple(self._differing(found)), _warning(now, found)
        return Moved(self.campaign_id, found.id, found.name or "", already, differing, warning)

    def _refused(self, cause: str, hint: str) -> errors.NotAppliedError:
        about = {"action": "moved", "campaign_id": self.campaign_id, "on_behalf_of": self.on_behalf_of}
        return errors.NotAppliedError(cause=cause, hint=hint, temporary=False, **about)

    def _differing(self, found: SingleSend) -> list[Difference]:
        config: dict[str, Any] = dict.fromkeys(EmailConfigFields.__annotations__)
        config |= {"generate_plain_content": True, "editor": "code", **self.single_send.get("email_config", {})}
        if config["generate_plain_content"]:
            del config["plain_content"]  # the service makes one of the HTML
        to = {"list_ids": (), "segment_ids": (), "all": False, **self.single_send.get("send_to", {})}
        whole = {"categories": (), "send_at": None, **self.single_send, "send_to": to, "email_config": config}
        seen = flat(found.to_dict())
        pairs = [(name, value, seen.get(name)) for name, value in flat(whole).items()]
        return [Difference(*pair) for pair in pairs if stored(pair[1]) != stored(pair[2])]


def move(
    campaigns: CampaignsClient,
    single_sends: SingleSendsClient,
    campaign_id: int,
    *,
    lists: Ids | None = None,
    segments: Ids | None = None,
) -> Plan:
    """Prepare to move a legacy campaign to Single Sends. Reads only; `plan.apply()` makes the draft.

    campaigns, single_sends: two clients, or views of them on behalf of the same account. With two API keys, both must
    be of one account: no read shows that.
    lists: the UUID of the contact list for a legacy list, by the legacy id. Without it, the list of the same name is
    taken, where there is exactly one. segments: the same for segments, which no name decides: a segment of the same
    name may hold others. Entries that the campaign does not need are ignored.

    Sync clients only: a move is a tool of a few calls, and blocks no event loop for long in a thread.

    Raises ConfigurationError for clients of different accounts and ids that cannot be right, NotFoundError when there
    is no such campaign, and what else reads raise.
    """
    check_kind(campaigns, CampaignsClient)
    check_kind(single_sends, SingleSendsClient)
    own, other = campaigns._session, single_sends._session
    for what, mine, its in (
        ("acts for", own.on_behalf_of or "the key's own account", other.on_behalf_of or "the key's own account"),
        ("asks", own.host, other.host),
    ):
        problem = f"the client of campaigns {what} {mine}, and that of single sends {what} {its}"
        check(
            mine == its,
            problem,
            "Give two clients of one account: both with a key of its own, or both views on behalf of it.",
        )
    given = {"list_ids": _checked("lists", lists), "segment_ids": _checked("segments", segments)}
    campaign, id = campaigns.get(campaign_id), checked_id(campaign_id)
    planner = _Planner(campaign)
    planner.name(own.on_behalf_of)
    # As before a write: if on-behalf-of were ignored, the plan would be made of the parent account's lists.
    planner.contents(single_sends._write(account.field_names(other, id)))
    planner.categories()
    if campaign.list_ids:
        legacy = campaigns._run(account.legacy_lists(own, id))
        planner.audience("list_ids", given, single_sends._run(account.contact_lists(other, id)), legacy)
    if campaign.segment_ids:
        planner.audience("segment_ids", given, single_sends._run(account.segments(other, id)), None)
    planner.others()
    body = checked_body({name: value for name, value in planner.body.items() if value})
    return Plan(
        campaign_id=id,
        on_behalf_of=own.on_behalf_of,
        name=body["name"],
        problems=tuple(planner.problems),
        carried=tuple(planner.carried),
        rewritten=planner.rewritten,
        notes=tuple(planner.notes),
        single_send=body,
        _campaign=campaign,
        _ending=planner.ending,
        _clients=(campaigns, single_sends),
    )


class _Planner:
    """Decides what becomes of each field of a campaign."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.ending = ""
        self.config: dict[str, Any] = {}
        self.to: dict[str, Any] = {}
        self.body: dict[str, Any] = {"send_to": self.to, "email_config": self.config}
        self.carried: list[Carried] = []
        self.rewritten: dict[str, tuple[Change, ...]] = {}
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def name(self, on_behalf_of: str | None) -> None:
        title = (self.campaign.title or "").strip() or f"Campaign {self.campaign.id}"
        whose = f"-{sha256(on_behalf_of.encode()).hexdigest()[:8]}" if on_behalf_of else ""
        key = f"move-{self.campaign.id}{whose}"
        longest = LONGEST_NAME - len(with_key("title", "-", key)[0]) + 1
        if len(title) > longest:
            message = f"it has {len(title)} characters, and with the key of the move it may have {longest}"
            self.notes.append(Problem("title", message, "The rest is cut off; recipients never see it."))
        self.body["name"], self.ending = with_key("title", title[:longest].strip(), key)
        self.carried.append(Carried("title", "name", f"{self.body['name']!r}"))

    def contents(self, known_fields: Collection[str]) -> None:
        for name in CONTENTS:
            if not (text := getattr(self.campaign, name)):
                continue
            done = rewrite(text, known_fields=known_fields)
            self.config[name] = done.text
            if done.changes:
                self.rewritten[name] = done.changes
            how = "with its tags rewritten" if done.changes else "as it is"
            self.carried.append(Carried(name, f"email_config.{name}", how))
            self.problems += [Problem(name, each.message, each.help or "") for each in done.problems]

    def categories(self) -> None:
        given = self.campaign.categories or ()
        once = list({each.casefold(): each for each in reversed(given)}.values())[::-1]
        if len(once) > MOST_CATEGORIES:
            message = f"there are {len(once)} categories, and a single send has {MOST_CATEGORIES} at most"
            self.problems.append(Problem("categories", message, "Leave some out of the campaign."))
        if once:
            self.body["categories"] = once
            how = "as they are" if len(once) == len(given) else "each once, for the service refuses repetitions"
            self.carried.append(Carried("categories", "categories", how))

    def audience(
        self, field: str, given: Mapping[str, Mapping[int, str]], there: Sequence[Named], legacy: Sequence[Named] | None
    ) -> None:
        """Decide about lists or segments. there: those of contacts; legacy: None where no name decides."""
        found = list[str]()
        for id in getattr(self.campaign, field):
            old = next((each for each in legacy or () if each.id == id), None)
            if id in given[field]:
                fitting, how = [each for each in there if str(each.id).lower() == given[field][id]], "as you say"
            else:
                fitting, how = [each for each in there if old and old.name and each.name == old.name], "by its name"
            if len(fitting) != 1:
                self.problems.append(_undecided(field, id, given[field].get(id), old, fitting, there, legacy is None))
                continue
            (new,) = fitting
            found.append(str(new.id))
            self.carried.append(Carried(field, f"send_to.{field}", f"{id} becomes {new}, {how}"))
            if old and None not in (old.count, new.count) and old.count != new.count:
                message = f"the legacy list {old} has {old.count} recipients, and its successor {new.count} contacts"
                self.notes.append(Problem(field, message, "Compare the two before you send."))
        found = list(dict.fromkeys(found))
        self.to |= {field: found} if found else {}
        if len(found) > MOST[field]:
            message = f"there are {len(found)}, and a single send has {MOST[field]} at most"
            self.problems.append(Problem(field, message, "Leave some out of the campaign."))

    def others(self) -> None:
        campaign = self.campaign
        for name in AS_THEY_ARE:
            if value := getattr(campaign, name):
                if name == "editor" and value not in ("code", "design"):
                    remedy = "Move it by hand, or wait for a version that knows this editor."
                    self.problems.append(Problem(name, f"Single Sends have no editor {value!r}", remedy))
                    continue
                self.config[name] = value
                self.carried.append(Carried(name, f"email_config.{name}", f"{value}, as it is"))
        for name, value in campaign.extra.items():
            if value not in (None, "", [], {}):
                remedy = f"Look whether the single send needs its value, {errors.shown(value)}."
                self.notes.append(Problem(name, "this version does not know the field, and leaves it out", remedy))
        if not campaign.is_draft:
            remedy = (
                "The move makes a draft all the same, and leaves the campaign as it is. Before you send the draft, "
            )
            remedy += "look whom the campaign mails."
            self.notes.append(Problem("status", f'the campaign is "{campaign.status}"', remedy))


def _undecided(
    field: str, id: int, given: str | None, old: Named | None, fitting: Sequence[Named], there: Sequence[Named],
    no_names: bool,
) -> Problem:  # fmt: skip
    """Return the problem of a list or segment that has no successor, or several."""
    kind = SINGULAR[field]
    option = f'{kind}s={{"{id}": "<uuid>"}}'
    if given is not None:
        message = f"{id} is to become {given}, and the account has no such {kind} of contacts"
    elif no_names:
        message = f"no way to carry segment {id} over is documented, and a segment of its name may hold others"
    elif old is None:
        message = f"the account has no legacy list {id} any more"
    elif fitting:
        message = f"{len(fitting)} lists of contacts have the name of the legacy list {old}"
    else:
        message = f"no list of contacts has the name of the legacy list {old}"
    those = ", ".join(map(str, (fitting or there)[:5])) + (", ..." if len(fitting or there) > 5 else "")
    choice = f"There are: {those}." if there else "There is none yet."
    return Problem(field, message, f"Make a {kind} of contacts for it, or choose one, and give {option}. {choice}")


def _checked(name: str, ids: Ids | None) -> dict[int, str]:
    try:
        return {int(str(old)): str(UUID(str(new))) for old, new in (ids or {}).items()}
    except (ValueError, AttributeError):
        problem = f"{name} is {errors.shown(ids)}"
        check(False, problem, 'Give UUIDs by legacy ids, such as {"110": "f2fe66a1-43f3-4e3a-87b1-c6a600d805f0"}.')
        raise


def _content(campaign: Campaign) -> Campaign:
    return replace(campaign, status=None, extra={})


def _warning(campaign: Campaign, single_send: SingleSend) -> str:
    if campaign.is_draft:
        return f"Campaign {campaign.id} and single send {single_send.id} could both be sent now: send one of them only."
    status = f'Campaign {campaign.id} is "{campaign.status}"'
    return f"{status}, and single send {single_send.id} could be sent now: look whom the campaign mails first."
