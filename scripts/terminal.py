"""Draw docs/images/terminal.svg: a real run of the command on the offline sandbox, in a terminal.

terminal.py           write the image
terminal.py --check   fail when the image is not what the run shows
"""

import os
import pty
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "docs" / "images" / "terminal.svg"
WIDTH = 92

COMMANDS = (
    "list --sandbox play.db",
    "send 4900 --sandbox play.db",
    "outcome 4900 --sandbox play.db",
    "send 4900 --yes --sandbox play.db",
)
QUESTION = b"[y/N] "

# The format of rich refers to a font of a CDN. This one takes the fonts of the reader's machine.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>The command line: a campaign is sent, and a second send of it is refused</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
<rect fill="#272822" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def run(command: str, folder: str) -> str:
    """Run a command of the package in a terminal, answer its question with yes, and return what the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        path = os.pathsep.join((str(ROOT / "facade"), str(ROOT / "generated")))
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        environment = {**kept, "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "PYTHONPATH": path}
        os.execve(sys.executable, [sys.executable, "-m", "sendgrid_campaigns", *command.split()], environment)  # noqa: S606
    shown = b""
    try:
        while read := os.read(terminal, 65_536):
            shown += read
            if shown.endswith(QUESTION):
                os.write(terminal, b"y\n")
    except OSError:  # Linux says so at the end of the child
        pass
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return shown.decode() + (f"\x1b[2mexit code {code}\x1b[0m\n" if code else "")


def draw() -> str:
    """Return the image of a run of all commands."""
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for command in COMMANDS:
            console.print(Text(f"$ sendgrid-campaigns {command}", style="bold"))
            console.print(Text.from_ansi(run(command, folder).replace("\r\n", "\n")))
    return console.export_svg(code_format=FORMAT, theme=MONOKAI, unique_id="terminal")


def main() -> None:
    """Write the image, or compare it."""
    image = draw()
    if "--check" not in sys.argv:
        IMAGE.write_text(image, "utf-8")
    elif IMAGE.read_text("utf-8") != image:
        sys.exit("docs/images/terminal.svg is not what the command shows: run scripts/terminal.py")


if __name__ == "__main__":
    main()
