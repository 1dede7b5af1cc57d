"""The one seam between deciding and doing: what a flow asks for, and what it is told.

A flow is a generator of Asks and Sleeps; the client performs each, and sends the answer back. Flows do no I/O, so that
the simulator and the explorer of tests/model run them as they are.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Id: TypeAlias = Any
"""The id of a resource, as the fragment types it; None before there is one."""
Map: TypeAlias = Mapping[str, Any] | None
R_co = TypeVar("R_co", covariant=True)


class Operation(Protocol[R_co]):
    """One operation of a generated package, as data: its method, its path as a template, its codes of success.

    parse: make a model of the JSON value of an answer. request: make the arguments of an HTTP request.
    """

    method: str
    path: str
    success: Mapping[int, str | None]

    def parse(self, body: Any) -> R_co: ...
    def request(self, body: Mapping[str, Any] | None, **parameters: Any) -> dict[str, Any]: ...


@dataclass(eq=False)
class Ask:
    """One request, made once."""

    operation: Operation[Any]
    parameters: Mapping[str, Any]
    """Path and query parameters by name."""
    body: Mapping[str, Any] | None = None
    within: float = 1e6
    """Seconds that the request may wait for a free connection."""


@dataclass(eq=False)
class Sleep:
    """A wait of so many seconds."""

    seconds: float


@dataclass(eq=False)
class Answer:
    """A status line and what came with it. The transport has taken the API key out of the texts."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    """The headers that the protocol reads, with names in lower case."""
    body: bytes | None = field(repr=False)
    """The decoded body; None when the body was cut off, could not be decoded, or was too large."""
    seconds: float = 0.0
    cause: ClassVar[None] = None
    repeated: bool = False
    """Whether the transport wrote the request more than once: then a refusal proves nothing."""


@dataclass(eq=False)
class NoAnswer:
    """No status line arrived, or none that answers this request."""

    status_code: ClassVar[None] = None
    headers: ClassVar[Mapping[str, str]] = {}
    body: ClassVar[None] = None
    cause: str
    not_sent: bool = False
    """Whether the transport knows that it wrote nothing of the request."""
    seconds: float = 0.0


Flow: TypeAlias = Generator[Ask | Sleep, Answer | NoAnswer | None, T]
