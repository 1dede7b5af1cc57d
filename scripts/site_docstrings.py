"""An extension of griffe for the site: what a docstring says of parameters, `name: text`, becomes a list."""

from typing import Any

from griffe import Extension, Function, Object


class ParameterList(Extension):
    """Change the docstrings that the site shows."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Make a list item of each line that begins with a parameter's name."""
        if obj.docstring is None or not isinstance(obj, Function):
            return
        names, lines, in_list = {each.name for each in obj.parameters}, list[str](), False
        for line in obj.docstring.value.splitlines():
            named, colon, text = line.partition(": ")
            if colon and {*named.split(", ")} <= names:
                lines += ["", f"- **{named}**: {text}"]
                in_list = True
            else:
                in_list = in_list and bool(line)
                lines.append(f"  {line}" if in_list else line)
        obj.docstring.value = "\n".join(lines)
