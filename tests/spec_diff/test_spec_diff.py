"""Test the results of spec_diff: on edits of the fragment, on foreign descriptions, and as a command."""

import json
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from doubles import Script
from spec_diff import __main__ as spec_diff
from spec_diff.edits import edited, fragment
from spec_diff.reader import FRAGMENTS, load

NAMES = [path.stem for path in FRAGMENTS]
EDITS: list[dict[str, Any]] = load(Path(__file__).with_name("edits.yaml").read_text("utf-8"))


def test_a_description_does_not_differ_from_itself() -> None:
    assert spec_diff.compare(fragment, fragment, foreign=False) == []


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["edit"])
def test_edit(edit: dict[str, Any]) -> None:
    base = edited(fragment, edit.get("before", []))
    ours = edited(base, edit["do"])
    assert ours != base
    found = spec_diff.compare(base, ours, foreign=False)
    if edit["says"] == "nothing":
        assert found == []
        return
    (one,) = (difference for difference in found if difference.text not in edit.get("also", []))
    assert (one.result, one.text, one.places[0]) == (edit["says"], edit["what"], edit["place"])
    assert len(one.places) == edit.get("places", 1)
    assert {difference.text for difference in found} == {one.text, *edit.get("also", [])}


# --- foreign descriptions ---


@pytest.fixture
def theirs() -> Any:
    """Another author's description of the same facts: OpenAPI 3.0, and every name is another."""
    text = json.dumps(fragment)
    for pattern, replacement in {
        r'\["(\w+)", "null"\]': r'"\1", "nullable": true',
        r', \{"type": "null"\}\]': '], "nullable": true',
        r'"#/components/(\w+)/': r'"#/components/\1/Their',
        r'"description": "([^"\\]|\\.)*"': '"description": "Theirs."',
        r'"operationId": "|"tags": \["': r"\g<0>their_",
        "campaign_id": "id",
    }.items():
        text, count = re.subn(pattern, replacement, text)
        assert count > 0
    said = json.loads(text)
    said["components"] = {
        kind: {f"Their{name}": item for name, item in named.items()} for kind, named in said["components"].items()
    }
    said |= {"openapi": "3.0.3", "info": {"title": "Theirs", "version": "1"}, "security": [{"Theirbearer": []}]}
    assert list(OpenAPIV30SpecValidator(said).iter_errors()) == []
    return said


def test_a_foreign_description_of_the_same_facts_agrees(theirs: Any) -> None:
    assert spec_diff.compare(theirs, fragment, foreign=True) == []
    assert {one.result for one in spec_diff.compare(theirs, fragment, foreign=False)} == {"breaks names"}


def test_facts_that_differ_disagree(theirs: Any) -> None:
    schemas = ["components", "schemas"]
    steps: list[dict[str, Any]] = [
        {"set": [[*schemas, "TheirCreateCampaignRequest", "properties", "title", "maxLength"], 150]},
        {"set": [[*schemas, "TheirSendAccepted", "properties", "status", "nullable"], True]},
        {"set": [["components", "parameters", "TheirOffset", "required"], True]},
        {"set": [["paths", "/v3/senders"], {"get": {"responses": {"200": {"description": "Theirs."}}}}]},
        {"remove": ["paths", "/v3/campaigns/{id}", "delete"]},
    ]
    found = spec_diff.compare(edited(theirs, steps), fragment, foreign=True)
    assert {(one.result, one.text, *one.places) for one in found} == {
        ("disagrees", "maxLength: 150 -> 100", "POST /v3/campaigns > body > title"),
        ("disagrees", "nullable: yes -> no", "POST /v3/campaigns/{campaign_id}/schedules/now > 201 > status"),
        ("disagrees", "required: yes -> no", "GET /v3/campaigns > query offset"),
        ("disagrees", "operation only in ours", "DELETE /v3/campaigns/{campaign_id}"),
        # We do not call the operation, so this is no disagreement.
        ("not in ours", "operation only in base", "GET /v3/senders"),
    }


# --- the command ---


@pytest.fixture
def run(script: Script) -> Script:
    return partial(script, spec_diff.__file__)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The fragment as JSON, which is parsed much faster."""
    return written(tmp_path / "base.json", fragment)


def written(file: Path, description: Any) -> Path:
    file.write_text(json.dumps(description, indent="\t"))
    return file


def test_a_foreign_file(theirs: Any, tmp_path: Path, base: Path, run: Script) -> None:
    code, said = run(written(tmp_path / "theirs.json", theirs), "--ours", base, "--foreign")
    assert code == 0
    assert "the base is a foreign description" in said
    assert "Nothing differs in meaning" in said


def test_an_earlier_version_of_ours(tmp_path: Path, base: Path, run: Script) -> None:
    file = written(tmp_path / "ours.json", edited(fragment, [{"remove": ["paths", "/v3/campaigns", "get"]}]))
    code, said = run(file, "--fragment", "campaigns")
    assert code == 0
    assert said.startswith(f"base: {file}; ours: openapi/campaigns.yaml\n")
    assert "- GET /v3/campaigns: operation added\n" in said
    code, said = run(base, "--ours", file)
    assert code == 1
    assert "Breaks callers: 1\n\n- GET /v3/campaigns: operation removed\n" in said


def test_json(tmp_path: Path, base: Path, run: Script) -> None:
    steps = [{"set": [["components", "schemas", "CreateCampaignRequest", "properties", "title", "pattern"], "a|b"]}]
    code, said = run(base, "--ours", written(tmp_path / "ours.json", edited(fragment, steps)), "--json")
    place = "POST /v3/campaigns > body > title"
    difference = {"result": "breaks", "what": "pattern", "base": "none", "ours": "a|b", "places": [place]}
    (report,) = json.loads(said)
    assert (code, report["failed"], report["differences"]) == (1, True, [difference])


WRONG = {
    "no such file or ref": (None, "is no file, and no git ref"),
    "no YAML": ("a: [", "cannot be read"),
    "no JSON": ('{"a": ', "cannot be read"),
    "no description": ("[]", "cannot be read: no OpenAPI 3 description"),
    "Swagger 2": ('{"swagger": "2.0"}', "convert Swagger 2 first"),
    "an invalid description": ('{"openapi": "3.1.0", "paths": []}', "is not valid OpenAPI"),
    "a reference out of the file": (
        '{"openapi": "3.1.0", "paths": {"/v3/campaigns": {"$ref": "other.yaml"}}}',
        "paths > /v3/campaigns: $ref leads out of the file: other.yaml",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_two_that_cannot_be_compared(case: str, tmp_path: Path, run: Script) -> None:
    text, message = WRONG[case]
    file = tmp_path / "wrong"
    if text is not None:
        file.write_text(text)
    code, said = run(file, "--fragment", "campaigns")
    assert (code, message in said) == (2, True)


def test_which_fragment(base: Path, run: Script) -> None:
    code, said = run(base)
    assert (code, f"choose by FRAGMENT={' or FRAGMENT='.join(NAMES)}\n" in said) == (2, True)
    assert f"there is no fragment x; there is {', '.join(NAMES)}\n" in run(base, "--fragment", "x")[1]


def test_a_fragment_that_is_removed_breaks_and_one_that_is_added_does_not() -> None:
    old, new = ("campaigns", fragment), ("contacts", fragment)
    removed, added = (spec_diff.differ(*pair, foreign=False) for pair in spec_diff.pairs({"a": old}, {"b": new}, None))
    assert [one.what for one in removed if one.result == "breaks"] == ["operation removed"] * 11
    assert [(one.result, one.what) for one in added] == [("compatible", "operation added")] * 11


def test_a_git_ref(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, run: Script) -> None:
    (tmp_path / "openapi").mkdir()
    renamed = edited(fragment, [{"replace": ["SendAccepted", "Accepted"]}])
    written(tmp_path / "openapi" / "campaigns.yaml", renamed)
    (tmp_path / "openapi" / "generator.yaml").write_text("literal_enums: true\n")  # no description
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))  # git finds the refs there
    me = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    for command in (("init", "-q"), ("add", "openapi"), (*me, "commit", "-q", "-m", "x")):
        git = ["git", "-C", str(tmp_path), *command]
        subprocess.run(git, check=True)
    code, said = run("HEAD", "--ours", base)
    # Names alone break, too.
    assert (code, "Breaks names of the generated package, and nothing on the wire: 1" in said) == (1, True)
    assert run("HEAD", "--ours", "HEAD")[1].endswith("Not a word differs.\n")
    code, said = run("HEAD")
    assert code == 1
    assert re.findall("^base: .*", said, re.M) == [
        "base: openapi/campaigns.yaml at HEAD; ours: openapi/campaigns.yaml",
        *(f"base: no {name}; ours: openapi/{name}.yaml" for name in NAMES if name != "campaigns"),
    ]
