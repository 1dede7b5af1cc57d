# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.email_config_request import EmailConfigRequest
    from ..models.send_to_request import SendToRequest


T = TypeVar("T", bound="CreateSingleSendRequest")


@_attrs_define
class CreateSingleSendRequest:
    """A single send to be made."""

    name: str
    categories: list[str] | Unset = UNSET
    send_at: None | str | Unset = UNSET
    """ ISO 8601. Shown in the dashboard; it schedules nothing, and `now` is an error. """
    send_to: SendToRequest | Unset = UNSET
    """ Whom to mail. """
    email_config: EmailConfigRequest | Unset = UNSET
    """ What to mail, and from whom. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        categories: list[str] | Unset = UNSET
        if not isinstance(self.categories, Unset):
            categories = self.categories

        send_at: None | str | Unset
        if isinstance(self.send_at, Unset):
            send_at = UNSET
        else:
            send_at = self.send_at

        send_to: dict[str, Any] | Unset = UNSET
        if not isinstance(self.send_to, Unset):
            send_to = self.send_to.to_dict()

        email_config: dict[str, Any] | Unset = UNSET
        if not isinstance(self.email_config, Unset):
            email_config = self.email_config.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
            }
        )
        if categories is not UNSET:
            field_dict["categories"] = categories
        if send_at is not UNSET:
            field_dict["send_at"] = send_at
        if send_to is not UNSET:
            field_dict["send_to"] = send_to
        if email_config is not UNSET:
            field_dict["email_config"] = email_config

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.email_config_request import EmailConfigRequest
        from ..models.send_to_request import SendToRequest

        d = dict(src_dict)
        name = d.pop("name")

        categories = cast(list[str], d.pop("categories", UNSET))

        def _parse_send_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        send_at = _parse_send_at(d.pop("send_at", UNSET))

        _send_to = d.pop("send_to", UNSET)
        send_to: SendToRequest | Unset
        if isinstance(_send_to, Unset):
            send_to = UNSET
        else:
            send_to = SendToRequest.from_dict(_send_to)

        _email_config = d.pop("email_config", UNSET)
        email_config: EmailConfigRequest | Unset
        if isinstance(_email_config, Unset):
            email_config = UNSET
        else:
            email_config = EmailConfigRequest.from_dict(_email_config)

        create_single_send_request = cls(
            name=name,
            categories=categories,
            send_at=send_at,
            send_to=send_to,
            email_config=email_config,
        )

        create_single_send_request.additional_properties = d
        return create_single_send_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
