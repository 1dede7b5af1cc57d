# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.email_config import EmailConfig
    from ..models.send_to import SendTo
    from ..models.single_send_warning import SingleSendWarning


T = TypeVar("T", bound="SingleSend")


@_attrs_define
class SingleSend:
    """A single send as the service answers it."""

    id: str
    """ A UUID. """
    name: None | str | Unset = UNSET
    """ The name in the dashboard; recipients never see it. At most 100 characters. """
    status: None | str | Unset = UNSET
    """ An open set; documented are draft, scheduled and triggered, which says that mailing began, and not that it
    ended. """
    categories: list[str] | None | Unset = UNSET
    send_at: None | str | Unset = UNSET
    """ ISO 8601. On a draft, it has no effect. """
    send_to: None | SendTo | Unset = UNSET
    email_config: EmailConfig | None | Unset = UNSET
    created_at: None | str | Unset = UNSET
    """ ISO 8601. """
    updated_at: None | str | Unset = UNSET
    """ ISO 8601. """
    warnings: list[SingleSendWarning] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.email_config import EmailConfig
        from ..models.send_to import SendTo

        id = self.id

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        else:
            status = self.status

        categories: list[str] | None | Unset
        if isinstance(self.categories, Unset):
            categories = UNSET
        elif isinstance(self.categories, list):
            categories = self.categories

        else:
            categories = self.categories

        send_at: None | str | Unset
        if isinstance(self.send_at, Unset):
            send_at = UNSET
        else:
            send_at = self.send_at

        send_to: dict[str, Any] | None | Unset
        if isinstance(self.send_to, Unset):
            send_to = UNSET
        elif isinstance(self.send_to, SendTo):
            send_to = self.send_to.to_dict()
        else:
            send_to = self.send_to

        email_config: dict[str, Any] | None | Unset
        if isinstance(self.email_config, Unset):
            email_config = UNSET
        elif isinstance(self.email_config, EmailConfig):
            email_config = self.email_config.to_dict()
        else:
            email_config = self.email_config

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        else:
            created_at = self.created_at

        updated_at: None | str | Unset
        if isinstance(self.updated_at, Unset):
            updated_at = UNSET
        else:
            updated_at = self.updated_at

        warnings: list[dict[str, Any]] | None | Unset
        if isinstance(self.warnings, Unset):
            warnings = UNSET
        elif isinstance(self.warnings, list):
            warnings = []
            for warnings_type_0_item_data in self.warnings:
                warnings_type_0_item = warnings_type_0_item_data.to_dict()
                warnings.append(warnings_type_0_item)

        else:
            warnings = self.warnings

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if status is not UNSET:
            field_dict["status"] = status
        if categories is not UNSET:
            field_dict["categories"] = categories
        if send_at is not UNSET:
            field_dict["send_at"] = send_at
        if send_to is not UNSET:
            field_dict["send_to"] = send_to
        if email_config is not UNSET:
            field_dict["email_config"] = email_config
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at
        if warnings is not UNSET:
            field_dict["warnings"] = warnings

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.email_config import EmailConfig
        from ..models.send_to import SendTo
        from ..models.single_send_warning import SingleSendWarning

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_categories(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                categories_type_0 = cast(list[str], data)

                return categories_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        categories = _parse_categories(d.pop("categories", UNSET))

        def _parse_send_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        send_at = _parse_send_at(d.pop("send_at", UNSET))

        def _parse_send_to(data: object) -> None | SendTo | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                send_to_type_0 = SendTo.from_dict(data)

                return send_to_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | SendTo | Unset, data)

        send_to = _parse_send_to(d.pop("send_to", UNSET))

        def _parse_email_config(data: object) -> EmailConfig | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                email_config_type_0 = EmailConfig.from_dict(data)

                return email_config_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EmailConfig | None | Unset, data)

        email_config = _parse_email_config(d.pop("email_config", UNSET))

        def _parse_created_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_updated_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        updated_at = _parse_updated_at(d.pop("updated_at", UNSET))

        def _parse_warnings(data: object) -> list[SingleSendWarning] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                warnings_type_0 = []
                _warnings_type_0 = data
                for warnings_type_0_item_data in _warnings_type_0:
                    warnings_type_0_item = SingleSendWarning.from_dict(
                        warnings_type_0_item_data
                    )

                    warnings_type_0.append(warnings_type_0_item)

                return warnings_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[SingleSendWarning] | None | Unset, data)

        warnings = _parse_warnings(d.pop("warnings", UNSET))

        single_send = cls(
            id=id,
            name=name,
            status=status,
            categories=categories,
            send_at=send_at,
            send_to=send_to,
            email_config=email_config,
            created_at=created_at,
            updated_at=updated_at,
            warnings=warnings,
        )

        single_send.additional_properties = d
        return single_send

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
