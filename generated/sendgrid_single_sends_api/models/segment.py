# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Segment")


@_attrs_define
class Segment:
    """A segment. Its count lags behind its contacts."""

    id: str
    """ A UUID. """
    name: str | Unset = UNSET
    contacts_count: int | Unset = UNSET
    parent_list_ids: list[str] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        contacts_count = self.contacts_count

        parent_list_ids: list[str] | None | Unset
        if isinstance(self.parent_list_ids, Unset):
            parent_list_ids = UNSET
        elif isinstance(self.parent_list_ids, list):
            parent_list_ids = self.parent_list_ids

        else:
            parent_list_ids = self.parent_list_ids

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if contacts_count is not UNSET:
            field_dict["contacts_count"] = contacts_count
        if parent_list_ids is not UNSET:
            field_dict["parent_list_ids"] = parent_list_ids

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name", UNSET)

        contacts_count = d.pop("contacts_count", UNSET)

        def _parse_parent_list_ids(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                parent_list_ids_type_0 = cast(list[str], data)

                return parent_list_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        parent_list_ids = _parse_parent_list_ids(d.pop("parent_list_ids", UNSET))

        segment = cls(
            id=id,
            name=name,
            contacts_count=contacts_count,
            parent_list_ids=parent_list_ids,
        )

        segment.additional_properties = d
        return segment

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
