"""Build the package twice into dist/, and use the wheel in an empty environment: `make test-wheel`."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = sorted(path.parent.name for path in ROOT.glob("generated/*/__init__.py"))

REQUIRED = {"anyio", "attrs", "certifi", "h11", "httpcore", "httpx", "idna", "sniffio", "typing-extensions"}
"""The only packages that `pip install sendgrid-campaigns` may install: httpx, attrs, and their requirements."""

IMPORT = """
import sys, sendgrid_campaigns
unwanted = {"click", "uvicorn", "pytest", "hypothesis", "sqlite3", "asyncio"}
unwanted |= {"sendgrid_campaigns.sandbox", "sendgrid_campaigns.cli"}
sys.exit(str(loaded) if (loaded := unwanted & set(sys.modules)) else 0)
"""


PAGE = """
import re, httpx
from sendgrid_campaigns.sandbox import Sandbox
with Sandbox() as sandbox, sandbox.serve() as server, httpx.Client(base_url=server.url, trust_env=False) as http:
    loaded = re.findall('(?:src|href)="(/[^"]+)"', http.get("/").text)
    assert len(loaded) == 2, loaded
    for path in (*loaded, "/_sandbox/control.yaml", "/_sandbox/state"):
        http.get(path).raise_for_status()
"""


def run(*command: str | Path, cwd: Path | None = None, path: Path | None = None) -> str:
    """Return a command's output. path: a folder whose commands are found first."""
    # No variable may lead to this repository, or to a real key.
    ours = ("PYTHON", "SENDGRID", "PYTEST", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    done = subprocess.run([*map(str, command)], cwd=cwd, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[-3:]))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build() -> Path:
    """Build into dist/ and return the wheel. Fails when a second build gives other files."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with tempfile.TemporaryDirectory() as second:
        for folder in (dist, Path(second)):
            run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
        _, *other = filecmp.cmpfiles(dist, second, os.listdir(dist), shallow=False)
        if any(other):
            sys.exit(f"a second build gives other files: {other}")
    (wheel,) = dist.glob("*.whl")
    return wheel


def main() -> None:
    wheel = build()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        venv.create(here / "empty", with_pip=True)
        commands = here / "empty" / "bin"
        python = commands / "python"
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        locked = re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / "requirements" / "dev.txt").read_text("utf-8"), re.M)
        (here / "constraints.txt").write_text("\n".join(locked))
        install = (*pip, "install", "-qq", "--constraint", here / "constraints.txt")

        run(*install, wheel)
        listed = run(*pip, "list", "--format=freeze").splitlines()
        names = {line.partition("==")[0].lower().replace("_", "-") for line in listed}
        if extra := names - REQUIRED - {"pip", "setuptools", "sendgrid-campaigns"}:
            sys.exit(f"the wheel installs {', '.join(sorted(extra))}")
        run(python, "-c", IMPORT, cwd=here)
        readme = (ROOT / "README.md").read_text("utf-8")
        shown = run(python, "-c", re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)[0], cwd=here)
        assert shown.startswith("SendReceipt(id=4900"), shown
        run(python, "-c", f"import {', '.join(f'{package}.models' for package in GENERATED)}")
        print("the wheel alone: installs httpx and attrs; an import loads no extra; the README's example runs")

        pyright = Path(sys.executable).parent / "pyright"
        for package in ("sendgrid_campaigns", *GENERATED):
            # pyright finds packages by the python on the PATH.
            said = run(pyright, "--ignoreexternal", "--verifytypes", package, cwd=here, path=commands)
            print(f"{package}: {re.findall('Type completeness score: .*', said)[0]}")

        run(*install, f"{wheel}[cli]")
        shown = run(commands / "sendgrid-campaigns", "send", "4900", "--sandbox", "--json", cwd=here)
        assert '"known_from": "answer"' in shown, shown
        print("the extra cli: the command sends in the sandbox")

        run(*install, f"{wheel}[aiohttp]")
        run(python, "-c", "from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient", cwd=here)
        print("the extra aiohttp: the client can be imported")

        run(*install, f"{wheel}[sandbox]")
        run(python, "-c", PAGE, cwd=here)
        print("the extra sandbox: the page and what it loads are served")

        run(*install, f"{wheel}[bulk]")
        (here / "jobs.csv").write_text("campaign_id\n4900\n")
        run(commands / "sendgrid-campaigns", "bulk", "jobs.csv", "--sandbox", "--report", "report.html", cwd=here)
        assert "Every row is sent." in (here / "report.html").read_text("utf-8")
        print("the extra bulk: a job is sent, and its report is written")

        shutil.copytree(ROOT / "examples" / "newsletter", here / "newsletter")
        run(*install, "pytest")
        said = run(python, "-m", "pytest", cwd=here / "newsletter")
        print("examples/newsletter, with the wheel:", said.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
