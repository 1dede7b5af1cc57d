"""From a change of the fragment to a call: an operation is added, generated and called; what is forgotten is named."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))
script: Any = importlib.import_module("generate")

FRAGMENT = ROOT / "openapi" / "campaigns.yaml"

PATH = "/v3/campaigns/{campaign_id}/schedules/pause"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the fragment with one operation more: it pauses a campaign."""
    described: dict[str, Any] = yaml.safe_load(FRAGMENT.read_text("utf-8"))
    send: Mapping[str, Any] = described["paths"]["/v3/campaigns/{campaign_id}/schedules/now"]
    accepted = {"$ref": "#/components/schemas/SendAccepted"}
    answers = {**send["post"]["responses"], "200": {"description": "Paused.", "content": {}}}
    del answers["201"]
    answers["200"]["content"] = {"application/json": {"schema": accepted}}
    operation = {"tags": ["campaigns"], "operationId": "pause_campaign", "responses": answers}
    described["paths"][PATH] = {"parameters": send["parameters"], "post": operation}
    fragment = tmp_path_factory.mktemp("grown") / "campaigns.yaml"
    fragment.write_text(yaml.safe_dump(described, sort_keys=False), "utf-8")
    return fragment


@pytest.fixture(scope="module")
def generated(grown: Path) -> Path:
    """What the generator makes of it."""
    folder = grown.parent / "generated"
    done = run(ROOT / "scripts" / "generate.py", "--fragment", grown, "--folder", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_an_operation_that_is_added_to_the_fragment_is_called_through_the_facade(generated: Path) -> None:
    path = os.pathsep.join(map(str, [generated, ROOT / "facade", ROOT / "tests"]))
    done = run(Path(__file__).parent / "pausing.py", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    blocking, asynchronous, file = json.loads(done.stdout)
    assert file.startswith(str(generated)), "the committed package was called"
    route = "/v3/campaigns/4900/schedules/pause"
    # Refused for a while and repeated; then not found, which is final; then in doubt, and not repeated.
    assert blocking == {
        "status": "Paused",
        "waited": 1,
        "name": "pause",
        "NotFoundError": [PATH, 4900, "acme"],
        "OutcomeUnknownError": [PATH, 4900, "acme"],
        "requests": [["POST", route, "acme", "Bearer SG.key"]] * 4,
    }
    assert asynchronous == blocking


def test_a_fragment_that_is_not_generated_turns_the_check_red(
    grown: Path, generated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The generator takes seconds, and has run.
    monkeypatch.setattr(script, "generate", lambda _, folder: shutil.copytree(generated, folder, dirs_exist_ok=True))
    monkeypatch.setattr("sys.argv", ["generate.py", "--check", "--fragment", str(grown)])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == (
        "generated/ is not what campaigns.yaml gives:\n"
        "  missing: sendgrid_campaigns_api/api/campaigns/pause_campaign.py\n"
        "Never edit generated/: put the change into openapi/campaigns.yaml, run `make generate`, and commit both."
    )


def test_the_check_is_part_of_what_ci_runs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "\ncheck: $(READY) check-generated" in makefile
    assert "\n\t@$(BIN)/python scripts/generate.py --check\n" in makefile


def test_what_was_added_is_compatible(grown: Path) -> None:
    done = run(ROOT / "scripts" / "spec_diff.py", FRAGMENT, "--ours", grown)
    assert done.returncode == 0
    assert f"Compatible: 1\n  POST {PATH}: operation added\n" in done.stdout
