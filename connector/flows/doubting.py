"""Decides what a renewal that gave nothing means: a wait, a doubt to be settled by asking again, or the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connector.domain.access import Scope
from connector.domain.breaker import Trouble
from connector.domain.connection import Cause, Connection, Standing
from connector.domain.renewal import HELD_BACK, LOOK_AGAIN, Leased, Outcome
from connector.errors import (
    CannotOpen,
    ClientRefused,
    ConnectorError,
    ConsentEnded,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
    Whose,
)
from connector.flows.guarding import Guarding
from connector.ports import Clock, Store, Watch, Work

_LONGEST_BACK_OFF = timedelta(hours=1)
_PUT_OFF = timedelta(minutes=1)  # where an operator must act, such as on a key service that refuses us
_KEY_BACK = timedelta(minutes=10)  # a key that is restored is noticed after so long; asking costs no provider call
_REMEMBERED = timedelta(days=31)

_log = structlog.get_logger("connector.doubting")


@dataclass(frozen=True, slots=True)
class Doubting:
    """Ends renewals that gave nothing; no connection is given up for a fault of ours or a bad day of the provider's."""

    store: Store
    guarding: Guarding
    watch: Watch
    clock: Clock

    async def ended(self, leased: Leased, failure: ConnectorError) -> None:
        """Writes down how the renewal ended and where that leaves the connection."""
        provider = leased.connection.provider
        self.watch.renewal_ended(provider, _outcome(failure))
        match failure:
            case ClientRefused():
                await self.guarding.failed(provider, Trouble.CLIENT_REFUSED)
                await self._give_back(leased, timedelta())
            case ConsentEnded():
                await self.guarding.answered(provider)
                await self._dead(leased, failure)
            case OutcomeUnknown():
                await self.guarding.failed(provider, Trouble.UNREACHABLE)
                await self._unknown(leased, failure)
            case RefusedByProvider():
                await self.guarding.answered(provider)
                await self._unknown(leased, failure)
            case CannotOpen():
                now = self.clock.now()
                after = leased.connection.unreadable(failure.fault, now, due_at=now + _KEY_BACK)
                await self.guarding.not_tried(provider)
                await self._end(leased, Outcome.NOT_SENT, failure, after)
            case Unavailable(whose=Whose.PROVIDER):
                await self.guarding.failed(provider, Trouble.MAINTENANCE, failure.wait)
                await self._give_back(leased, timedelta())  # the breaker says how long nobody asks
            case Unavailable(whose=Whose.LINE):
                await self.guarding.failed(provider, Trouble.UNREACHABLE)
                await self._give_back(leased, timedelta())
            case Unavailable():  # something of ours was not ready, and nothing was sent
                await self.guarding.not_tried(provider)
                await self._give_back(leased, failure.wait)
            case _:  # nothing was sent: what comes after a departure has another name by now
                await self.guarding.not_tried(provider)
                await self._give_back(leased, _PUT_OFF)

    async def _give_back(self, leased: Leased, wait: timedelta) -> None:
        async with self.store.within(Scope.of_tenant(leased.connection.tenant_id)) as work:
            await work.renewals.give_back(leased, self.clock.now() + wait)

    async def _unknown(self, leased: Leased, failure: ConnectorError) -> None:
        """The old token may be dead or alive; it is presented again once the first call can no longer run."""
        now = self.clock.now()
        async with self.store.within(Scope.of_tenant(leased.connection.tenant_id)) as work:
            before = len(await work.renewals.outcomes(leased.grant.id, Outcome.UNKNOWN))
            wait = min((leased.answer_until - now) * 2**before, _LONGEST_BACK_OFF)
            due_at = max(now + wait, leased.answer_until)
            after = leased.connection.doubted(Standing.UNCERTAIN, Cause.ANSWER_LOST, now, due_at=due_at)
            await work.renewals.end(leased, Outcome.UNKNOWN, failure.code, after)
        _log.warning("uncertain", connection=str(leased.connection.id), until=due_at.isoformat())

    async def _dead(self, leased: Leased, failure: ConsentEnded) -> None:
        """A token called dead: others of its line are tried, then it is again, and then a person is asked."""
        now, connection = self.clock.now(), leased.connection
        cause = _cause(connection, failure, now)
        async with self.store.within(Scope.of_tenant(connection.tenant_id)) as work:
            deaths = await work.renewals.outcomes(leased.grant.id, Outcome.DEAD)
            other = await work.renewals.candidate(leased, now - _REMEMBERED)
            # Said twice, or by the calendar as well, or of the person: then it is believed.
            sure = cause in {Cause.PERSON_INACTIVE, Cause.CONSENT_EXPIRED} or bool(
                deaths and now - deaths[0] >= LOOK_AGAIN
            )
            if other is not None:
                after = connection.doubted(Standing.SUSPECT, cause, now, due_at=now)
            elif not sure or not await work.renewals.holds(leased):  # nobody is given up who is not ours to
                after = connection.doubted(Standing.SUSPECT, cause, now, due_at=now + LOOK_AGAIN)
            else:
                after = await self._given_up(work, leased, cause)
            ours = await work.renewals.end(leased, Outcome.DEAD, failure.code, after)
            if ours and other is not None:
                await work.renewals.try_instead(leased, other)
        if ours and after.standing is Standing.LAPSED:
            self.watch.token_lost(connection.provider, cause)
        _log.warning(
            "called dead", connection=str(connection.id), standing=after.standing.value, other=other is not None
        )

    async def _given_up(self, work: Work, leased: Leased, cause: Cause) -> Connection:
        now = self.clock.now()
        if await self.guarding.may_give_up(work, leased.connection.provider):
            return leased.connection.lapsed(cause, now)
        self.watch.death_held_back(leased.connection.provider)
        _log.error("held back: too many at once", connection=str(leased.connection.id))
        return leased.connection.doubted(Standing.SUSPECT, cause, now, due_at=now + HELD_BACK)

    async def _end(self, leased: Leased, outcome: Outcome, failure: ConnectorError, after: Connection) -> None:
        async with self.store.within(Scope.of_tenant(leased.connection.tenant_id)) as work:
            ours = await work.renewals.end(leased, outcome, failure.code, after)
        if ours:  # otherwise somebody else has spoken meanwhile, and it stands where they said
            told = {"connection": str(leased.connection.id), "standing": after.standing.value}
            _log.error("ended", **told, failure=str(failure))


def _outcome(failure: ConnectorError) -> Outcome:
    """How a renewal that failed like this ended."""
    match failure:
        case ConsentEnded():
            return Outcome.DEAD
        case OutcomeUnknown() | RefusedByProvider():
            return Outcome.UNKNOWN
        case ClientRefused() | Unavailable(whose=Whose.PROVIDER):
            return Outcome.DECLINED
        case _:
            return Outcome.NOT_SENT


def _cause(connection: Connection, failure: ConsentEnded, now: datetime) -> Cause:
    """Why the token is dead, as far as we can know; what was known before the provider said so comes first."""
    if failure.person_inactive:
        return Cause.PERSON_INACTIVE
    if connection.cause is not None:
        return connection.cause
    if connection.consent_ends_at is not None and connection.consent_ends_at <= now:
        return Cause.CONSENT_EXPIRED
    return Cause.TOKEN_DEAD
