"""What a job's file may hold, and what is said of one that cannot be right."""

import json
from pathlib import Path
from typing import Any

import pytest

from doubles import cases
from sendgrid_campaigns.bulk import JobFileError, Row
from sendgrid_campaigns.bulk.rows import COLUMNS, read

UUID = "27c21bbf-a12c-440b-b8bf-c526975328ca"
NEW = {"key": "march", "title": "March", "subject": "Spring", "list_ids": [110, 111], "categories": ["a b", "c"]}


def written(folder: Path, text: str | bytes) -> list[Row]:
    path = folder / "jobs"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path)


def problems(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(JobFileError) as refused:
        written(folder, text)
    assert "Nothing was sent." in str(refused.value)
    return [*refused.value.problems]


CAMPAIGNS = [
    Row(line=2, campaign_id=4900),
    Row(line=3, on_behalf_of="acme", campaign_id=4901),
    Row(line=5, on_behalf_of="account-id A123", campaign_id=4902),
]


@cases(
    "text",
    "subuser,account_id,campaign_id\n,,4900\nacme,,4901\n , \n,A123,4902\n",
    "\ufeffcampaign_id;subuser;account_id\r\n4900\r\n4901;acme\r\n\r\n4902;;A123\r\n",
    '\n{"campaign_id": 4900}\n{"campaign_id": 4901, "subuser": "acme"}\n\n{"campaign_id": 4902, "account_id": "A123"}',
)
def test_rows_of_campaigns(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, text) == CAMPAIGNS


def test_rows_that_make_campaigns(tmp_path: Path) -> None:
    (tmp_path / "march.html").write_text("<p>März</p>", "utf-8-sig")
    fields = {name: value for name, value in NEW.items() if name != "key"} | {"html_content": "<p>März</p>"}
    as_csv = 'key,title,subject,list_ids,categories,html_file\nmarch,March,Spring,"110, 111",a b;c,march.html\n'
    as_json = json.dumps({**NEW, "html_file": "march.html", "sender_id": None})
    for text in (as_csv, as_json):
        (row,) = written(tmp_path, text)
        assert (row.key, row.campaign_id, row.fields) == ("march", None, fields)


def test_rows_of_single_sends(tmp_path: Path) -> None:
    (tmp_path / "march.html").write_text("<p>")
    assert written(tmp_path, f"subuser,single_send_id,campaign_id\nacme,{UUID.upper()},\n,,4900\n") == [
        Row(line=2, on_behalf_of="acme", single_send_id=UUID),
        Row(line=3, campaign_id=4900),
    ]
    made: dict[str, Any] = {"key": "m", "name": "March", "send_to": {"all": True}, "email_config": {"subject": "S"}}
    texts = [{**made, "html_file": "march.html"}, {"key": "m", "title": "March"}]  # a key of each API
    row, of_campaign = written(tmp_path, "\n".join(map(json.dumps, texts)))
    content = {"subject": "S", "html_content": "<p>"}
    assert row.fields == {"name": "March", "send_to": {"all": True}, "email_config": content}
    assert [str(each) for each in (row, of_campaign)] == ["single send key 'm'", "key 'm'"]


@cases(
    "text problem",
    ("single_send_id\n4900\n", "line 2: single_send_id is '4900'. Give a UUID"),
    (f"single_send_id\n{UUID}\n{UUID}\n", f"line 3: single send {UUID} stands on line 2 already"),
    (f"campaign_id,single_send_id\n1,{UUID}\n", "line 2: a row has a campaign_id, a single_send_id, or a key. Give"),
    (f"single_send_id,title\n{UUID},March\n", "line 2: title stands beside a single_send_id. Only a row with a key"),
    ("key,name\nm,March\n", "line 1: there is no column 'name'"),
    ('{"key": "m", "name": "March", "subject": "S"}', "line 1: a single send has no field 'subject'"),
    ('{"key": "m", "name": "March", "title": "March"}', "line 1: a single send has no field 'title'"),
    ('{"key": "m", "name": "March", "email_config": 1, "html_file": "x"}', "line 1: email_config is 1. Give an object"),
    ('{"key": "m", "title": "March", "send_to": {}}', "line 1: a campaign has no field 'send_to'"),
    ("campaign_id\n4900\nx\n", "line 3: campaign_id is 'x'. Give a whole number."),
    ("campaign_id\n0\n", "line 2: campaign_id is 0. Give a positive int, such as 4900."),
    ("campaign_id,subuser\n1,a\n2,b\n1,a\n", "line 4: campaign 1 on behalf of 'a' stands on line 2 already"),
    ("key,title\nm,March\nm,April\n", "line 3: key 'm' stands on line 2 already. Give each send once."),
    ("campaign_id,subuser,account_id\n1,a,b\n", "line 2: a row has a subuser, or an account_id. Give one of the two."),
    ("campaign_id,subuser\n1,é\n", "line 2: on_behalf_of(): the Subuser 'é' holds a character that no HTTP header"),
    ("campaign_id,title\n1,March\n", "line 2: title stands beside a campaign_id. Only a row with a key makes"),
    (
        "campaign_id,key,title\n1,m,March\n",
        "line 2: a row has a campaign_id, a single_send_id, or a key. Give one of them.",
    ),
    ("subuser\nacme\n", "line 2: a row has a campaign_id, a single_send_id, or a key. Give one of them."),
    ("key,title\na b,March\n", "line 2: key is 'a b'. Give 1 to 40 letters"),
    ("key\nm\n", "line 2: title is None. A row with a key makes a campaign, which needs a title, or a"),
    (f"key,title\nm,{'x' * 100}\n", "line 2: title has 100 characters, and with this key it may have 91"),
    ("key,title,list_ids\nm,March,1 x\n", "line 2: list_ids is 'x'. Give a whole number."),
    ("key,title,html_file\nm,March,no.html\n", "line 2: no.html cannot be read: [Errno 2] No such file"),
    ("key,title,html_file,html_content\nm,March,a,b\n", "line 2: html_content and html_file are both there"),
    ("campaign_id\n1,2\n", "line 2: the line has 2 cells, and the header has 1. Put a cell that holds a comma"),
    (
        "campaign_id,foo\n1,2\n",
        f"line 1: there is no column 'foo'. The first line names the columns, from these: {', '.join(COLUMNS)}.",
    ),
    ("campaign_id,campaign_id\n1,2\n", "line 1: a column stands there twice"),
    ("campaign_id\n", "the file has no rows"),
    ("", "the file has no rows"),
    ('[{"campaign_id": 1}]', "line 1: the line is no JSON object. Write {"),
    ('{"campaign_id": 1}\n{"campaign": 2}', "line 2: there is no column 'campaign'"),
    ('{"campaign_id": "1"}', "line 1: campaign_id is '1'. Give a positive int"),
    ('{"key": "m", "title": "\\ud800"}', "line 1: title cannot be sent"),
    ('{"key": "m", "title": "March", "html_file": 1}', "line 1: 1 is no file's name. Give the name as text."),
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(problem)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = "campaign_id\n" + "x\n" * 30
    assert len(problems(tmp_path, text)) == 30
    with pytest.raises(JobFileError, match=r"has 30 problems\n  line 2: .*\n(.*\n)+  and 10 more\n"):
        read(tmp_path / "jobs")


@cases("text", b"campaign_id\n\xff\n", b'campaign_id\n"1\n2\n')
def test_a_file_that_cannot_be_read(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(JobFileError, match=r"is not in UTF-8|is no CSV"):
        written(tmp_path, text)


def test_the_text_of_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "march.html").write_text("<p>")
    reads: list[Path] = []
    read_text: Any = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, *options: reads.append(path) or read_text(path, *options))
    rows = written(tmp_path, "key,title,html_file\n" + "".join(f"m{number},March,march.html\n" for number in range(9)))
    assert (len(rows), reads) == (9, [tmp_path / "march.html"])
