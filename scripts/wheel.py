"""Build the package twice into dist/, and use the wheel as somebody would who has nothing else: `make test-wheel`."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]

NEEDED = {"anyio", "attrs", "certifi", "h11", "httpcore", "httpx", "idna", "sniffio", "typing-extensions"}
"""All that `pip install sendgrid-campaigns` may bring: httpx, attrs, and what they need."""

LOADED = """
import sys, sendgrid_campaigns
unwanted = {"click", "uvicorn", "pytest", "hypothesis", "sqlite3", "asyncio"}
unwanted |= {"sendgrid_campaigns.sandbox", "sendgrid_campaigns.cli"}
sys.exit(str(loaded) if (loaded := unwanted & set(sys.modules)) else 0)
"""

README = """
import re, sys
exec(re.search(r"^```python\\n(.*?)^```", open(sys.argv[1]).read(), re.M | re.S)[1])
"""


def run(*command: str | Path, cwd: Path | None = None, path: Path | None = None) -> str:
    """What a command prints. path: a folder whose commands go before all others."""
    # Nothing is to lead to this repository, or to a real key.
    ours = ("PYTHON", "SENDGRID", "PYTEST", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    done = subprocess.run([*map(str, command)], cwd=cwd, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[-3:]))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build() -> Path:
    """The wheel, in dist/ with the sdist. Fails when building twice gives two different files."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with tempfile.TemporaryDirectory() as second:
        for folder in (dist, Path(second)):
            run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
        for file in sorted(dist.iterdir()):
            here, there = (hashlib.sha256(one.read_bytes()).hexdigest() for one in (file, Path(second) / file.name))
            if here != there:
                sys.exit(f"{file.name} is not the same when it is built again")
            print(f"{here}  {file.name}")
    (wheel,) = dist.glob("*.whl")
    return wheel


class Clean:
    """An environment with nothing but what is installed here, in versions of the lock."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.python = folder / "bin" / "python"
        self.bin = folder / "bin"
        self._constraints = folder / "constraints.txt"
        locked = re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / "requirements" / "dev.txt").read_text("utf-8"), re.M)
        self._constraints.write_text("\n".join(locked))

    def install(self, *what: str | Path) -> None:
        options = ("-qq", "--disable-pip-version-check", "--constraint", self._constraints)
        run(self.python, "-m", "pip", "install", *options, *what)

    def packages(self) -> set[str]:
        listed = run(self.python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
        names = {line.partition("==")[0].lower().replace("_", "-") for line in listed.splitlines()}
        return names - {"pip", "setuptools", "sendgrid-campaigns"}


def main() -> None:
    wheel = build()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clean = Clean(here / "clean")
        clean.install(wheel)
        if extra := clean.packages() - NEEDED:
            sys.exit(f"the wheel alone brings {', '.join(sorted(extra))}")
        run(clean.python, "-c", LOADED, cwd=here)
        shown = run(clean.python, "-c", README, ROOT / "README.md", cwd=here)
        assert shown.startswith("SendReceipt(id=4900"), shown
        run(clean.python, "-c", "import sendgrid_campaigns_api.models")
        print("installed alone: httpx, attrs and their needs; an import loads no more; the README's example runs")

        pyright = Path(sys.executable).parent / "pyright"
        for package in ("sendgrid_campaigns", "sendgrid_campaigns_api"):
            # It looks for packages by the python on the PATH.
            said = run(pyright, "--ignoreexternal", "--verifytypes", package, cwd=here, path=clean.bin)
            print(f"{package}: {re.findall('Type completeness score: .*', said)[0]}")

        clean.install(f"{wheel}[cli]")
        shown = run(clean.bin / "sendgrid-campaigns", "send", "4900", "--sandbox", "--json", cwd=here)
        assert '"known_from": "answer"' in shown, shown
        print("with the extra cli, the command sends in the sandbox")

        clean.install(f"{wheel}[aiohttp]")
        run(clean.python, "-c", "from sendgrid_campaigns.aiohttp import AiohttpCampaignsClient", cwd=here)
        print("with the extra aiohttp, its client is there")

        shutil.copytree(ROOT / "examples" / "newsletter", here / "newsletter")
        clean.install("pytest")
        said = run(clean.python, "-m", "pytest", cwd=here / "newsletter")
        print("examples/newsletter, with the wheel:", said.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
