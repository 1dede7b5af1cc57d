"""Test the README and the docs: examples and commands print the text below them, and links lead somewhere."""

import ast
import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import replacements
import sendgrid_campaigns
from sendgrid_campaigns import CampaignsClient, SendGridError, SingleSendsClient, sandbox
from sendgrid_campaigns.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(r"^```python(?P<flag>[^\n]*)\n(?P<code>.*?)^```\n(?:\n(?P<shown>(?: {4}[^\n]*\n)+))?", re.M | re.S)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)

each = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@each
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in BLOCK.finditer(page.read_text("utf-8")):
        if block["flag"].strip() == "no-run":
            compile(block["code"], str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(block["code"], str(page), "exec"), namespace)
            except Exception as error:
                print(f"{type(error).__name__}: {error}")
        assert printed.getvalue() == re.sub(r"^ {4}", "", block["shown"] or "", flags=re.M)


@each
def test_commands(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    Path("newsletter.txt").write_text("Hello! [unsubscribe]")
    Path("segments.json").write_text('{"110": "8c5e1f3b-6a2d-4e9f-b7c8-1d2e3f4a5b66"}')
    for kind, file in re.findall(r"^```(csv|jsonl)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
        Path(f"jobs.{kind}").write_text(file)
    for block in CONSOLE.finditer(page.read_text("utf-8")):
        for command in re.split(r"^\$ ", block[1], flags=re.M)[1:]:
            line, _, shown = command.partition("\n")
            name, *arguments = shlex.split(line)
            assert name == "sendgrid-campaigns"
            with pytest.raises(SystemExit):
                main(arguments)
            assert "".join(capsys.readouterr()) == shown


def test_examples_exist() -> None:
    assert sum(len(BLOCK.findall(page.read_text("utf-8"))) for page in PAGES) >= 8


def test_every_public_name_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    operations = [name for name in dir(CampaignsClient) if not name.startswith("_") and name != "close"]
    operations += [name for name in dir(SingleSendsClient) if not name.startswith("_") and name != "close"]
    assert len(operations) >= 28
    names = [*sendgrid_campaigns.__all__, *sandbox.__all__, *operations]
    assert [name for name in names if f"`{name}" not in reference] == []


def test_the_table_of_errors_says_of_each_class_whether_to_try_again() -> None:
    table = dict(
        re.findall(
            r"^\| `(\w+)` \| .* \| (yes|no|never)\b.* \| .* \|$", (ROOT / "docs" / "errors.md").read_text(), re.M
        )
    )
    kinds = [
        kind for kind in vars(sendgrid_campaigns).values() if isinstance(kind, type) and issubclass(kind, SendGridError)
    ]
    assert table == {
        kind.__name__: "never" if kind.may_have_been_applied else "yes" if kind.temporary else "no"
        for kind in kinds
        if kind is not SendGridError
    }


def test_what_each_extra_installs_is_in_the_docs() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)", (ROOT / "docs" / "install.md").read_text("utf-8"), re.M))
    assert rows.keys() == extras.keys()
    for extra, lines in extras.items():
        assert [line for line in lines if Requirement(line).name not in rows[extra]] == []


def test_every_page_is_on_the_start_page_and_in_the_navigation_of_the_site() -> None:
    start, site = (ROOT / "docs" / "index.md").read_text("utf-8"), (ROOT / "zensical.toml").read_text("utf-8")
    pages = {page.name for page in PAGES[1:]} - {"index.md"}
    assert [page for page in sorted(pages) if f"({page})" not in start or f' = "{page}" }}' not in site] == []


def test_calls_of_sendgrids_own_client_and_what_replaces_them() -> None:
    """`make official-clients` compares the effects with those of the calls before."""
    effects = replacements.after()
    assert len(effects) == len(replacements.PAGE.read_text("utf-8").split("| `sg.")) - 1 >= 12
    assert [effect for effect in effects if effect[-1] not in (200, 201, 204)] == []


OTHERS = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.name)
def test_links(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", linked.read_text("utf-8"), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings], target
