"""The two values that requests act with: the API key, and the on-behalf-of header."""

import os
from base64 import b64encode
from typing import NoReturn
from urllib.parse import unquote

from sendgrid_campaigns.config import check
from sendgrid_campaigns.errors import shown

KEY_VARIABLE = "SENDGRID_API_KEY"
_WINDOW = 12
"""Characters of the key that are treated as the key."""


class ApiKey:
    """The API key. No other object keeps it; it appears in no repr and refuses to be pickled."""

    __slots__ = ("_fragments", "_value")

    def __init__(self, value: object) -> None:
        try:
            source, value = ("api_key", value) if value is not None else (KEY_VARIABLE, os.environ.get(KEY_VARIABLE))
            check(value is not None, "There is no API key", f"Set {KEY_VARIABLE}, or give api_key=... to the client.")
            text = str.__str__(value) if isinstance(value, str) else ""  # of an Enum, the value and not the name
            hint = "Give the whole key alone: no quotes, no `Bearer `, no <>; of a SecretStr, get_secret_value()."
            check(bool(text), f"{source} is empty or no text", hint)
            # A key read from a file often has a line break at its end, and one from a .env file its quotes.
            good = text.isascii() and text.isprintable() and not set(text) & set(" \"'\\<>")
            check(good, f"{source} holds a space, a line break, a quote or another character that no key has", hint)
            self._value = text
            self._fragments = tuple(_fragments(text))
        finally:
            value = text = ""  # a traceback that shows locals must not show the key

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ApiKey is not pickled: give each process its own, for instance by " + KEY_VARIABLE)

    def authorize(self, headers: dict[str, str]) -> dict[str, str]:
        """Return headers with the one that carries the key."""
        return {**headers, "Authorization": f"Bearer {self._value}"}

    def is_of_the_sandbox(self) -> bool:
        """Return whether this is a key of the sandbox, which is no secret."""
        return self._value.startswith("SG.sandbox")

    def redact(self, text: str) -> str:
        """Return a text without the key, which servers and libraries may quote.

        A text that holds a part of the key, or the key in another spelling, is replaced as a whole.
        """
        text = text.replace(self._value, "(the API key)")
        # Percent signs and JSON escapes spell any character; what quotes a request is short.
        spelt = unquote(text[:65_536].replace("\\u00", "%")) if "%" in text or "\\u00" in text else ""
        quoted = any(fragment in text or fragment in spelt for fragment in self._fragments)
        return "(a text that quoted the API key)" if quoted else text


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
    remedy = 'Give a Subuser\'s username, on_behalf_of("acme"), or on_behalf_of(account_id="A123"), not both.'
    check((subuser is None) != (account_id is None), "on_behalf_of() needs one account to act for", remedy)
    value = subuser if account_id is None else account_id

    def require(good: bool, problem: str, remedy: str) -> None:
        name = "the Subuser" if account_id is None else "account_id"
        check(good, f"on_behalf_of(): {name} {shown(value)} {problem}", remedy)

    require(isinstance(value, str), "is no text", "Give a str.")
    text = str.__str__(value) if isinstance(value, str) else ""  # of an Enum, the value and not the name
    require(bool(text), "is empty", "To act for the key's own account, use the client itself.")
    require(text == text.strip(), "has space around it", "Strip it first.")
    good = text.isascii() and text.isprintable()
    require(good, "holds a character that no HTTP header carries", "Check where the value comes from.")
    if account_id is not None:
        require(" " not in text, "holds a space", "Give the id alone; the client adds `account-id ` itself.")
        return f"{_ACCOUNT} {text}"
    subuser_only = text.lower() != _ACCOUNT and not text.lower().startswith(f"{_ACCOUNT} ")
    require(subuser_only, "is a customer account", "Write on_behalf_of(account_id=...) with the id alone.")
    return text
