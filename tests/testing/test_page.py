"""The examples of docs/testing.md are files of a project, and its tests pass."""

from pathlib import Path

import pytest

from test_docs import BLOCK, ROOT

pytest_plugins = "pytester"


def test_the_page(pytester: pytest.Pytester, no_network: list[object]) -> None:
    pytester.makeini(
        "[pytest]\naddopts = -q -p no:cacheprovider -p no:xdist --strict-markers\nfilterwarnings = error\n"
    )
    pytester.syspathinsert()
    for block in BLOCK.finditer((ROOT / "docs" / "testing.md").read_text("utf-8")):
        name = block["code"].partition("\n")[0].removeprefix("# ")
        Path(name).write_text(block["code"], "utf-8")
    pytester.runpytest_inprocess().assert_outcomes(passed=7)
    assert no_network == []
