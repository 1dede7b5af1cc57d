"""Legacy tags: what becomes of each, that nothing is done twice, and that hostile texts cost no more than others."""

from collections.abc import Collection
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import cases
from sendgrid_campaigns.moving.tags import Change, rewrite
from spec_diff.reader import load

WHY = {
    "default": "the default may look different in a Single Send",
    "empty": "the default is empty",
    "name": "Single Sends can have no field of this name",
    "word": "this name has a meaning of its own in Single Sends",
    "open": "the tag has no end, or holds brackets or braces",
    "none": "Single Sends have no tag for this",
    "spelling": "no documented tag is spelled like this",
    "escaped": "the tag is escaped, and may not have worked before",
    "touched": "next to a brace or after a backslash, the new tag would be read as something else",
    "braces": "Single Sends read these braces as Handlebars, and they are no tag of the new editor",
    "unknown": "the account has no such field",
}
GROUPS: list[dict[str, Any]] = load(Path(__file__).with_name("tags.yaml").read_text("utf-8"))
PIECES = (
    "[% %] [ ] [[ ]] <% %> { } {{ }} {{{ }}} \\ | & &amp; &lt;% %&gt; %5b %25 %3c ' \" = # / % else if insert a 1"
    " unsubscribe Sender_Name sender_x Weblink asm_preferences_raw_url asm_ default="
)
TEXTS = st.lists(st.sampled_from([*PIECES.split(), " ", "\n"]) | st.text(max_size=2), max_size=20).map("".join)


def problems_again(text: str, fields: Collection[str] | None = None) -> list[str]:
    """Rewrite a text two times: the second changes nothing, and says the same. Return the problems."""
    once = rewrite(text, known_fields=fields)
    again = rewrite(once.text, known_fields=fields)
    assert (again.text, again.changes, again.problems) == (once.text, (), once.problems)
    assert all(each.help for each in once.problems)
    return [each.message for each in once.problems]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["group"])
def test_what_becomes_of_each_tag(group: dict[str, Any]) -> None:
    for text, result, *problems in group["cases"]:
        fields = group.get("fields")
        messages = problems_again(text, fields)
        assert rewrite(text, known_fields=fields).text == (text if result is None else result)
        assert [each.rpartition(": ")[2] for each in messages] == [WHY[each] for some in problems for each in some], (
            text
        )
        assert all(" ".join(each.rpartition(": ")[0].split()) in " ".join(text.split()) for each in messages), text


def test_changes_and_problems_name_each_tag_once() -> None:
    found = rewrite("[%a%] [Unsubscribe] {[%a%]} [%1%] [%a%] [%1%] {{a}}")
    assert found.changes == (Change("[%a%]", "{{a}}", 2), Change("[Unsubscribe]", "{{{unsubscribe}}}", 1))
    assert [each.message.partition(": ")[0] for each in found.problems] == ["[%a%]", "[%1%]"]
    (other,) = rewrite("[%pet%]", known_fields={"Pet"}).problems
    assert other.help == "Its name is 'Pet': case matters."
    (long,) = rewrite("[%" + "\n 1" * 1000 + "%]").problems
    assert len(long.message) < 200


@given(TEXTS, st.none() | st.just(["a"]))
def test_nothing_is_done_twice(text: str, fields: list[str] | None) -> None:
    problems_again(text, fields)


@cases("piece", "[%", "[%a", "[%a%]", "[%a|b&%]", "{{", "{{ a ", "{{a}}", "<%", "<% a ", "&", "&amp;", "&amp;lt;%", "[")
@pytest.mark.parametrize("begin", ["", "{{insert a '"])
def test_hostile_texts_take_linear_time(begin: str, piece: str) -> None:
    """The steps of a regular expression cannot be counted. In quadratic time, each of these would take minutes."""
    before = process_time()
    rewrite(begin + piece * (2**18 // len(piece)))
    assert process_time() - before < 10


def test_a_large_text_with_many_different_tags() -> None:
    text = "".join(f"[%a{number}%]\\[%b{number}%][%{number}%] " for number in range(10_000)) + "[%" * 400_000
    before = process_time()
    found = rewrite(text, known_fields=[f"b{number}" for number in range(10_000)])
    assert process_time() - before < 10
    assert len(found.problems) == 30_001
