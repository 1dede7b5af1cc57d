# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.create_campaign_request_editor import (
    CreateCampaignRequestEditor,
    check_create_campaign_request_editor,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateCampaignRequest")


@_attrs_define
class CreateCampaignRequest:
    """A campaign to be made."""

    title: str
    subject: None | str | Unset = UNSET
    sender_id: int | None | Unset = UNSET
    list_ids: list[int] | None | Unset = UNSET
    segment_ids: list[int] | None | Unset = UNSET
    categories: list[str] | None | Unset = UNSET
    suppression_group_id: int | None | Unset = UNSET
    """ This or a custom_unsubscribe_url, not both. """
    custom_unsubscribe_url: None | str | Unset = UNSET
    ip_pool: None | str | Unset = UNSET
    html_content: None | str | Unset = UNSET
    """ At most 1 MB. """
    plain_content: None | str | Unset = UNSET
    """ At most 1 MB. """
    editor: CreateCampaignRequestEditor | Unset = UNSET
    """ Cannot be changed later. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        subject: None | str | Unset
        if isinstance(self.subject, Unset):
            subject = UNSET
        else:
            subject = self.subject

        sender_id: int | None | Unset
        if isinstance(self.sender_id, Unset):
            sender_id = UNSET
        else:
            sender_id = self.sender_id

        list_ids: list[int] | None | Unset
        if isinstance(self.list_ids, Unset):
            list_ids = UNSET
        elif isinstance(self.list_ids, list):
            list_ids = self.list_ids

        else:
            list_ids = self.list_ids

        segment_ids: list[int] | None | Unset
        if isinstance(self.segment_ids, Unset):
            segment_ids = UNSET
        elif isinstance(self.segment_ids, list):
            segment_ids = self.segment_ids

        else:
            segment_ids = self.segment_ids

        categories: list[str] | None | Unset
        if isinstance(self.categories, Unset):
            categories = UNSET
        elif isinstance(self.categories, list):
            categories = self.categories

        else:
            categories = self.categories

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

        ip_pool: None | str | Unset
        if isinstance(self.ip_pool, Unset):
            ip_pool = UNSET
        else:
            ip_pool = self.ip_pool

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

        editor: str | Unset = UNSET
        if not isinstance(self.editor, Unset):
            editor = self.editor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "title": title,
            }
        )
        if subject is not UNSET:
            field_dict["subject"] = subject
        if sender_id is not UNSET:
            field_dict["sender_id"] = sender_id
        if list_ids is not UNSET:
            field_dict["list_ids"] = list_ids
        if segment_ids is not UNSET:
            field_dict["segment_ids"] = segment_ids
        if categories is not UNSET:
            field_dict["categories"] = categories
        if suppression_group_id is not UNSET:
            field_dict["suppression_group_id"] = suppression_group_id
        if custom_unsubscribe_url is not UNSET:
            field_dict["custom_unsubscribe_url"] = custom_unsubscribe_url
        if ip_pool is not UNSET:
            field_dict["ip_pool"] = ip_pool
        if html_content is not UNSET:
            field_dict["html_content"] = html_content
        if plain_content is not UNSET:
            field_dict["plain_content"] = plain_content
        if editor is not UNSET:
            field_dict["editor"] = editor

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        title = d.pop("title")

        def _parse_subject(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        subject = _parse_subject(d.pop("subject", UNSET))

        def _parse_sender_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        sender_id = _parse_sender_id(d.pop("sender_id", UNSET))

        def _parse_list_ids(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                list_ids_type_0 = cast(list[int], data)

                return list_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        list_ids = _parse_list_ids(d.pop("list_ids", UNSET))

        def _parse_segment_ids(data: object) -> list[int] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                segment_ids_type_0 = cast(list[int], data)

                return segment_ids_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[int] | None | Unset, data)

        segment_ids = _parse_segment_ids(d.pop("segment_ids", UNSET))

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

        def _parse_ip_pool(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ip_pool = _parse_ip_pool(d.pop("ip_pool", UNSET))

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

        _editor = d.pop("editor", UNSET)
        editor: CreateCampaignRequestEditor | Unset
        if isinstance(_editor, Unset):
            editor = UNSET
        else:
            editor = check_create_campaign_request_editor(_editor)

        create_campaign_request = cls(
            title=title,
            subject=subject,
            sender_id=sender_id,
            list_ids=list_ids,
            segment_ids=segment_ids,
            categories=categories,
            suppression_group_id=suppression_group_id,
            custom_unsubscribe_url=custom_unsubscribe_url,
            ip_pool=ip_pool,
            html_content=html_content,
            plain_content=plain_content,
            editor=editor,
        )

        create_campaign_request.additional_properties = d
        return create_campaign_request

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
