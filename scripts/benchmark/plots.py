"""Draw horizontal bars as SVG: for the images of docs/performance.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from xml.etree.ElementTree import Element, SubElement, tostring

from benchmark.figures import Table, ratio

STYLE = """
text { font: 14px sans-serif; fill: #1f2328 } rect { fill: #8c959f } .own { fill: #0969da } .right { text-anchor: end }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } rect { fill: #6e7681 } .own { fill: #4493f8 } }
"""


def bars(path: Path, title: str, unit: str, rows: Mapping[str, float], notes: Sequence[str]) -> None:
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", width="720", role="img")
    root.set("viewBox", f"0 0 720 {24 * (1 + len(rows) + len(notes)) + 12}")
    SubElement(root, "style").text = STYLE
    for line, text in enumerate((title, *rows, *notes)):
        y = 24 * line + 18
        SubElement(root, "text", x="0", y=f"{y}").text = text
        if value := rows.get(text):
            look = {"class": "own"} if "the SDK" in text else {}
            width = f"{400 * value / max(rows.values()):.1f}"
            SubElement(root, "rect", look, x="250", y=f"{y - 13}", width=width, height="16")
            SubElement(root, "text", {"class": "right"}, x="720", y=f"{y}").text = f"{value:.2f}{unit}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(tostring(root, "unicode"), "utf-8")


def draw(section: str, tables: Sequence[Table], folder: Path) -> None:
    """Draw the section's image, when the section has one."""
    if section == "crowd":
        rows = {name: median(samples) for name, samples in tables[0].samples.items()}
        bars(folder / "crowd.svg", f"{tables[0].title}, until all have ended", " s", rows, tables[0].notes)
    if section == "sync":
        gets = {table.title.removeprefix("get, sync, "): table.samples for table in tables if "get" in table.title}
        rows = {f"{name}, {at}": ratio(each, of["httpx"]) for at, of in gets.items() for name, each in of.items()}
        bars(folder / "call.svg", "one get, over bare httpx", "", rows, [])
