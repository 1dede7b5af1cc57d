"""Write facade/sendgrid_campaigns/_sync/ from the async sources, by plain substitution.

unasync.py            write the sync twin of each source
unasync.py --check    change nothing; fail when a twin is not what its source gives
"""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "facade" / "sendgrid_campaigns"
SOURCES = ("client.py", "campaigns.py", "single_sends.py", "transport/exchange.py", "transport/streams.py")

WORDS = [
    (r"sendgrid_campaigns\.(client|campaigns|single_sends)\b", r"sendgrid_campaigns._sync.\1"),
    (r"sendgrid_campaigns\.transport\.(exchange|streams)\b", r"sendgrid_campaigns._sync.\1"),
    (r"\bSendGrid's Campaigns API for asyncio\. Use it as an async context manager, or `await client\.aclose\(\)`\.",
     "SendGrid's Campaigns API, blocking. Safe to share between threads; use it as a context manager, or close it."),
    (r"\ban async context manager\b", "a context manager"),
    (r"\nThe async client is written here; `make generate` makes the sync one of it, in _sync/\.\n", "\n"),
    (r" or event loop| and event loop|, or in another event loop,", ""),
    (r"\basync (def|with|for) ", r"\1 "),
    (r"\bawait ", ""),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"from sendgrid_campaigns.transport.event_loop import aio, .*\n", "from threading import get_native_id\n\n"),
    # Threads share HTTP clients of some 20 connections each, all of which stay open: httpcore takes longer for more of
    # them, and when it closes one that is too many, it may take one that another thread is about to use.
    (r"\[(http|self\._foreign) or self\._new_http\(\)\], aio\(\).*",
     r"[\1 or self._new_http() for _ in range(1 if \1 else max(1, self._limit // 20))]"),
    (r"tuple\[(list\[httpx\.Client\]), Any\]", r"\1"),
    (r"self\._pool\[0\]", "self._pool"),
    (r"places = self\.usable\(\)\[1\]", "self.usable()"),
    (r"idle = self\.usable\(\)\[0\].*", "idle = self.usable()"),
    (r"        if not take\(.*\n.*\n", ""),
    (r"        finally:\n            places\.release\(\)\n", ""),
    (r"idle\.pop\(\) if .*", "idle[get_native_id() % len(idle)]"),
    (r"        close_if_unread(?s:.*?)aclose\(\)\n", ""),
    (r"max_connections=1\b", "max_connections=self._limit // max(1, self._limit // 20)"),
    (r'"""Idle HTTP clients of one connection(?s:.*?)"""', '"""HTTP clients: a thread always uses the same."""'),
    (r"\(os\.getpid\(\), running_loop\(\)\)", "os.getpid()"),
    (r"\baio\(\)\.timeout\b", "nullcontext"),
    (r"\bfrom contextlib import aclosing\b", "from contextlib import closing, nullcontext"),
    (r"\b(trace|sleep)_async\b", r"\1"),
    (r"\baiter_(bytes|raw)\b", r"iter_\1"),
    (r"\baclos(e|ing)\b", r"clos\1"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
]  # fmt: skip


def twin(name: str, used: set[str]) -> str:
    text = (PACKAGE / name).read_text("utf-8")
    for pattern, replacement in WORDS:
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(pattern)
    # Imports are in another order after the substitution, and lines are shorter.
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--quiet", "--fix-only", "--extend-select", "I"], ["format", "--quiet"]):
        file = str(PACKAGE / "_sync" / name.rpartition("/")[2])
        done = subprocess.run(
            [*ruff, *command, "--no-cache", "--stdin-filename", file, "-"],
            input=text, capture_output=True, text=True, check=True,
        )  # fmt: skip
        text = done.stdout
    header = f"# Generated from {name} by scripts/unasync.py: do not edit; change the source and run `make generate`.\n"
    return header + text


def main() -> None:
    used: set[str] = set()
    twins = {PACKAGE / "_sync" / name.rpartition("/")[2]: twin(name, used) for name in SOURCES}
    twins[PACKAGE / "_sync" / "__init__.py"] = (
        "# Generated from nothing by scripts/unasync.py.\n"
        '"""The sync client: the async sources, without their awaits."""\n'
    )
    if unused := [pattern for pattern, _ in WORDS if pattern not in used]:
        sys.exit(f"these substitutions were never used: {unused}")
    for path, text in twins.items():
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            sys.exit(f"{path.relative_to(PACKAGE)} is not what its source gives: run `make generate`, and commit both")


if __name__ == "__main__":
    main()
