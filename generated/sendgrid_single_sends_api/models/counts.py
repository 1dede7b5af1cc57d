# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Counts")


@_attrs_define
class Counts:
    """Counts of mail, recipients and reactions."""

    requests: int | Unset = UNSET
    delivered: int | Unset = UNSET
    opens: int | Unset = UNSET
    unique_opens: int | Unset = UNSET
    clicks: int | Unset = UNSET
    unique_clicks: int | Unset = UNSET
    bounces: int | Unset = UNSET
    bounce_drops: int | Unset = UNSET
    invalid_emails: int | Unset = UNSET
    spam_reports: int | Unset = UNSET
    spam_report_drops: int | Unset = UNSET
    unsubscribes: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        requests = self.requests

        delivered = self.delivered

        opens = self.opens

        unique_opens = self.unique_opens

        clicks = self.clicks

        unique_clicks = self.unique_clicks

        bounces = self.bounces

        bounce_drops = self.bounce_drops

        invalid_emails = self.invalid_emails

        spam_reports = self.spam_reports

        spam_report_drops = self.spam_report_drops

        unsubscribes = self.unsubscribes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if requests is not UNSET:
            field_dict["requests"] = requests
        if delivered is not UNSET:
            field_dict["delivered"] = delivered
        if opens is not UNSET:
            field_dict["opens"] = opens
        if unique_opens is not UNSET:
            field_dict["unique_opens"] = unique_opens
        if clicks is not UNSET:
            field_dict["clicks"] = clicks
        if unique_clicks is not UNSET:
            field_dict["unique_clicks"] = unique_clicks
        if bounces is not UNSET:
            field_dict["bounces"] = bounces
        if bounce_drops is not UNSET:
            field_dict["bounce_drops"] = bounce_drops
        if invalid_emails is not UNSET:
            field_dict["invalid_emails"] = invalid_emails
        if spam_reports is not UNSET:
            field_dict["spam_reports"] = spam_reports
        if spam_report_drops is not UNSET:
            field_dict["spam_report_drops"] = spam_report_drops
        if unsubscribes is not UNSET:
            field_dict["unsubscribes"] = unsubscribes

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        requests = d.pop("requests", UNSET)

        delivered = d.pop("delivered", UNSET)

        opens = d.pop("opens", UNSET)

        unique_opens = d.pop("unique_opens", UNSET)

        clicks = d.pop("clicks", UNSET)

        unique_clicks = d.pop("unique_clicks", UNSET)

        bounces = d.pop("bounces", UNSET)

        bounce_drops = d.pop("bounce_drops", UNSET)

        invalid_emails = d.pop("invalid_emails", UNSET)

        spam_reports = d.pop("spam_reports", UNSET)

        spam_report_drops = d.pop("spam_report_drops", UNSET)

        unsubscribes = d.pop("unsubscribes", UNSET)

        counts = cls(
            requests=requests,
            delivered=delivered,
            opens=opens,
            unique_opens=unique_opens,
            clicks=clicks,
            unique_clicks=unique_clicks,
            bounces=bounces,
            bounce_drops=bounce_drops,
            invalid_emails=invalid_emails,
            spam_reports=spam_reports,
            spam_report_drops=spam_report_drops,
            unsubscribes=unsubscribes,
        )

        counts.additional_properties = d
        return counts

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
