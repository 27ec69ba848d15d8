"""A scope only ever narrows, and a key opens what it was issued for until it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connector.domain.access import ApiKey, Permission, Scope, Viewer
from connector.domain.fetch import Window
from connector.errors import NotPermitted
from connector.ids import KeyId, PartnerId, TenantId
from connector.providers.infomart.manifest import INFOMART

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PARTNER, OURS, THEIRS = PartnerId(uuid4()), TenantId(uuid4()), TenantId(uuid4())
KEY = ApiKey(KeyId("abcdefghjk"), PARTNER, None, "ERP", b"d", [Permission.READ], NOW, None, None)


def test_a_partners_scope_narrows_to_any_tenant_and_a_tenants_scope_to_itself_only() -> None:
    assert Scope.of_partner(PARTNER).narrowed(OURS) == Scope(PARTNER, OURS)
    assert Scope(PARTNER, OURS).narrowed(OURS) == Scope(PARTNER, OURS)
    assert Scope.of_tenant(OURS).narrowed(OURS) == Scope.of_tenant(OURS)


@pytest.mark.parametrize("scope", [Scope(PARTNER, OURS), Scope.of_tenant(OURS), Scope(None, None)])
def test_a_scope_that_names_one_tenant_or_nobody_reaches_nothing_of_another(scope: Scope) -> None:
    assert scope.narrowed(THEIRS) == Scope(None, None)


def test_a_key_opens_nothing_once_it_has_ended_or_was_revoked() -> None:
    assert KEY.usable(NOW)
    assert replace(KEY, expires_at=NOW + timedelta(seconds=1)).usable(NOW)
    assert not replace(KEY, expires_at=NOW).usable(NOW)
    assert not replace(KEY, revoked_at=NOW).usable(NOW)


def test_a_viewer_may_do_what_the_key_says_and_nothing_else() -> None:
    viewer = Viewer(KEY.id, KEY.name, PARTNER, "ソフト", Scope.of_partner(PARTNER), frozenset({Permission.READ}), None)
    viewer.require(Permission.READ)
    for permission in (Permission.FETCH, Permission.ONBOARD):
        with pytest.raises(NotPermitted) as refusal:
            viewer.require(permission)
        assert refusal.value.permission == permission.value


@pytest.mark.parametrize(
    ("moment", "last_day"),
    [
        (datetime(2026, 11, 20, 14, 59, 59, tzinfo=UTC), "2026-11-20"),
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), "2026-11-21"),  # midnight in Japan
        (datetime(2026, 12, 31, 15, 0, tzinfo=UTC), "2027-01-01"),
    ],
)
def test_im_39_the_recent_window_ends_today_in_japan_and_spans_two_closing_months(
    moment: datetime, last_day: str
) -> None:
    window = Window.recent(INFOMART.day_of(moment))
    assert window.last_day.isoformat() == last_day
    assert window.last_day - window.first_day == timedelta(days=62)


def test_im_3_a_call_needs_a_fifth_of_a_tokens_life_and_never_more_than_a_minute() -> None:
    assert INFOMART.access_margin == timedelta(minutes=1)
    assert replace(INFOMART, access_lifetime=timedelta(seconds=50)).access_margin == timedelta(seconds=10)
    assert replace(INFOMART, access_lifetime=timedelta(hours=10)).access_margin == timedelta(minutes=1)
