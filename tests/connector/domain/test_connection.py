"""A connection stands where it was put, and a token is used while enough of its life is left."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connector.domain.connection import Cause, Connection, SealedGrant, Standing
from connector.errors import SealFault
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ACTIVE = Connection(
    TenantId(uuid4()), ConnectionId(uuid4()), ProviderKey("infomart"), Standing.ACTIVE, NOW + 31 * DAY, NOW
)
GRANT = SealedGrant(GrantId(uuid4()), None, b"a", b"r", NOW + timedelta(minutes=5), NOW + 31 * DAY, NOW)


def test_a_lapsed_connection_keeps_its_identity_and_loses_its_consent() -> None:
    lapsed = ACTIVE.lapsed(Cause.TOKEN_DEAD, NOW + DAY)
    assert lapsed == replace(
        ACTIVE, standing=Standing.LAPSED, cause=Cause.TOKEN_DEAD, consent_ends_at=None, changed_at=NOW + DAY
    )
    assert ACTIVE.standing is Standing.ACTIVE


def test_a_doubt_lasts_since_it_began_and_ends_without_a_trace() -> None:
    first = ACTIVE.doubted(Standing.UNCERTAIN, Cause.ANSWER_LOST, NOW + DAY, due_at=NOW + 2 * DAY)
    again = first.doubted(Standing.UNCERTAIN, Cause.ANSWER_LOST, NOW + 2 * DAY, due_at=NOW + 3 * DAY)
    assert (again.changed_at, again.due_at) == (NOW + DAY, NOW + 3 * DAY)

    mended = again.active(NOW + 3 * DAY, consent_ends_at=NOW + 31 * DAY, due_at=NOW + 9 * DAY)
    assert mended == replace(ACTIVE, changed_at=NOW + 3 * DAY, due_at=NOW + 9 * DAY)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (SealFault.KEY_MISSING, Cause.KEY_MISSING),
        (SealFault.KEY_NOT_UNWRAPPED, Cause.KEY_NOT_UNWRAPPED),
        (SealFault.DAMAGED, Cause.TOKEN_DAMAGED),
    ],
)
def test_a_connection_whose_token_does_not_open_says_why_and_is_looked_at_again(fault: SealFault, cause: Cause) -> None:
    unreadable = replace(ACTIVE, due_at=NOW).unreadable(fault, NOW + DAY, due_at=NOW + 2 * DAY)
    assert (unreadable.standing, unreadable.cause) == (Standing.UNREADABLE, cause)
    assert (unreadable.changed_at, unreadable.due_at) == (NOW + DAY, NOW + 2 * DAY)
    assert unreadable.consent_ends_at == ACTIVE.consent_ends_at


def test_a_token_that_never_arrived_is_not_used() -> None:
    assert not replace(GRANT, access_sealed=None).access_usable(NOW, margin=timedelta())


@pytest.mark.parametrize(
    ("after", "usable"), [(0, True), (239, True), (240, False), (241, False), (300, False), (10**6, False)]
)
def test_a_token_of_five_minutes_is_used_for_four(after: int, usable: bool) -> None:
    assert GRANT.access_usable(NOW + after * SECOND, margin=timedelta(minutes=1)) is usable


def test_what_is_known_of_a_connection_is_replaced_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ACTIVE.standing = Standing.LAPSED  # type: ignore[misc]  # that is the claim
