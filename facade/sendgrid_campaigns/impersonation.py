"""On whose behalf: the value of the on-behalf-of header, for a Subuser or for a customer account.

https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of
"""

from sendgrid_campaigns.errors import ConfigurationError, shown

_ACCOUNT = "account-id"


def header_value(subuser: object, account_id: object) -> str:
    """The header's value for exactly one of a Subuser's username and a customer account's id.

    Raises ConfigurationError for both, for neither, and for text that no header should carry. A wrong value must not
    get far: a request that the service took as the parent's own would act on the wrong account.
    """
    if (subuser is None) == (account_id is None):
        raise ConfigurationError(
            problem="on_behalf_of() needs one account to act for",
            remedy='Give a Subuser\'s username, on_behalf_of("acme"), or on_behalf_of(account_id="A123"), not both.',
        )
    if account_id is not None:
        value = _checked("account_id", account_id)
        if " " in value:
            raise _refused(
                "account_id", value, "holds a space", "Give the id alone: the header's `account-id ` is added."
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
        raise _refused(name, value, "is no text", "Give it as a str.")
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
    return ConfigurationError(problem=f"on_behalf_of(): {name} {shown(value)} {problem}", remedy=remedy)
