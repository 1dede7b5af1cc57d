"""Test the way from a change of the fragment to a call: an operation is added, generated, declared and called."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
PATH = "/v3/campaigns/{campaign_id}/schedules/pause"


def run(*arguments: str | Path, path: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the fragment with one more operation, which pauses a campaign; and generated/ beside the copy."""
    described: dict[str, Any] = yaml.safe_load(FRAGMENT.read_text("utf-8"))
    send: Mapping[str, Any] = described["paths"]["/v3/campaigns/{campaign_id}/schedules/now"]
    answers = {("200" if code == "201" else code): answer for code, answer in send["post"]["responses"].items()}
    operation = {**send["post"], "operationId": "pause_campaign", "responses": answers}
    described["paths"][PATH] = {"parameters": send["parameters"], "post": operation}
    fragment = tmp_path_factory.mktemp("grown") / "campaigns.yaml"
    fragment.write_text(yaml.safe_dump(described, sort_keys=False), "utf-8")
    generate = (ROOT / "scripts" / "generate.py", "--fragment", fragment, "--folder", fragment.with_name("generated"))
    done = run(*generate, path=[])
    assert done.returncode == 0, done.stderr
    return fragment


def test_an_added_operation_is_called_through_the_client(grown: Path) -> None:
    done = run(Path(__file__).with_name("pausing.py"), path=[grown.with_name("generated"), ROOT / "facade"])
    assert done.returncode == 0, done.stderr
    request = ["POST", "/v3/campaigns/4900/schedules/pause", "acme", "Bearer SG.key"]
    # A 429 is repeated; a 404 is final; a write in doubt is not repeated.
    assert json.loads(done.stdout) == [
        *(request, "waits", request, "Paused"),
        *(request, ["NotFoundError", PATH, 4900, "acme"]),
        *(request, ["OutcomeUnknownError", PATH, 4900, "acme"]),
    ]


def test_a_fragment_that_was_not_generated_fails_the_check(grown: Path) -> None:
    done = run(ROOT / "scripts" / "generate.py", "--check", "--fragment", grown, path=[])
    assert done.returncode == 1
    assert "generated/ is not what campaigns.yaml gives:\n" in done.stderr
    assert "  missing: sendgrid_campaigns_api/api/campaigns/pause_campaign.py\n" in done.stderr
    assert "run `make generate`" in done.stderr


def test_an_added_operation_is_compatible(grown: Path) -> None:
    done = run("-m", "spec_diff", FRAGMENT, "--ours", grown, path=[ROOT / "tests"])
    assert done.returncode == 0
    assert f"Compatible: 1\n\n- POST {PATH}: operation added\n" in done.stdout
