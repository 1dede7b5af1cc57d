"""What an import loads, what the package holds, and that the same thing is said everywhere."""

import ast
import io
import modulefinder
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

CORE_LINES = 2_250
"""Lines of code in the facade without sandbox, command line and the client on aiohttp, docstrings and comments aside.

Raising it is a commit of its own that says why.
"""


EXTRAS = {"cli.py", "aiohttp.py"}
"""Modules that nobody loads who has not asked for their extra."""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def loaded(program: str) -> set[str]:
    """The modules that a program has loaded at its end."""
    return set(python("-c", f"{program}\nimport sys; print(*sys.modules)").stdout.split())


def test_an_import_loads_what_a_call_needs_and_no_more() -> None:
    everything = loaded("from sendgrid_campaigns import *")
    assert {"sendgrid_campaigns.client", "httpx"} <= everything
    # httpx itself loads click for its own command line, where that is installed.
    beside_httpx = everything - loaded("import httpx, attrs")
    assert {name.partition(".")[0] for name in beside_httpx} == {"sendgrid_campaigns"}
    assert not beside_httpx & {f"sendgrid_campaigns.{room}" for room in ("sandbox", "cli", "aiohttp", "deadline")}


def test_the_rooms_of_names_are_attributes() -> None:
    """As they are of a package that imports all of them."""
    done = python("-c", "import sendgrid_campaigns as s; print(s.models.Campaign is s.Campaign, s.errors.NotSentError)")
    assert done.stdout == "True <class 'sendgrid_campaigns.errors.NotSentError'>\n"
    models = "import sendgrid_campaigns_api.models as m; print('Campaign' in dir(m), m.campaign.Campaign is m.Campaign)"
    assert python("-c", models).stdout == "True True\n"


def test_a_program_that_packs_modules_finds_every_endpoint() -> None:
    finder = modulefinder.ModuleFinder([str(ROOT / "facade"), str(ROOT / "generated")], excludes=["httpx", "attrs"])
    finder.import_hook("sendgrid_campaigns.endpoints")
    endpoints = (ROOT / "generated" / "sendgrid_campaigns_api" / "api" / "campaigns").glob("[a-z]*.py")
    assert {f"sendgrid_campaigns_api.api.campaigns.{path.stem}" for path in endpoints} <= finder.modules.keys()


def test_errors_alone_need_no_http_client() -> None:
    assert not loaded("from sendgrid_campaigns import OutcomeUnknownError") & {"httpx", "httpcore"}


def test_the_command_without_its_library_says_what_to_install() -> None:
    done = python("-c", "import sys; sys.modules['click'] = None; import sendgrid_campaigns.cli")
    assert done.returncode == 1
    assert (
        done.stderr.strip() == "The command line needs one more package: install sendgrid-campaigns with its extra, cli"
    )


@pytest.mark.parametrize("missing", ["aiohttp", "httpx_aiohttp"])
def test_the_client_on_aiohttp_without_its_library_says_what_to_install(missing: str) -> None:
    done = python("-c", f"import sys; sys.modules['{missing}'] = None; import sendgrid_campaigns.aiohttp")
    assert done.stderr.strip().endswith(
        "The client on aiohttp needs one more package: install sendgrid-campaigns with its extra, aiohttp"
    )


def test_users_pay_for_httpx_and_attrs_only() -> None:
    names = [re.match(r"[\w-]+", need)[0] for need in PROJECT["project"]["dependencies"]]  # type: ignore[index]
    assert sorted(names) == ["attrs", "httpx"]


@pytest.mark.parametrize("package", ["facade/sendgrid_campaigns", "generated/sendgrid_campaigns_api"])
def test_both_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()
    assert package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_no_requirement_is_without_hashes_and_no_file_names_an_index() -> None:
    lock = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    requirements = re.findall(r"^[a-z].*", lock, re.M)
    assert len(requirements) > 30
    assert len(requirements) == len(re.findall(r"^[a-z][\w.-]*==.*\\\n    --hash=sha256:", lock, re.M))
    assert "://" not in lock


def code_lines(path: Path) -> int:
    """Lines that hold code: no blank lines, comments, or strings that stand alone."""
    text = path.read_text("utf-8")
    strings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {line for token in tokens if token.type not in layout for line in range(token.start[0], token.end[0] + 1)}
    return len(code - strings)


def test_the_facade_is_small_enough_to_read_in_one_sitting() -> None:
    core = [path for path in (ROOT / "facade" / "sendgrid_campaigns").glob("*.py") if path.name not in EXTRAS]
    assert sum(map(code_lines, core)) < CORE_LINES
