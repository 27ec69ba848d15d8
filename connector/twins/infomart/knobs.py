"""The knobs change how the twin behaves where the contract leaves room; `/_sim/knobs` turns them (reference 10)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from connector.twins.infomart.profiles import PROFILES

_NAMES = [profile.name for profile in PROFILES]
_LONGEST = 366 * 86_400


@dataclass(slots=True)
class Knobs:
    """Everything as the reference has it, until somebody turns a knob."""

    profiles: list[str] = field(default_factory=lambda: list(_NAMES))  # the generations that are served
    denied: dict[str, int] = field(default_factory=lambda: {each.name: int(each.denied) for each in PROFILES})
    strip_chars: bool = True  # [IM-37]
    page_size: int = 100  # [IM-7]
    list_lag_seconds: float = 0.0  # how long a new invoice is missing from the issuer's list [IM-107]
    call_limit_seconds: float = 300.0  # a longer call is answered 504, and goes on [IM-108]
    echo_success_on_400: bool = False  # whether a partial failure also tells what was accepted [IM-100]
    rollback_masters: bool = False  # whether an invoice that fails takes its masters' changes back [IM-101]
    extra_filters: bool = False  # whether the issuer's list also filters by number, customer and key [IM-102]
    untaxed_every: int = 7  # one in so many received invoices leaves its tax items empty, 0: none does [IM-8]
    access_seconds: float = 300.0  # [IM-3]
    refresh_seconds: float = 31 * 86_400.0  # [IM-3]

    def turn(self, body: Mapping[str, Any]) -> None:
        """Takes the new places of some knobs, all or none; ValueError says what is wrong."""
        places = {each.name: getattr(self, each.name) for each in fields(self)}
        if unknown := sorted(set(body) - set(places)):
            raise ValueError(f"unknown knobs: {', '.join(unknown)}")
        for name, place in body.items():
            _check(name, place, places[name])
        for name, place in body.items():
            setattr(self, name, float(place) if isinstance(places[name], float) else place)

    def as_json(self) -> dict[str, Any]:
        """Where each knob stands."""
        return asdict(self)


def _check(name: str, place: Any, now: Any) -> None:
    if isinstance(now, bool):
        sound = type(place) is bool
    elif isinstance(now, float):
        sound = type(place) in {int, float} and 0 <= place <= _LONGEST
    elif isinstance(now, int):
        sound = type(place) is int and (name == "untaxed_every" or place > 0) and 0 <= place <= 1000  # noqa: PLR2004
    elif name == "profiles":
        sound = isinstance(place, list) and all(each in _NAMES for each in place)
    else:
        sound = (
            isinstance(place, dict) and set(place) == set(_NAMES) and all(each in {400, 403} for each in place.values())
        )
    if not sound:
        raise ValueError(f"{name} cannot stand at {place!r}")
