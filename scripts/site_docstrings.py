"""An extension of griffe: what docstrings say of parameters, `name: text`, becomes a list."""

import re

from griffe import Extension, Object

PARAMETERS = re.compile(r"^(\w+(?:, \w+)*|\w+: [^\n;]*; \w+): ", re.M)


class ParameterList(Extension):
    """Change the docstrings that the site shows."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        """Make a list item of each line that begins with a parameter's name."""
        names = {each.name for each in getattr(obj, "parameters", ())}
        if obj.docstring is None or not names:
            return
        lines = list[str]()
        for line in obj.docstring.value.splitlines():
            begin, _, rest = line.partition(": ")
            if begin and {*begin.split(", ")} <= names:
                listed = bool(lines) and lines[-1].startswith(("- ", "  "))
                lines += [] if listed or not lines else [""]
                lines.append(f"- **{begin}**: {rest}")
            else:
                lines.append(f"  {line}" if line and lines and lines[-1].startswith(("- ", "  ")) else line)
        obj.docstring.value = "\n".join(lines)
