"""What a change of the fragment does to callers: edit by edit, and against somebody else's description."""

import copy
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))
spec_diff: Any = importlib.import_module("spec_diff")

FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
# Through JSON, so that nothing is shared: an edit of one place is an edit of one place.
fragment: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(FRAGMENT.read_text("utf-8"))))
EDITS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "edits.yaml").read_text("utf-8"))


def edited(description: Any, steps: list[dict[str, Any]]) -> Any:
    """A copy of a description, with the steps of an edit carried out: see edits.yaml."""
    description = copy.deepcopy(description)
    for step in steps:
        ((kind, given),) = step.items()
        if kind == "replace":
            old, new = given
            text = json.dumps(description)
            assert old in text
            description = json.loads(text.replace(old, new))
            continue
        *way, last = given if kind == "remove" else given[0]
        node = description
        for key in way:
            node = node[key]
        if kind == "remove":
            del node[last]
        elif kind == "rename":
            renamed = {given[1] if key == last else key: value for key, value in node.items()}
            assert last in node
            node.clear()
            node.update(renamed)
        elif last == "+":
            node.append(given[1])
        else:
            node[last] = given[1]
    return description


def compare(base: Any, ours: Any, *, foreign: bool = False) -> list[Any]:
    return spec_diff.compare(base, ours, foreign=foreign).found


def test_there_is_no_difference_to_itself() -> None:
    assert compare(fragment, fragment) == []


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["edit"])
def test_edit(edit: dict[str, Any]) -> None:
    base = edited(fragment, edit.get("before", []))
    ours = edited(base, edit["do"])
    assert ours != base
    found = compare(base, ours)
    if edit["says"] == "nothing":
        assert found == []
        return
    (one,) = (difference for difference in found if difference.text not in edit.get("also", []))
    assert (one.verdict, one.text, one.places[0]) == (edit["says"], edit["what"], edit["place"])
    assert len(one.places) == edit.get("places", 1)
    assert {difference.text for difference in found} == {one.text, *edit.get("also", [])}


# --- somebody else's description ---


def inlined(node: Any) -> Any:
    """Without a single $ref."""
    if isinstance(node, list):
        return [inlined(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = fragment
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        return inlined(target)
    return {key: inlined(value) for key, value in node.items()}


def as_3_0(node: Any) -> Any:
    """In the words of OpenAPI 3.0, and with other texts."""
    if isinstance(node, list):
        return [as_3_0(item) for item in node]
    if not isinstance(node, dict):
        return node
    said = {key: as_3_0(value) for key, value in node.items() if key not in ("description", "examples", "example")}
    if "description" in node:
        said["description"] = "Theirs."
    if isinstance(said.get("type"), list):
        said["type"], null = said["type"]
        said["nullable"] = null == "null"
    if {"type": "null"} in said.get("anyOf", []):
        said["anyOf"].remove({"type": "null"})
        said["nullable"] = True
    return said


def described(paths: Any, **components: Any) -> Any:
    """A whole description of OpenAPI 3.0, of another hand."""
    paths = {path.replace("{campaign_id}", "{id}"): item for path, item in as_3_0(paths).items()}
    for path, item in paths.items():
        for method, operation in item.items():
            if method != "parameters":
                operation["operationId"] = f"{method.upper()}{path}".replace("/", "_")
                operation["tags"] = ["Theirs"]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Theirs", "version": "1"},
        "servers": fragment["servers"],
        "security": [{"BearerAuth": []}],
        "paths": paths,
        "components": {"securitySchemes": {"BearerAuth": fragment["components"]["securitySchemes"]["bearer"]}}
        | as_3_0(components),
    }


def without_names() -> Any:
    theirs = described(inlined(fragment["paths"]))
    return json.loads(json.dumps(theirs).replace('"campaign_id"', '"id"'))


def with_other_names() -> Any:
    components = {
        kind: {f"Their{name}": said for name, said in fragment["components"][kind].items()}
        for kind in ("schemas", "parameters", "responses")
    }
    theirs = json.dumps(described(fragment["paths"], **components)).replace('"campaign_id"', '"id"')
    for kind in components:
        theirs = theirs.replace(f"#/components/{kind}/", f"#/components/{kind}/Their")
    return json.loads(theirs)


THEIRS = {"without names": without_names(), "with other names": with_other_names()}


@pytest.fixture(params=THEIRS)
def theirs(request: pytest.FixtureRequest) -> Any:
    return copy.deepcopy(THEIRS[request.param])


def dictionaries(node: Any) -> Iterator[dict[str, Any]]:
    for item in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else []:
        yield from dictionaries(item)
    if isinstance(node, dict):
        yield node


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fragment as JSON, which is read much faster."""
    file = tmp_path_factory.mktemp("base") / "base.json"
    file.write_text(json.dumps(fragment))
    return file


@attrs.frozen
class Done:
    code: int
    said: str
    complaint: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command, in this process."""

    def command(*arguments: Any) -> Done:
        monkeypatch.setattr("sys.argv", ["spec_diff.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            spec_diff.main()
        said = capsys.readouterr()
        return Done(int(stopped.value.code or 0), said.out, said.err)

    return command


def test_theirs_is_a_good_description_and_in_other_words() -> None:
    theirs = THEIRS["with other names"]
    assert list(OpenAPIV30SpecValidator(theirs).iter_errors()) == []
    for said in THEIRS.values():
        assert "Campaign" not in {name for node in dictionaries(said) for name in node}
        assert any(node.get("nullable") for node in dictionaries(said))
        assert {"type": "null"} not in list(dictionaries(said))


def test_a_foreign_description_of_the_same_facts_agrees(theirs: Any) -> None:
    assert compare(theirs, fragment, foreign=True) == []
    # Its names are others, and nothing else is.
    assert {one.verdict for one in compare(theirs, fragment)} == {"breaks names"}


def test_three_facts_that_differ_are_those_three(theirs: Any) -> None:
    for said in dictionaries(theirs):
        if said.get("maxLength") == 100:
            said["maxLength"] = 150
        if said.get("required") == ["id", "status"]:
            said["properties"]["status"]["nullable"] = True
        if said.get("name") == "offset":
            said["required"] = True
    found = {one.text: one.places for one in compare(theirs, fragment, foreign=True)}
    assert found == {
        "maxLength: 150 -> 100": [
            "POST /v3/campaigns > body > title",
            "PATCH /v3/campaigns/{campaign_id} > body > title",
        ],
        "nullable: yes -> no": ["POST /v3/campaigns/{campaign_id}/schedules/now > 201 > status"],
        "required: yes -> no": ["GET /v3/campaigns > query offset"],
    }
    assert {one.verdict for one in compare(theirs, fragment, foreign=True)} == {"disagrees"}


def test_operations_of_theirs_that_we_do_not_speak_are_no_disagreement(theirs: Any) -> None:
    theirs["paths"]["/v3/senders"] = {"get": {"responses": {"200": {"description": "Theirs."}}}}
    (one,) = compare(theirs, fragment, foreign=True)
    assert (one.verdict, one.text, one.places) == ("not in ours", "operation only in base", ["GET /v3/senders"])
    del theirs["paths"]["/v3/campaigns"]["get"]
    _, one = compare(theirs, fragment, foreign=True)
    assert (one.verdict, one.text, one.places) == ("disagrees", "operation only in ours", ["GET /v3/campaigns"])


# --- the command ---


def test_a_foreign_file_is_known_by_its_names(theirs: Any, tmp_path: Path, run: Callable[..., Done]) -> None:
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(theirs, indent="\t"))
    done = run(file)
    assert (done.code, done.complaint) == (0, "")
    assert "somebody else's description" in done.said
    assert "Nothing differs in meaning" in done.said


def test_a_file_of_ours_is_known_by_its_names(tmp_path: Path, base: Path, run: Callable[..., Done]) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(json.dumps(edited(fragment, [{"remove": ["paths", "/v3/campaigns", "get"]}])))
    done = run(file)
    assert done.code == 0
    assert done.said.startswith(f"base: {file}; ours: openapi/campaigns.yaml\n")
    assert "  GET /v3/campaigns: operation added\n" in done.said
    done = run(base, "--ours", file)
    assert done.code == 1
    assert "Breaks callers: 1\n  GET /v3/campaigns: operation removed\n" in done.said


def test_names_alone_break_too(tmp_path: Path, base: Path, run: Callable[..., Done]) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(FRAGMENT.read_text("utf-8").replace("SendAccepted", "Accepted"))
    done = run(base, "--ours", file)
    assert done.code == 1
    assert "Breaks names of the generated package, and nothing on the wire: 1" in done.said


def test_json_and_markdown(tmp_path: Path, base: Path, run: Callable[..., Done]) -> None:
    file = tmp_path / "ours.yaml"
    steps = [{"set": [["components", "schemas", "CreateCampaignRequest", "properties", "title", "pattern"], "a|b"]}]
    file.write_text(json.dumps(edited(fragment, steps)))
    said = json.loads(run(base, "--ours", file, "--json").said)
    assert said["failed"] is True
    assert said["differences"] == [
        {
            "verdict": "breaks",
            "what": "pattern",
            "base": "none",
            "ours": "a|b",
            "places": ["POST /v3/campaigns > body > title"],
        }
    ]
    done = run(base, "--ours", file, "--markdown")
    assert done.code == 1
    assert "| `POST /v3/campaigns > body > title` | pattern: none -> a\\|b |" in done.said


WRONG = {
    "no such file or ref": ("nowhere", None, "nowhere is no file, and no git ref"),
    "no YAML": ("wrong", "a: [", "cannot be read"),
    "no JSON": ("wrong", '{"a": ', "cannot be read"),
    "no description": ("wrong", "[]", "no OpenAPI 3 description"),
    "Swagger 2": ("wrong", '{"swagger": "2.0"}', "Swagger 2 has to be converted"),
    "no good description": ("wrong", '{"openapi": "3.1.0", "paths": []}', "is not valid OpenAPI"),
    "a reference out of the file": (
        "wrong",
        '{"openapi": "3.1.0", "paths": {"/v3/campaigns": {"$ref": "other.yaml"}}}',
        "a $ref leads out of the file",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_compared(case: str, tmp_path: Path, run: Callable[..., Done]) -> None:
    name, text, said = WRONG[case]
    if text is not None:
        (tmp_path / name).write_text(text)
    done = run(tmp_path / name if text is not None else name)
    assert done.code == 2
    assert said in done.complaint


def test_without_a_base_it_says_how_it_is_used(run: Callable[..., Done]) -> None:
    done = run()
    assert done.code == 2
    assert "BASE" in done.complaint


def test_a_git_ref_is_compared_with_today(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Done]
) -> None:
    """Also when every name is another: what git holds was ours."""
    file = tmp_path / "openapi" / "campaigns.yaml"
    file.parent.mkdir()
    theirs = json.dumps(THEIRS["without names"])
    file.write_text(theirs)
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x"),
    ):
        git = ["git", "-C", str(tmp_path), *command]
        subprocess.run(git, check=True)
    monkeypatch.setattr(spec_diff, "ROOT", tmp_path)
    done = run("HEAD", "--ours", base)
    assert (done.code, "Breaks names" in done.said) == (1, True)
    assert run("HEAD").said.endswith("Not a word differs.\n")
    assert run("HEAD", "--ours", base, "--foreign").code == 0
