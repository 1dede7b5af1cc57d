"""A field that is renamed in the fragment is a type error in the facade: `make check` is red before a request fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]

OPERATIONS = ["facade/sendgrid_campaigns/campaigns.py", "facade/sendgrid_campaigns/_sync/campaigns.py"]
"""With what they import, all of the facade that knows the generated package."""

RENAMED = {
    "Schedule": ("send_at", "goes_out_at"),
    "ScheduledTime": ("send_at", "goes_out_at"),
    "SendAccepted": ("status", "state"),
    "Campaign": ("title", "name"),
}
"""By schema: a field's old and new name. One run of mypy finds them all; mypy takes most of the time of this test."""


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines that mypy writes about a copy of the facade whose generated package has the new names."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "facade", copy / "facade", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    described: Any = yaml.safe_load((ROOT / "openapi" / "campaigns.yaml").read_text("utf-8"))
    for schema, (old, new) in RENAMED.items():
        model = described["components"]["schemas"][schema]
        model["properties"] = {new if name == old else name: field for name, field in model["properties"].items()}
        model["required"] = [new if name == old else name for name in model["required"]]
    (copy / "fragment.yaml").write_text(yaml.safe_dump(described, sort_keys=False), "utf-8")

    generate = [ROOT / "scripts" / "generate.py", "--fragment", "fragment.yaml", "--folder", "generated"]
    # Paths in the cache are relative: the cache serves every copy.
    check = ["-m", "mypy", *OPERATIONS, "--cache-dir", ROOT / ".mypy_cache" / "renamed"]
    said = ""
    for command, code in ((generate, 0), (check, 1)):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        said = done.stdout
    return said.splitlines()


@pytest.mark.parametrize("schema", RENAMED)
def test_the_facade_is_named(errors: list[str], schema: str) -> None:
    old, _ = RENAMED[schema]
    named = [line for line in errors if f'"{schema}" has no attribute "{old}"' in line]
    files = {line.partition(":")[0] for line in named}
    assert files >= set(OPERATIONS), errors
