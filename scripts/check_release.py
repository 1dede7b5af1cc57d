"""Fail unless a tag matches the version, the changelog has its heading, main its commit: check_release.py v1.2.3."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(tag: str) -> None:
    text = (ROOT / "facade" / "sendgrid_campaigns" / "version.py").read_text("utf-8")
    (version,) = re.findall(r'^__version__(?:: str)? = "(.+)"$', text, re.M)
    if tag != f"v{version}":
        sys.exit(f"the tag is {tag!r}, and facade/sendgrid_campaigns/version.py says {version}: tag v{version}")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    if not re.search(heading, (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M):
        sys.exit(f"CHANGELOG.md has no heading `## [{version}] - YYYY-MM-DD`: move the unreleased changes below one")
    ancestor = ["git", "-C", str(ROOT), "merge-base", "--is-ancestor", "HEAD", "origin/main"]
    if subprocess.run(ancestor, check=False).returncode != 0:
        sys.exit(f"{tag} is not on main: merge the commit first, then tag what is on main")


if __name__ == "__main__":
    main(sys.argv[1])
