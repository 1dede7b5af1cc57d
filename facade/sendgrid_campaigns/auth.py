"""The two values that requests act with: the API key, and the on-behalf-of header."""

import os
from base64 import b64encode
from typing import NoReturn
from urllib.parse import unquote

from sendgrid_campaigns.errors import ConfigurationError, shown

KEY_VARIABLE = "SENDGRID_API_KEY"
_WINDOW = 12
"""Characters of the key that are treated as the key."""


class ApiKey:
    """The API key. No other object keeps it; it appears in no repr and refuses to be pickled."""

    __slots__ = ("_fragments", "_value")

    def __init__(self, value: object) -> None:
        try:
            source = "api_key"
            if value is None:
                source, value = KEY_VARIABLE, os.environ.get(KEY_VARIABLE)
            if value is None:
                raise ConfigurationError(
                    "There is no API key", f"Set {KEY_VARIABLE} in the environment, or give api_key=... to the client."
                )
            if not isinstance(value, str) or not value:
                raise ConfigurationError(
                    f"{source} is empty or no text", "Give the whole key, as the dashboard showed it when it was made."
                )
            if not value.isascii() or not value.isprintable() or set(value) & set(" \"'\\<>"):
                # A key read from a file often has a line break at its end, and one from a .env file its quotes.
                raise ConfigurationError(
                    f"{source} holds a space, a line break, a quote or another character that no key has",
                    "Strip it, and check that it was copied whole and alone.",
                )
            self._value = str.__str__(value)  # of an Enum, the value and not the name
            self._fragments = tuple(_fragments(self._value))
        finally:
            del value  # a traceback that shows locals must not show the key

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApiKey is not pickled: give each process its own, for instance by " + KEY_VARIABLE)

    def authorize(self, headers: dict[str, str]) -> dict[str, str]:
        """Return headers with the one that carries the key."""
        return {**headers, "Authorization": f"Bearer {self._value}"}

    def redact(self, text: str) -> str:
        """Return a text without the key, which servers and libraries may quote.

        A text that holds a part of the key, or the key in another spelling, is replaced as a whole.
        """
        text = text.replace(self._value, "(the API key)")
        # Percent signs and JSON escapes spell any character; what quotes a request is short.
        start = text[:65_536]
        spelt = unquote(start.replace("\\u00", "%")) if "%" in start or "\\u00" in start else ""
        for fragment in self._fragments:
            if fragment in text or fragment in spelt:
                return "(a text that quoted the API key)"
        return text


def _fragments(key: str) -> list[str]:
    """Return pieces of the key's spellings: any longer part of a spelling holds one of them."""
    raw = key.encode()
    # Base64 of the key depends on how many bytes stand before the key; the edges depend on the neighbours.
    spellings = [key, raw.hex(), raw.hex().upper()]
    spellings += [b64encode(b"\0" * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)]
    size = min(_WINDOW, len(key))
    return [
        spelling[start : start + size]
        for spelling in spellings
        for start in range(0, max(len(spelling) - size, 0) + 1, size // 2 or 1)
        if len(spelling) >= size > 7  # the key of a test double may be short, and parts of words
    ]


_ACCOUNT = "account-id"


def on_behalf_of(subuser: object, account_id: object) -> str:
    """Return the header's value for exactly one of a Subuser's username and a customer account's id.

    Raises ConfigurationError for both, for neither, and for text that no header should carry. A wrong value must not
    get far: the service might take the request as the parent's own, and act on the wrong account.

    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of
    """
    if (subuser is None) == (account_id is None):
        raise ConfigurationError(
            "on_behalf_of() needs one account to act for",
            'Give a Subuser\'s username, on_behalf_of("acme"), or on_behalf_of(account_id="A123"), not both.',
        )
    if account_id is not None:
        value = _checked("account_id", account_id)
        if " " in value:
            raise _refused(
                "account_id", value, "holds a space", "Give the id alone; the client adds `account-id ` itself."
            )
        return f"{_ACCOUNT} {value}"
    value = _checked("the Subuser", subuser)
    if value.lower() == _ACCOUNT or value.lower().startswith(f"{_ACCOUNT} "):
        raise _refused(
            "the Subuser", value, "is a customer account", "Write on_behalf_of(account_id=...) with the id alone."
        )
    return value


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refused(name, value, "is no text", "Give a str.")
    value = str.__str__(value)  # of an Enum, the value and not the name
    if not value:
        raise _refused(name, value, "is empty", "To act for the key's own account, use the client itself.")
    if value != value.strip():
        raise _refused(name, value, "has space around it", "Strip it first.")
    if not (value.isascii() and value.isprintable()):
        raise _refused(
            name, value, "holds a character that no HTTP header carries", "Check where the value comes from."
        )
    return value


def _refused(name: str, value: object, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"on_behalf_of(): {name} {shown(value)} {problem}", remedy)
