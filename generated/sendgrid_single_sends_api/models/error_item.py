# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.error_help import ErrorHelp


T = TypeVar("T", bound="ErrorItem")


@_attrs_define
class ErrorItem:
    """One thing that is wrong."""

    field: None | str | Unset = UNSET
    """ The field it is about. """
    parameter: None | str | Unset = UNSET
    """ The parameter it is about. """
    message: str | Unset = UNSET
    help_: ErrorHelp | None | str | Unset = UNSET
    """ Null, a text or an object. """
    error_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.error_help import ErrorHelp

        field: None | str | Unset
        if isinstance(self.field, Unset):
            field = UNSET
        else:
            field = self.field

        parameter: None | str | Unset
        if isinstance(self.parameter, Unset):
            parameter = UNSET
        else:
            parameter = self.parameter

        message = self.message

        help_: dict[str, Any] | None | str | Unset
        if isinstance(self.help_, Unset):
            help_ = UNSET
        elif isinstance(self.help_, ErrorHelp):
            help_ = self.help_.to_dict()
        else:
            help_ = self.help_

        error_id: None | str | Unset
        if isinstance(self.error_id, Unset):
            error_id = UNSET
        else:
            error_id = self.error_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if field is not UNSET:
            field_dict["field"] = field
        if parameter is not UNSET:
            field_dict["parameter"] = parameter
        if message is not UNSET:
            field_dict["message"] = message
        if help_ is not UNSET:
            field_dict["help"] = help_
        if error_id is not UNSET:
            field_dict["error_id"] = error_id

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.error_help import ErrorHelp

        d = dict(src_dict)

        def _parse_field(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        field = _parse_field(d.pop("field", UNSET))

        def _parse_parameter(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parameter = _parse_parameter(d.pop("parameter", UNSET))

        message = d.pop("message", UNSET)

        def _parse_help_(data: object) -> ErrorHelp | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                help_type_1 = ErrorHelp.from_dict(data)

                return help_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ErrorHelp | None | str | Unset, data)

        help_ = _parse_help_(d.pop("help", UNSET))

        def _parse_error_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error_id = _parse_error_id(d.pop("error_id", UNSET))

        error_item = cls(
            field=field,
            parameter=parameter,
            message=message,
            help_=help_,
            error_id=error_id,
        )

        error_item.additional_properties = d
        return error_item

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
