# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.counts import Counts


T = TypeVar("T", bound="SingleSendStats")


@_attrs_define
class SingleSendStats:
    """What became of the mail of one single send."""

    id: str
    """ The single send's. """
    aggregation: None | str | Unset = UNSET
    """ `total`, or the day. """
    ab_variation: None | str | Unset = UNSET
    """ `all`, or the variation of an A/B test. """
    ab_phase: None | str | Unset = UNSET
    """ `all`, or the phase of an A/B test. """
    stats: Counts | Unset = UNSET
    """ Counts of mail, recipients and reactions. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        aggregation: None | str | Unset
        if isinstance(self.aggregation, Unset):
            aggregation = UNSET
        else:
            aggregation = self.aggregation

        ab_variation: None | str | Unset
        if isinstance(self.ab_variation, Unset):
            ab_variation = UNSET
        else:
            ab_variation = self.ab_variation

        ab_phase: None | str | Unset
        if isinstance(self.ab_phase, Unset):
            ab_phase = UNSET
        else:
            ab_phase = self.ab_phase

        stats: dict[str, Any] | Unset = UNSET
        if not isinstance(self.stats, Unset):
            stats = self.stats.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
            }
        )
        if aggregation is not UNSET:
            field_dict["aggregation"] = aggregation
        if ab_variation is not UNSET:
            field_dict["ab_variation"] = ab_variation
        if ab_phase is not UNSET:
            field_dict["ab_phase"] = ab_phase
        if stats is not UNSET:
            field_dict["stats"] = stats

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.counts import Counts

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_aggregation(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        aggregation = _parse_aggregation(d.pop("aggregation", UNSET))

        def _parse_ab_variation(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ab_variation = _parse_ab_variation(d.pop("ab_variation", UNSET))

        def _parse_ab_phase(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ab_phase = _parse_ab_phase(d.pop("ab_phase", UNSET))

        _stats = d.pop("stats", UNSET)
        stats: Counts | Unset
        if isinstance(_stats, Unset):
            stats = UNSET
        else:
            stats = Counts.from_dict(_stats)

        single_send_stats = cls(
            id=id,
            aggregation=aggregation,
            ab_variation=ab_variation,
            ab_phase=ab_phase,
            stats=stats,
        )

        single_send_stats.additional_properties = d
        return single_send_stats

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
