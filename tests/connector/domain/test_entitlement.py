"""What a contract allows is known by observation: how, since when, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.entitlement import Entitlement, Flag, Source, Verdict, missing, refused
from connector.ids import ProviderKey

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEEDS = (Flag.RECEIVER_PAID_MEMBER, Flag.API_OPTION)
INFOMART = ProviderKey("infomart")


def fact(
    flag: Flag = Flag.API_OPTION, verdict: Verdict = Verdict.GRANTED, *, expires_at: datetime | None = None
) -> Entitlement:
    source = Source.REFUTED if verdict is Verdict.REFUSED else Source.PROVEN
    return Entitlement(INFOMART, flag, verdict, source, NOW - HOUR, expires_at)


def known(*facts: Entitlement) -> dict[Flag, Entitlement]:
    return {each.flag: each for each in facts}


MEMBER = fact(Flag.RECEIVER_PAID_MEMBER)


@pytest.mark.parametrize(
    ("facts", "lacking"),
    [
        ([MEMBER, fact()], None),
        ([MEMBER, fact(expires_at=NOW + HOUR)], None),
        ([MEMBER], ("api_option", "unknown", None)),
        ([fact()], ("receiver_paid_member", "unknown", None)),
        ([], ("receiver_paid_member", "unknown", None)),
        ([MEMBER, fact(expires_at=NOW)], ("api_option", "proven", NOW - HOUR)),
        ([MEMBER, fact(verdict=Verdict.REFUSED)], ("api_option", "refuted", NOW - HOUR)),
        ([MEMBER, fact(verdict=Verdict.REFUSED, expires_at=NOW)], ("api_option", "refuted", NOW - HOUR)),
    ],
)
def test_the_first_flag_that_is_not_granted_is_named_with_how_it_is_known(
    facts: list[Entitlement], lacking: tuple[str, str, datetime | None] | None
) -> None:
    found = missing(NEEDS, known(*facts), INFOMART, NOW)
    assert (None if found is None else (found.flag, found.known_by, found.since)) == lacking


@pytest.mark.parametrize(
    ("facts", "pointless"),
    [
        ([], False),
        ([MEMBER, fact()], False),
        ([fact(expires_at=NOW)], False),
        ([fact(verdict=Verdict.UNKNOWN)], False),
        ([fact(verdict=Verdict.REFUSED)], True),
        ([fact(verdict=Verdict.REFUSED, expires_at=NOW + HOUR)], True),
        ([fact(verdict=Verdict.REFUSED, expires_at=NOW)], False),
        ([fact(Flag.PROFESSIONAL_PLAN, Verdict.REFUSED)], False),
    ],
)
def test_asking_is_pointless_only_while_a_needed_flag_is_known_to_be_absent(
    facts: list[Entitlement], pointless: bool
) -> None:
    refusal = refused(NEEDS, known(*facts), NOW)
    assert (refusal is not None) is pointless
    assert refusal is None or (refusal.flag, refusal.since) == ("api_option", NOW - HOUR)
