"""Edits that people make to the fragment: what `make generate` and `make spec-diff` say of each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubles import Script
from spec_diff import __main__ as spec_diff
from spec_diff.edits import FRAGMENT, edited, fragment
from spec_diff.reader import load, read

EDITS: list[dict[str, Any]] = load(Path(__file__).with_name("edits.yaml").read_text("utf-8"))


def after(edit: dict[str, Any]) -> str:
    """Return the text of the fragment after an edit."""
    if "do" in edit:
        return json.dumps(edited(fragment, edit["do"]))
    text = FRAGMENT.read_text("utf-8")
    assert edit["text"][0] in text
    return text.replace(*edit["text"])


def said_of(edits: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(edit, id=edit["edit"]) for edit in edits]


@pytest.mark.parametrize("edit", said_of([each for each in EDITS if "generate" in each or "text" in each]))
def test_generate(edit: dict[str, Any], generate: Callable[..., str], tmp_path: Path) -> None:
    file, folder = tmp_path / "campaigns.yaml", tmp_path / "generated"
    file.write_text(after(edit), "utf-8")
    said = generate("--fragment", file, "--folder", folder)
    assert bool(said) == ("generate" in edit), said
    assert [part for part in edit.get("generate", []) if part not in said] == [], said
    assert folder.exists() == (not said)


def test_generate_all_the_others(generate: Callable[..., str], tmp_path: Path) -> None:
    described = fragment
    for edit in EDITS:
        if "generate" not in edit and "text" not in edit:
            described = edited(described, edit["do"])
    (tmp_path / "campaigns.json").write_text(json.dumps(described))
    assert generate("--fragment", tmp_path / "campaigns.json", "--folder", tmp_path / "generated") == ""


@pytest.mark.parametrize("edit", said_of([each for each in EDITS if "diff" in each]))
def test_spec_diff(edit: dict[str, Any]) -> None:
    found = spec_diff.compare(fragment, read(after(edit)), foreign=False)
    assert list(dict.fromkeys(f"{one.result}: {one.text}" for one in found)) == edit["diff"]


@pytest.mark.parametrize("edit", said_of([each for each in EDITS if "diff" not in each]))
def test_spec_diff_of_what_cannot_be_compared(edit: dict[str, Any], script: Script, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(after(edit), "utf-8")
    code, said = script(spec_diff.__file__, FRAGMENT, "--ours", tmp_path / "ours.yaml")
    assert (code, len(said.splitlines())) == (2, 1)
