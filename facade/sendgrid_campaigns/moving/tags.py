"""Tags of legacy campaigns, and their successors in Single Sends.

    [unsubscribe], in any case; <%asm_group_unsubscribe_raw_url%>        {{{unsubscribe}}}
    [Unsubscribe_Preferences], in any case; <%asm_preferences_raw_url%>  {{{unsubscribe_preferences}}}
    [Sender_Name], also [[Sender_Name]]; _Address, _City, _State, _Zip   {{Sender_Name}}
    [Weblink]                                                            {{Weblink}}
    [%field%]                                                            {{field}}
    [%field | friend%]                                                   {{insert field 'default=friend'}}
    [%field | it's%]                                                     {{#if field}}{{field}}{{else}}it's{{/if}}

The new editor saves a default as in the line before the last; the last line is the documented form of other fallbacks.
What else looks like a tag stays as it is and becomes a problem. Why, where the reason is not plain:

- Defaults with quotes: `{{...}}` escapes quotes, `=` and backticks, which a subject and plain text would show. Text
  between `{{else}}` and `{{/if}}` is not escaped. A default with `&`, `<` or `>` is a problem, since no page says
  whether the legacy service escaped defaults.
- Names of fields: a field of Marketing Campaigns has letters, digits and underscores, and no digit first. Handlebars
  has `{{[first name]}}` for other names, but there can be no such field.
- Blanks: a name holds none, so `[% field|friend %]` has one meaning. `[ unsubscribe ]` may be text.
- `[sender_name]`: no page says that the legacy service knew these tags in other cases.
- `&lt;%asm_...%&gt;`, `%5Bunsubscribe%5D`: some programs escape tags. No page says that the service replaced those.
- A tag next to a brace or after a backslash: Handlebars reads `{{{field}}}` and `{{field}}}` as something else.
- `{{` that begins no tag of the new editor: Handlebars reads on from there. A `}}` alone is text to Handlebars, and
  ends many a style sheet, so it is no problem.

Sources:
https://github.com/sendgrid/docs/blob/948924b81301f0af3a0ef0b0fe53cf83b8ac63ef/content/docs/ui/sending-email/editor.md
https://www.twilio.com/docs/sendgrid/ui/sending-email/editor
https://www.twilio.com/docs/sendgrid/ui/sending-email/adding-dynamic-content-with-handlebars-in-marketing-campaigns
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/using-handlebars
https://www.twilio.com/docs/sendgrid/api-reference/custom-fields/create-custom-field-definition
https://github.com/handlebars-lang/handlebars-parser/blob/master/src/handlebars.l
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sendgrid_campaigns.models import ErrorDetail
from sendgrid_campaigns.protocol.answers import plain

GROUP, PREFERENCES = "{{{unsubscribe}}}", "{{{unsubscribe_preferences}}}"
SYSTEM = {
    "unsubscribe": GROUP,
    "unsubscribe_preferences": PREFERENCES,
    "Weblink": "{{Weblink}}",
    **{f"Sender_{each}": f"{{{{Sender_{each}}}}}" for each in ("Name", "Address", "City", "State", "Zip")},
}
"""New tags, by what stands between brackets in the legacy tags."""
ASM = {"asm_group_unsubscribe_raw_url": GROUP, "asm_preferences_raw_url": PREFERENCES}
"""New tags, by what stands between `<%` and `%>` in the legacy tags."""
NOT_FIELDS = {*SYSTEM, "Sender_Email", "Sender_Country"}
"""Names that the new editor gives a meaning of its own."""
BLOCKS = "if|unless|equals|notEquals|greaterThan|lessThan|and|or"
WORDS = set(f"{BLOCKS}|insert|formatDate|length|each|with|as|lookup|log|else|this|true|false|null|undefined".split("|"))
"""Names that Handlebars, or the service's Handlebars, gives a meaning of its own."""
_TAKEN = {name.lower() for name in NOT_FIELDS}

_TAG = re.compile(
    r"""
      \[% (?: (?P<field> (?: [^][{}%] | %(?!\]) )*+ ) %\] )?
    | \[\[ (?P<double> Sender_\w++ ) \]\]
    | \[ (?P<system> \s*+ (?i: sender_\w++ | weblink | unsubscribe (?:_\w++)? ) \s*+ ) \]
    | <% (?P<percent> [^][{}<>%]*+ ) %>
    | (?P<escaped> (?i: (?: & (?:amp;)*+ lt;% | %3c%25 ) asm_ | %5b (?: %25 | sender_ | weblink | unsubscribe ) ) \w*+ )
    | \{{2,}+ (?P<braces> [^{}]*+ \}{2,}+ )?
    """,
    re.VERBOSE | re.ASCII,
)
"""What looks like a tag. After its first characters, none reads past the next such characters: texts may be hostile."""
_NAME = r"[A-Za-z_]\w*+"
_EDITOR = re.compile(
    rf"""
      \{{\{{ \s*+ (?:
          insert \s++ (?P<insert> {_NAME} ) \s++ (?: 'default=[^']*+' | "default=[^"]*+" )
        | (?: formatDate | (?: \# | else\s++ ) (?:{BLOCKS}) ) \s++ (?P<helper> {_NAME} )
          (?: \s++ (?: [-.\w]++ | '[^']*+' | "[^"]*+" ) )*+
        | / (?:{BLOCKS}) | else | (?P<name> {_NAME} )
      ) \s*+ \}}\}}
    | \{{\{{\{{ \s*+ (?P<raw> {_NAME} ) \s*+ \}}\}}\}}
    """,
    re.VERBOSE | re.ASCII,
)
_WITH_INSERT = re.compile(r"""[^'"`=&<>\\|\r\n]++""")
_WITH_IF = re.compile(r"[^&<>\\|%]++")
"""Defaults for each of the two forms. Neither holds what could be read as another tag afterwards."""
_Fields = dict[str, str] | None
"""The account's fields, each by its name in lower case: no two of an account differ in case alone."""

# Why a tag stays as it is, and what to do.
_LINKS = (
    "Single Sends have no tag for this",
    "Write a link with {{{unsubscribe}}}, for the unsubscribe group, or {{{unsubscribe_preferences}}}, for all groups.",
)
_NEW = (
    "Write the tag of the new editor that is meant: {{{unsubscribe}}}, {{{unsubscribe_preferences}}}, {{Weblink}},"
    " {{Sender_Name}}, {{field}}."
)
_SPELLING = "no documented tag is spelled like this", _NEW
_ESCAPED = "the tag is escaped, and may not have worked before", _NEW
_MEANT = (
    "If the characters are text, put a space between them. If a tag is meant, write {{field}}, or"
    " {{insert field 'default=friend'}}."
)
_OPEN = "the tag has no end, or holds brackets or braces", _MEANT
_BRACES = "Single Sends read these braces as Handlebars, and they are no tag of the new editor", _MEANT
_TOUCHED = (
    "next to a brace or after a backslash, the new tag would be read as something else",
    "Put a space between the tag and that character.",
)
_RENAME = (
    "Make a custom field with another name, of letters, digits and underscores, no digit first. Change the tag to it."
)
_NOT_A_NAME = "Single Sends can have no field of this name", _RENAME
_WORD = "this name has a meaning of its own in Single Sends", _RENAME
_EMPTY = "the default is empty", "Write {{field}}, which shows nothing without a value; or write a default."
_DEFAULT = (
    "the default may look different in a Single Send",
    "Write {{#if field}}{{field}}{{else}}the default{{/if}}, and look at a preview.",
)


@dataclass(frozen=True)
class Change:
    """A legacy tag and its successor."""

    old: str
    new: str
    times: int
    """How often the old tag stands in the text."""


@dataclass(frozen=True)
class Rewritten:
    """A text with the tags of Single Sends."""

    text: str
    changes: tuple[Change, ...]
    """What was replaced, in the order of the text."""
    problems: tuple[ErrorDetail, ...]
    """What was left as it is, and needs a person; each once, in the order of the text."""


def rewrite(text: str, *, known_fields: Collection[str] | None = None) -> Rewritten:
    """Change the legacy tags of a subject or a content to those of Single Sends; done again, it changes nothing.

    `known_fields` are the names of the account's fields, reserved and custom; a tag of another field is a problem.
    """
    fields = None if known_fields is None else {name.lower(): name for name in known_fields}
    successors, problems, times = dict[str, str](), dict[str, ErrorDetail](), Counter[str]()

    def replaced(found: re.Match[str]) -> str:
        if (tag := found[0]) in problems:
            return tag
        if tag not in successors:
            result = _successor(found, fields)
            if isinstance(result, ErrorDetail):
                problems[tag] = result
                return tag
            successors[tag] = result
        start, end = found.span()
        if text[start - 1 : start] in ("{", "\\") or text[end : end + 1] == "}":
            if (touched := f"\\{tag}") not in problems:
                problems[touched] = _problem(tag, *_TOUCHED)
            return tag
        times[tag] += 1
        return successors[tag]

    new = _TAG.sub(replaced, text)
    changes = [Change(tag, to, times[tag]) for tag, to in successors.items() if to != tag and times[tag]]
    return Rewritten(new, tuple(changes), tuple(dict.fromkeys(problems.values())))


def _successor(found: re.Match[str], fields: _Fields) -> str | ErrorDetail:
    tag, kind = found[0], found.lastgroup
    inner = found[kind] if kind else ""
    if kind == "field":
        return _field(tag, inner, fields)
    if kind in ("system", "double"):
        return SYSTEM.get(inner) or SYSTEM.get(inner.lower()) or _problem(tag, *_SPELLING)
    if kind == "percent":
        return ASM.get(inner) or _problem(tag, *_LINKS)
    if kind == "escaped":
        return _problem(tag, *_ESCAPED)
    if tag == "[%":
        return _problem(tag, *_OPEN)
    editor = _EDITOR.fullmatch(tag)
    name = editor[editor.lastgroup] if editor and editor.lastgroup else None
    if not editor or name in WORDS:
        return _problem(tag, *_BRACES)
    return (None if name is None or name in NOT_FIELDS else _unknown(tag, name, fields)) or tag


def _field(tag: str, inner: str, fields: _Fields) -> str | ErrorDetail:
    name, bar, default = (each.strip() for each in inner.partition("|"))
    if not re.fullmatch(_NAME, name, re.ASCII):
        return _problem(tag, *_NOT_A_NAME)
    if name in WORDS or name.lower() in _TAKEN:
        return _problem(tag, *_WORD)
    if problem := _unknown(tag, name, fields):
        return problem
    if not bar:
        return f"{{{{{name}}}}}"
    if _WITH_INSERT.fullmatch(default):
        return f"{{{{insert {name} 'default={default}'}}}}"
    if _WITH_IF.fullmatch(default):
        return f"{{{{#if {name}}}}}{{{{{name}}}}}{{{{else}}}}{default}{{{{/if}}}}"
    return _problem(tag, *(_DEFAULT if default else _EMPTY))


def _unknown(tag: str, name: str, fields: _Fields) -> ErrorDetail | None:
    if fields is None or (near := fields.get(name.lower())) == name:
        return None
    todo = f"Its name is {near!r}: case matters." if near else "Make that custom field, or change the tag."
    return _problem(tag, "the account has no such field", todo)


def _problem(tag: str, why: str, todo: str) -> ErrorDetail:
    return ErrorDetail(message=f"{plain(tag[:100])}: {why}", help=todo)
