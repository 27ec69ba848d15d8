from datetime import UTC, date, datetime
from itertools import count

from connector.twins.infomart.approvals import WITH_WORKFLOW
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.inbox import Inbox
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.members import Members

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def test_reception_days_rise_with_the_numbers_over_the_days_before_today() -> None:
    inbox = Inbox("1", count(1))
    inbox.fill(90, now=NOW, today=date(2026, 11, 20), spread_days=30, codes=WITH_WORKFLOW)
    days = [received.reception_date for received in inbox.everything()]

    assert days == sorted(days)
    assert (days[0], days[-1]) == (date(2026, 10, 21), date(2026, 11, 19))
    assert len(set(days)) == 30


def test_today_is_the_day_in_japan(clock: Clock) -> None:
    members = Members(clock, Ledger(clock), seed=1)

    member = members.save({"pfid": "t@example.jp", "password": "p", "invoices": 1})

    assert clock.now().isoformat() == "2026-11-20T03:00:00+00:00"
    assert members.inbox(member).everything()[0].reception_date == date(2026, 11, 19)
