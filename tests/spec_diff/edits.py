"""Edits of the fragment, as the steps of edits.yaml say them."""

import copy
import json
from pathlib import Path
from typing import Any

from spec_diff.reader import read

FRAGMENT = Path(__file__).parents[2] / "openapi" / "campaigns.yaml"
fragment = read(FRAGMENT.read_text("utf-8"))


def edited(description: Any, steps: list[dict[str, Any]]) -> Any:
    """Return a copy of a description after the steps of an edit: see edits.yaml."""
    description = copy.deepcopy(description)
    for step in steps:
        ((kind, given),) = step.items()
        if kind == "replace":
            text = json.dumps(description)
            assert given[0] in text
            description = json.loads(text.replace(*given))
            continue
        *way, last = given if kind == "remove" else given[0]
        node = description
        for key in way:
            node = node[key]
        if kind == "remove":
            del node[last]
        elif kind == "rename":
            assert last in node
            renamed = {given[1] if key == last else key: value for key, value in node.items()}
            node.clear()
            node.update(renamed)
        elif last == "+":
            node.append(given[1])
        else:
            node[last] = given[1]
    return description
