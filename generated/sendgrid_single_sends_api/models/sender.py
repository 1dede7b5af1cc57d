# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.sender_address import SenderAddress


T = TypeVar("T", bound="Sender")


@_attrs_define
class Sender:
    """A sender, which legacy campaigns and Single Sends share."""

    id: int
    nickname: None | str | Unset = UNSET
    from_: SenderAddress | Unset = UNSET
    """ An e-mail address with a name. """
    reply_to: SenderAddress | Unset = UNSET
    """ An e-mail address with a name. """
    verified: Any | Unset = UNSET
    """ A boolean; in an older form an object with a `status`. Only a verified sender can send. """
    locked: bool | None | Unset = UNSET
    """ True while a mailing that is not over uses it. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        nickname: None | str | Unset
        if isinstance(self.nickname, Unset):
            nickname = UNSET
        else:
            nickname = self.nickname

        from_: dict[str, Any] | Unset = UNSET
        if not isinstance(self.from_, Unset):
            from_ = self.from_.to_dict()

        reply_to: dict[str, Any] | Unset = UNSET
        if not isinstance(self.reply_to, Unset):
            reply_to = self.reply_to.to_dict()

        verified = self.verified

        locked: bool | None | Unset
        if isinstance(self.locked, Unset):
            locked = UNSET
        else:
            locked = self.locked

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if nickname is not UNSET:
            field_dict["nickname"] = nickname
        if from_ is not UNSET:
            field_dict["from"] = from_
        if reply_to is not UNSET:
            field_dict["reply_to"] = reply_to
        if verified is not UNSET:
            field_dict["verified"] = verified
        if locked is not UNSET:
            field_dict["locked"] = locked

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.sender_address import SenderAddress

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_nickname(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        nickname = _parse_nickname(d.pop("nickname", UNSET))

        _from_ = d.pop("from", UNSET)
        from_: SenderAddress | Unset
        if isinstance(_from_, Unset):
            from_ = UNSET
        else:
            from_ = SenderAddress.from_dict(_from_)

        _reply_to = d.pop("reply_to", UNSET)
        reply_to: SenderAddress | Unset
        if isinstance(_reply_to, Unset):
            reply_to = UNSET
        else:
            reply_to = SenderAddress.from_dict(_reply_to)

        verified = d.pop("verified", UNSET)

        def _parse_locked(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        locked = _parse_locked(d.pop("locked", UNSET))

        sender = cls(
            id=id,
            nickname=nickname,
            from_=from_,
            reply_to=reply_to,
            verified=verified,
            locked=locked,
        )

        sender.additional_properties = d
        return sender

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
