"""Fail unless a tag is the one of the version, and the changelog has a heading for it: check_release.py v1.2.3."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def problems(tag: str, version: str, changelog: str) -> list[str]:
    found: list[str] = []
    if tag != f"v{version}":
        found.append(f"the tag is {tag!r}, and facade/sendgrid_campaigns/version.py says {version}: tag it v{version}")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M):
        found.append(f"CHANGELOG.md has no heading `## [{version}] - YYYY-MM-DD`: move what is unreleased below one")
    return found


def main() -> None:
    text = (ROOT / "facade" / "sendgrid_campaigns" / "version.py").read_text("utf-8")
    (version,) = re.findall(r'^__version__(?:: str)? = "(.+)"$', text, re.M)
    sys.exit("\n".join(problems(sys.argv[1], version, (ROOT / "CHANGELOG.md").read_text("utf-8"))))


if __name__ == "__main__":
    main()
