"""A connection stands where it was put, and a token is used while enough of its life is left."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connector.domain.connection import Connection, SealedGrant, Standing
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ACTIVE = Connection(
    TenantId(uuid4()), ConnectionId(uuid4()), ProviderKey("infomart"), Standing.ACTIVE, NOW + 31 * DAY, NOW
)
GRANT = SealedGrant(GrantId(uuid4()), None, b"a", b"r", NOW + timedelta(minutes=5), NOW + 31 * DAY, NOW)


@pytest.mark.parametrize(
    ("left", "due"), [(8 * DAY, False), (7 * DAY + SECOND, False), (7 * DAY, True), (SECOND, True), (-DAY, True)]
)
def test_consent_is_renewed_once_it_would_end_within_the_margin(left: timedelta, due: bool) -> None:
    assert replace(ACTIVE, consent_ends_at=NOW + left).renewal_due(NOW, margin=7 * DAY) is due


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.ACTIVE])
def test_only_an_active_connection_is_renewed(standing: Standing) -> None:
    assert not replace(ACTIVE, standing=standing, consent_ends_at=NOW).renewal_due(NOW, margin=7 * DAY)


def test_a_consent_without_an_end_needs_no_renewal() -> None:
    assert not replace(ACTIVE, consent_ends_at=None).renewal_due(NOW, margin=7 * DAY)


def test_a_lapsed_connection_keeps_its_identity_and_loses_its_consent() -> None:
    lapsed = ACTIVE.lapsed(NOW + DAY)
    assert lapsed == replace(ACTIVE, standing=Standing.LAPSED, consent_ends_at=None, changed_at=NOW + DAY)
    assert ACTIVE.standing is Standing.ACTIVE


@pytest.mark.parametrize(
    ("after", "usable"), [(0, True), (239, True), (240, False), (241, False), (300, False), (10**6, False)]
)
def test_a_token_of_five_minutes_is_used_for_four(after: int, usable: bool) -> None:
    assert GRANT.access_usable(NOW + after * SECOND, margin=timedelta(minutes=1)) is usable


def test_what_is_known_of_a_connection_is_replaced_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ACTIVE.standing = Standing.LAPSED  # type: ignore[misc]  # that is the claim
