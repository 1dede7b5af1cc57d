"""Compare schemas of two OpenAPI descriptions by structure, not by name.

One rule gives the results. A request breaks when the service no longer accepts something that callers send: ours is
narrower. An answer breaks when the service sends something that readers do not know: ours is wider.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal, TypeAlias

from spec_diff.reader import target

Place: TypeAlias = tuple[str, ...]
"""The operation, the part of the operation, and the path of fields; [] for the items of a list."""

Side: TypeAlias = Literal["request", "answer"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference between the base and ours."""

    place: Place
    what: str
    base: str = ""
    ours: str = ""
    breaks: bool
    stricter: bool = False
    """Whether the generated package refuses answers that it took before."""
    about: Literal["facts", "names", "coverage"] = "facts"
    """names: names that Python code imports, but no request carries. coverage: an operation that only one side has."""


def difference(
    side: Side, place: Place, what: str, base: str, ours: str, *, narrower: bool, wider: bool
) -> Iterator[Difference]:
    if narrower or wider:
        insists = what in PARSED or (what == "type" and ours in PARSED_TYPES)
        breaks, stricter = narrower if side == "request" else wider, side == "answer" and narrower and insists
        yield Difference(place=place, what=what, base=base, ours=ours, breaks=breaks, stricter=stricter)


PARSED = {"required", "nullable", "enum", "const", "format"}
"""What the models of the generated package insist on when they parse an answer."""

PARSED_TYPES = {"object", "array", "nothing"}
"""Models fail on other values than an object or a list, and lose fields that are not allowed."""

# --- one description ---

ANYTHING = "anything"

NO_MEANING = {"title", "description", "summary", "example", "examples", "externalDocs", "xml", "discriminator"} | {
    *("$schema", "$id", "$comment", "$defs", "$anchor", "deprecated", "default", "readOnly", "writeOnly", "nullable")
}
"""Keywords that allow and forbid no value by themselves; some are read together with other keywords."""

COMBINING = {"$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const"}

KEYWORDS: Mapping[str, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
    "boolean": set(),
    "null": set(),
}
"""The keywords of each JSON type. `number` has those of `integer`."""

KNOWN = set().union(*KEYWORDS.values())

LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
STRUCTURE = {"properties", "required", "items", "additionalProperties"}
NARROWING = {"format", "pattern", "multipleOf", "uniqueItems"}


@dataclass(frozen=True)
class Shape:
    """The rules of a schema for values of one type. A schema is a list of shapes: a value matches one of the shapes."""

    type: str
    says: Mapping[str, Any]
    name: str | None = None
    """The schema's name in #/components/schemas."""


class Description:
    """One OpenAPI description, 3.0 or 3.1; keywords of both versions are read in either."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self._known: dict[str, list[Shape]] = {}

    def at(self, node: Any) -> dict[str, Any]:
        """Return a node merged with the node of its $ref."""
        if not isinstance(node, Mapping):
            return {}
        return {**self.at(target(self.raw, node["$ref"])), **node} if "$ref" in node else dict(node)

    def shapes(self, schema: Any) -> list[Shape]:
        """Return the shapes of a schema: with references, allOf, anyOf, oneOf and both spellings of null resolved."""
        if schema is None or schema is True:
            return [Shape(ANYTHING, {})]
        if schema is False:
            return []
        parts = [self._referred(schema["$ref"])] if "$ref" in schema else []
        parts += [self.shapes(part) for part in schema.get("allOf", [])]
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                parts.append([shape for branch in schema[choice] for shape in self.shapes(branch)])
        shapes = reduce(_both, [*parts, _own_shapes(schema)])
        if schema.get("nullable") is True and all(shape.type not in ("null", ANYTHING) for shape in shapes):
            shapes.append(Shape("null", {}))
        return shapes

    def _referred(self, reference: str) -> list[Shape]:
        if reference not in self._known:
            where, _, name = reference.rpartition("/")
            shapes = self.shapes(target(self.raw, reference))
            named = where == "#/components/schemas"
            self._known[reference] = [replace(shape, name=name) if named else shape for shape in shapes]
        return [*self._known[reference]]


def _own_shapes(schema: Mapping[str, Any]) -> list[Shape]:
    """Return the shapes of a schema's own keywords, type by type."""
    said = {
        key: value
        for key, value in schema.items()
        if key not in NO_MEANING | COMBINING and not key.startswith("x-") and value is not None
    }
    for strict, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(said.get(strict), bool) and said.pop(strict):  # as in 3.0
            said[strict] = said.pop(limit, None)
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    types = schema.get("type")
    if types is None and values is not None:
        types = list(dict.fromkeys(map(_type_of, values)))
    elif types is None:  # a schema with properties is meant to be an object
        types = [kind for kind, known in KEYWORDS.items() if known & said.keys() - {"format"}] or ANYTHING
    shapes = []
    for kind in [types] if isinstance(types, str) else types:
        fitting = None if values is None else [value for value in values if _covers(_type_of(value), [kind])]
        if fitting != []:
            enum = {} if fitting is None or kind == "null" else {"enum": fitting}
            shapes.append(Shape(kind, {**_of_type(kind, said), **enum}))
    return shapes


def _type_of(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array"}
    return kinds.get(type(value), "object")


def _covers(kind: str, kinds: Sequence[str]) -> bool:
    return kind in kinds or ANYTHING in kinds or (kind == "integer" and "number" in kinds)


def _of_type(kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that apply to a type, and all unknown keywords."""
    if kind == ANYTHING:
        return dict(said)
    foreign = KNOWN - KEYWORDS["integer" if kind == "number" else kind]
    return {key: value for key, value in said.items() if key not in foreign}


def _both(left: Sequence[Shape], right: Sequence[Shape]) -> list[Shape]:
    """Return the shapes of values that match a shape of each side."""
    return [
        Shape(kind, _merged(_of_type(kind, one.says), _of_type(kind, other.says)), one.name or other.name)
        for one in left
        for other in right
        if (kind := _common(one.type, other.type))
    ]


def _common(one: str, other: str) -> str | None:
    return one if _covers(one, [other]) else other if _covers(other, [one]) else None


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        mine, also = one[key], other[key]
        if key == "properties":
            merged[key] = {**mine, **also, **{name: {"allOf": [mine[name], also[name]]} for name in mine.keys() & also}}
        elif key in ("items", "additionalProperties"):
            merged[key] = {"allOf": [mine, also]}
        elif key == "required":
            merged[key] = [*mine, *also]
        elif key == "enum":
            merged[key] = [value for value in mine if value in also]
        elif key in LEAST | MOST:
            merged[key] = max(mine, also) if key in LEAST else min(mine, also)
        elif mine != also:
            merged[key] = f"{mine} and {also}"
    return merged


# --- two descriptions ---


class Comparison:
    """Compares schemas of two descriptions, and records schemas that are the same under another name."""

    def __init__(self, base: Description, ours: Description) -> None:
        self.base = base
        self.ours = ours
        self.renamed: dict[str, str] = {}
        # Most schemas stand in many places. With the schemas themselves, for an id is of an object that is there.
        self._found: dict[Any, tuple[Any, Any, list[Difference]]] = {}

    def schemas(
        self, side: Side, place: Place, base: Any, ours: Any, within: frozenset[Any] = frozenset()
    ) -> Iterator[Difference]:
        """within: the pairs of names around this place; a pair that comes again is a recursive schema."""
        pair = (side, id(base), id(ours), within)
        if pair not in self._found:
            self._found[pair] = base, ours, [*self._schemas(side, (), base, ours, within)]
        yield from (replace(one, place=(*place, *one.place)) for one in self._found[pair][2])

    def _schemas(self, side: Side, place: Place, base: Any, ours: Any, within: frozenset[Any]) -> Iterator[Difference]:
        shapes, our_shapes = self.base.shapes(base), self.ours.shapes(ours)
        yield from _types(side, place, shapes, our_shapes)
        for kind in dict.fromkeys(shape.type for shape in shapes):
            old = [shape for shape in shapes if shape.type == kind]
            new = [shape for shape in our_shapes if shape.type == kind]
            if new:
                yield from self._choices(side, place, old, new, within)
        said, we_say = self.base.at(base), self.ours.at(ours)
        yield from deprecation(place, said, we_say)
        if side == "request" and said.get("default") != we_say.get("default"):
            # Callers that leave the field out get another value.
            old_default, new_default = _shown(said.get("default")), _shown(we_say.get("default"))
            yield Difference(place=place, what="default", base=old_default, ours=new_default, breaks=True)

    def _choices(
        self, side: Side, place: Place, base: list[Shape], ours: list[Shape], within: frozenset[Any]
    ) -> Iterator[Difference]:
        """Compare shapes of one type, mostly one on each side. Of several, equal shapes are paired first."""
        old, new = list(base), list(ours)
        if len(base) > 1 or len(ours) > 1:
            for shape in base:
                same = (other for other in new if not [*self._shape(side, place, shape, other, within)])
                if match := next(same, None):
                    old.remove(shape)
                    new.remove(match)
        for shape, other in zip(old, new, strict=False):
            yield from self._shape(side, place, shape, other, within)
        lost, added = old[len(new) :], new[len(old) :]
        for shape in lost + added:
            base_says, we_say = ("yes", "no") if shape in lost else ("no", "yes")
            what = f"one of several {shape.type}s"
            yield from difference(side, place, what, base_says, we_say, narrower=shape in lost, wider=shape in added)

    def _shape(
        self, side: Side, place: Place, base: Shape, ours: Shape, within: frozenset[Any]
    ) -> Iterator[Difference]:
        names = (base.name, ours.name)
        if base.name and ours.name and base.name != ours.name:
            self.renamed[base.name] = ours.name
        if names != (None, None):
            if names in within:
                return
            within |= {names}
        for key in dict.fromkeys([*base.says, *ours.says]):
            if key not in STRUCTURE:
                old, new = base.says.get(key), ours.says.get(key)
                narrower, wider = _changed(key, old, new)
                yield from difference(side, place, key, _shown(old), _shown(new), narrower=narrower, wider=wider)
        if "object" in (base.type, ours.type):
            yield from self._fields(side, place, base.says, ours.says, within)
            rest = [says.get("additionalProperties", True) for says in (base.says, ours.says)]
            yield from self.schemas(side, (*place, "(other fields)"), rest[0], rest[1], within)
        if "array" in (base.type, ours.type):
            yield from self.schemas(side, (*place, "[]"), base.says.get("items"), ours.says.get("items"), within)

    def _fields(
        self, side: Side, place: Place, base: Mapping[str, Any], ours: Mapping[str, Any], within: frozenset[Any]
    ) -> Iterator[Difference]:
        old, new = _fields_of(self.base, base, side), _fields_of(self.ours, ours, side)
        needed, we_need = (set(says.get("required", [])) for says in (base, ours))
        for name in old:
            here = (*place, name)
            if name not in new:
                # Readers miss the field; the service ignores the field in requests.
                yield Difference(place=here, what="removed", breaks=True)
                continue
            yield from required(side, here, name in needed, name in we_need)
            yield from self.schemas(side, here, old[name], new[name], within)
        for name in [name for name in new if name not in old]:
            breaks = side == "request" and name in we_need
            what = "added, required" if name in we_need else "added"
            yield Difference(place=(*place, name), what=what, breaks=breaks)


def _fields_of(description: Description, says: Mapping[str, Any], side: Side) -> dict[str, Any]:
    """Return the fields of one direction. A required field without a schema may hold any value."""
    hidden = "readOnly" if side == "request" else "writeOnly"
    fields = {**dict.fromkeys(says.get("required", []), True), **says.get("properties", {})}
    return {name: schema for name, schema in fields.items() if not description.at(schema).get(hidden)}


def _types(side: Side, place: Place, base: Sequence[Shape], ours: Sequence[Shape]) -> Iterator[Difference]:
    old, new = (list(dict.fromkeys(shape.type for shape in shapes)) for shapes in (base, ours))
    lost = [kind for kind in old if not _covers(kind, new)]
    added = [kind for kind in new if not _covers(kind, old)]
    if {*lost, *added} == {"null"}:
        base_says, we_say = ("yes", "no") if lost else ("no", "yes")
        yield from difference(side, place, "nullable", base_says, we_say, narrower=bool(lost), wider=bool(added))
    else:
        names = [" or ".join(kinds) or "nothing" for kinds in (old, new)]
        yield from difference(side, place, "type", names[0], names[1], narrower=bool(lost), wider=bool(added))


def _changed(key: str, old: Any, new: Any) -> tuple[bool, bool]:
    """Tell whether a keyword makes ours narrower, and whether wider."""
    if old == new or (key == "uniqueItems" and not old and not new):
        return False, False
    if key in LEAST | MOST:
        nothing = float("-inf") if key in ("minimum", "exclusiveMinimum") else 0 if key in LEAST else float("inf")
        before, after = (nothing if value is None else value for value in (old, new))
        rises, falls = after > before, after < before
        return (rises, falls) if key in LEAST else (falls, rises)
    if key == "enum" and old is not None and new is not None:
        return any(value not in new for value in old), any(value not in old for value in new)
    if key in NARROWING | {"enum"}:
        return bool(new), bool(old)
    return True, True  # An unknown keyword breaks until a person has looked.


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def required(side: Side, place: Place, base: bool, ours: bool) -> Iterator[Difference]:
    words = {True: "yes", False: "no"}
    yield from difference(
        side, place, "required", words[base], words[ours], narrower=ours and not base, wider=base and not ours
    )


def deprecation(place: Place, base: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = (str(says.get("deprecated", False)).lower() for says in (base, ours))
    if old != new:
        yield Difference(place=place, what="deprecated", base=old, ours=new, breaks=False)
