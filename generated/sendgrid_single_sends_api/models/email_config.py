# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="EmailConfig")


@_attrs_define
class EmailConfig:
    """What is mailed, and from whom."""

    subject: None | str | Unset = UNSET
    html_content: None | str | Unset = UNSET
    plain_content: None | str | Unset = UNSET
    generate_plain_content: bool | None | Unset = UNSET
    """ Whether plain_content is always made from html_content. """
    design_id: None | str | Unset = UNSET
    editor: None | str | Unset = UNSET
    """ `code` or `design`. """
    suppression_group_id: int | None | Unset = UNSET
    custom_unsubscribe_url: None | str | Unset = UNSET
    sender_id: int | None | Unset = UNSET
    """ A verified sender. """
    ip_pool: None | str | Unset = UNSET
    """ The name of an IP pool. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        subject: None | str | Unset
        if isinstance(self.subject, Unset):
            subject = UNSET
        else:
            subject = self.subject

        html_content: None | str | Unset
        if isinstance(self.html_content, Unset):
            html_content = UNSET
        else:
            html_content = self.html_content

        plain_content: None | str | Unset
        if isinstance(self.plain_content, Unset):
            plain_content = UNSET
        else:
            plain_content = self.plain_content

        generate_plain_content: bool | None | Unset
        if isinstance(self.generate_plain_content, Unset):
            generate_plain_content = UNSET
        else:
            generate_plain_content = self.generate_plain_content

        design_id: None | str | Unset
        if isinstance(self.design_id, Unset):
            design_id = UNSET
        else:
            design_id = self.design_id

        editor: None | str | Unset
        if isinstance(self.editor, Unset):
            editor = UNSET
        else:
            editor = self.editor

        suppression_group_id: int | None | Unset
        if isinstance(self.suppression_group_id, Unset):
            suppression_group_id = UNSET
        else:
            suppression_group_id = self.suppression_group_id

        custom_unsubscribe_url: None | str | Unset
        if isinstance(self.custom_unsubscribe_url, Unset):
            custom_unsubscribe_url = UNSET
        else:
            custom_unsubscribe_url = self.custom_unsubscribe_url

        sender_id: int | None | Unset
        if isinstance(self.sender_id, Unset):
            sender_id = UNSET
        else:
            sender_id = self.sender_id

        ip_pool: None | str | Unset
        if isinstance(self.ip_pool, Unset):
            ip_pool = UNSET
        else:
            ip_pool = self.ip_pool

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if subject is not UNSET:
            field_dict["subject"] = subject
        if html_content is not UNSET:
            field_dict["html_content"] = html_content
        if plain_content is not UNSET:
            field_dict["plain_content"] = plain_content
        if generate_plain_content is not UNSET:
            field_dict["generate_plain_content"] = generate_plain_content
        if design_id is not UNSET:
            field_dict["design_id"] = design_id
        if editor is not UNSET:
            field_dict["editor"] = editor
        if suppression_group_id is not UNSET:
            field_dict["suppression_group_id"] = suppression_group_id
        if custom_unsubscribe_url is not UNSET:
            field_dict["custom_unsubscribe_url"] = custom_unsubscribe_url
        if sender_id is not UNSET:
            field_dict["sender_id"] = sender_id
        if ip_pool is not UNSET:
            field_dict["ip_pool"] = ip_pool

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_subject(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        subject = _parse_subject(d.pop("subject", UNSET))

        def _parse_html_content(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        html_content = _parse_html_content(d.pop("html_content", UNSET))

        def _parse_plain_content(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        plain_content = _parse_plain_content(d.pop("plain_content", UNSET))

        def _parse_generate_plain_content(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        generate_plain_content = _parse_generate_plain_content(
            d.pop("generate_plain_content", UNSET)
        )

        def _parse_design_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        design_id = _parse_design_id(d.pop("design_id", UNSET))

        def _parse_editor(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        editor = _parse_editor(d.pop("editor", UNSET))

        def _parse_suppression_group_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        suppression_group_id = _parse_suppression_group_id(
            d.pop("suppression_group_id", UNSET)
        )

        def _parse_custom_unsubscribe_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        custom_unsubscribe_url = _parse_custom_unsubscribe_url(
            d.pop("custom_unsubscribe_url", UNSET)
        )

        def _parse_sender_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        sender_id = _parse_sender_id(d.pop("sender_id", UNSET))

        def _parse_ip_pool(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ip_pool = _parse_ip_pool(d.pop("ip_pool", UNSET))

        email_config = cls(
            subject=subject,
            html_content=html_content,
            plain_content=plain_content,
            generate_plain_content=generate_plain_content,
            design_id=design_id,
            editor=editor,
            suppression_group_id=suppression_group_id,
            custom_unsubscribe_url=custom_unsubscribe_url,
            sender_id=sender_id,
            ip_pool=ip_pool,
        )

        email_config.additional_properties = d
        return email_config

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
