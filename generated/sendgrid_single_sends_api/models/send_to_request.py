# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="SendToRequest")


@_attrs_define
class SendToRequest:
    """Whom to mail."""

    list_ids: list[str] | Unset = UNSET
    segment_ids: list[str] | Unset = UNSET
    all_: bool | Unset = UNSET
    """ Every contact of the account. False where it is left out. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        list_ids: list[str] | Unset = UNSET
        if not isinstance(self.list_ids, Unset):
            list_ids = self.list_ids

        segment_ids: list[str] | Unset = UNSET
        if not isinstance(self.segment_ids, Unset):
            segment_ids = self.segment_ids

        all_ = self.all_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if list_ids is not UNSET:
            field_dict["list_ids"] = list_ids
        if segment_ids is not UNSET:
            field_dict["segment_ids"] = segment_ids
        if all_ is not UNSET:
            field_dict["all"] = all_

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        list_ids = cast(list[str], d.pop("list_ids", UNSET))

        segment_ids = cast(list[str], d.pop("segment_ids", UNSET))

        all_ = d.pop("all", UNSET)

        send_to_request = cls(
            list_ids=list_ids,
            segment_ids=segment_ids,
            all_=all_,
        )

        send_to_request.additional_properties = d
        return send_to_request

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
