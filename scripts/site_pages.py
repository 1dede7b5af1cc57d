"""Write what zensical makes the site of, into .site/: the pages of docs/, the files to which they link, the reference.

docs/ is written for readers of the repository. On the site, a file outside of docs/ is a page as well, a block of code
needs no mark for tests, and a page with a diagram loads mermaid from the site.
"""

import os
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest_sendgrid_campaigns
import sendgrid_campaigns
from sendgrid_campaigns import models, moving, sandbox, single_send_types, testing
from sendgrid_campaigns.transport import aiohttp

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
STAGE = ROOT / ".site"
MERMAID = ROOT / ".node" / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"

LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )(?![a-z]+:|#)([^)#\s]+)", re.M)
DIAGRAM = re.compile(r"^```mermaid\n.*?^```$", re.M | re.S)
LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml"}
STYLE = """\
/* On a narrow screen a diagram scrolls, in place of getting too small to read. */
.diagram { overflow-x: auto; }
.diagram > .mermaid { min-width: 36rem; }
/* A name in the first column of a table stays whole. */
.md-typeset td:first-child code { white-space: nowrap; }
"""
UNLISTED = "---\nsearch:\n  exclude: true\n---\n\n"
"""Keep a page out of the search."""


def staged(path: Path) -> Path:
    """Return the path below .site/ of a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS)
    path = Path("files") / path.relative_to(ROOT)
    return path if path.suffix == ".md" else path.with_name(f"{path.name}.md")


def page(path: Path) -> tuple[str, list[Path]]:
    """Return a file of the repository as a page, and the files to which the page links."""
    text, linked = path.read_text("utf-8"), list[Path]()
    if path.suffix != ".md":
        name = path.relative_to(ROOT)
        return f"{UNLISTED}# {name}\n\n~~~~~~ {LANGUAGES.get(path.suffix, 'text')}\n{text}~~~~~~\n", []

    def moved(link: re.Match[str]) -> str:
        target = (path.parent / link[2]).resolve()
        if not target.is_file():
            raise SystemExit(f"{path.relative_to(ROOT)} links to {link[2]}, which is no file: name a file")
        linked.append(target)
        return link[1] + os.path.relpath(staged(target), staged(path).parent)

    text = LINK.sub(moved, text)
    text = re.sub(r"^```python no-run$", "```python", text, flags=re.M)
    text, diagrams = DIAGRAM.subn(r'<div class="diagram" markdown>\n\n\g<0>\n\n</div>', text)
    if diagrams:
        up = "" if path.name == "index.md" else "../"
        text += f'\n<script src="{up}mermaid.js"></script>\n'
    return (text if path.is_relative_to(DOCS) else UNLISTED + text), linked


def of(module: ModuleType, names: list[str]) -> str:
    """Return the directives for names of a module. Clients show what they inherit."""
    options = "\n    options:\n      inherited_members: true"
    return "\n\n".join(f"::: {module.__name__}.{name}" + options * name.endswith("Client") for name in names)


def reference() -> dict[str, str]:
    """Return the pages of the reference: every public name, with its docstring."""
    public = [name for name in sendgrid_campaigns.__all__ if not name.startswith("_")]
    clients = [f"{kind}{product}Client" for product in ("Campaigns", "SingleSends") for kind in ("", "Async")]
    clients += ["Retry", "Clock"]
    errors = [name for name in public if issubclass(getattr(sendgrid_campaigns, name), Exception)]
    errors.sort(key=lambda name: name != "SendGridError")
    results = [name for name in public if name not in {*clients, *errors}]
    own = [kind for kind in vars(single_send_types).values() if getattr(kind, "__module__", "").endswith("send_types")]
    kinds = [kind.__name__ for kind in own if hasattr(kind, "to_dict")]
    fixtures = ["sendgrid_sandbox", "sendgrid_instant_clock"]
    return {
        "Clients": f"{of(sendgrid_campaigns, clients)}\n\n{of(aiohttp, ['AiohttpCampaignsClient'])}",
        "Results": "\n\n".join(
            [of(sendgrid_campaigns, results), of(models, ["SingleSendReceipt"]), of(single_send_types, kinds)]
        ),
        "Errors": of(sendgrid_campaigns, errors),
        "Moving": of(moving, moving.__all__),
        "Sandbox": of(sandbox, sorted(sandbox.__all__, key=lambda name: name != "Sandbox")),
        "Testing": f"{of(pytest_sendgrid_campaigns, fixtures)}\n\n{of(testing, testing.__all__)}",
    }


def write(path: Path, text: str) -> None:
    """Write a page below .site/."""
    (STAGE / path).parent.mkdir(parents=True, exist_ok=True)
    (STAGE / path).write_text(text, "utf-8")


def main() -> None:
    """Write every page, and the files that pages show."""
    shutil.rmtree(STAGE, ignore_errors=True)
    waiting, done = sorted(DOCS.glob("*.md")), set[Path]()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        if path.suffix == ".svg":
            (STAGE / staged(path)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, STAGE / staged(path))
            continue
        text, linked = page(path)
        write(staged(path), text)
        waiting += linked
    for name, text in reference().items():
        write(Path("api") / f"{name.lower()}.md", f"# {name}: from the docstrings\n\n{text}\n")
    write(Path("site.css"), STYLE)
    shutil.copyfile(MERMAID, STAGE / "mermaid.js")


if __name__ == "__main__":
    main()
