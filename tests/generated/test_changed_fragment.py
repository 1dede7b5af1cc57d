"""Test what a change of the fragment does to the facade: an added operation is called, a renamed field is refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spec_diff.edits import edited, fragment

ROOT = Path(__file__).parents[2]
PAUSE = "/v3/campaigns/{campaign_id}/schedules/pause"

RENAMED = {
    "Schedule": ("send_at", "goes_out_at"),
    "ScheduledTime": ("send_at", "goes_out_at"),
    "SendAccepted": ("status", "state"),
    "Campaign": ("title", "name"),
}
"""By schema: a field's old and new name."""


def run(copy: Path, code: int, *command: str | Path) -> str:
    path = os.pathsep.join(map(str, (copy / "generated", copy / "facade", ROOT / "tests")))
    command = (sys.executable, *command)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of facade/, beside what is generated from a fragment with renamed fields and an operation that pauses."""
    described: Any = edited(fragment, [])
    for schema, (old, new) in RENAMED.items():
        model = described["components"]["schemas"][schema]
        model["properties"][new] = model["properties"].pop(old)
        model["required"] = [new if name == old else name for name in model["required"]]
    for operation in (each for item in described["paths"].values() for each in item.values() if "responses" in each):
        for answer in operation["responses"].values():  # their examples have the old names
            answer.get("content", {}).get("application/json", {}).pop("example", None)
    send = described["paths"]["/v3/campaigns/{campaign_id}/schedules/now"]
    answers = {("200" if code == "201" else code): answer for code, answer in send["post"]["responses"].items()}
    operation = {**send["post"], "operationId": "pause_campaign", "responses": answers}
    described["paths"][PAUSE] = {"parameters": send["parameters"], "post": operation}
    copy = tmp_path
    (copy / "campaigns.json").write_text(json.dumps(described), "utf-8")
    shutil.copytree(ROOT / "facade", copy / "facade", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    run(copy, 0, ROOT / "scripts" / "generate.py", "--fragment", "campaigns.json", "--folder", "generated")
    return copy


def test_an_added_operation_is_called_and_renamed_fields_are_type_errors(copy: Path) -> None:
    """One test, so that two processes do not generate the package twice."""
    request = ["POST", "/v3/campaigns/4900/schedules/pause", "acme", "Bearer SG.key"]
    # A 429 is repeated; a 404 is final; a write in doubt is not repeated.
    assert json.loads(run(copy, 0, Path(__file__).with_name("pausing.py"))) == {
        "requests": [request] * 4,
        "waits": 1,
        "results": ["Paused", *(["NotFoundError", PAUSE, 4900, "acme"], ["OutcomeUnknownError", PAUSE, 4900, "acme"])],
    }
    # These files are all of the facade that knows the generated package. `make generate` writes campaign_types.py.
    files = [f"facade/sendgrid_campaigns/{name}.py" for name in ("campaigns", "_sync/campaigns", "campaign_types")]
    # Paths in the cache are relative: the cache serves every copy.
    said = run(copy, 1, "-m", "mypy", *files, "--cache-dir", ROOT / ".mypy_cache" / "renamed")
    named = {
        (schema, line.partition(":")[0])
        for line in said.splitlines()
        for schema, (old, _) in RENAMED.items()
        if f'"{schema}" has no attribute "{old}"' in line
    }
    by_hand = {(schema, file) for schema in RENAMED if schema != "Campaign" for file in files[:2]}
    assert named >= {*by_hand, ("Campaign", files[2])}, said
