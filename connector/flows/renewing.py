"""Renews what a lease covers: one call each, its answer on disk before anybody reads it, nothing overwritten."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from connector.domain.access import Scope
from connector.domain.connection import (
    Connection,
    Grant,
    SealedGrant,
    Standing,
    answer_seat,
    refresh_seat,
)
from connector.domain.renewal import (
    BEGIN_WITHIN,
    CALL_LIMIT,
    Leased,
    Outcome,
    Renewed,
    TokenAnswer,
    TokenReply,
    next_keep_alive,
)
from connector.errors import ConnectorError, OutcomeUnknown, Unavailable
from connector.failpoints import failpoint
from connector.flows.departing import Departure
from connector.flows.doubting import Doubting
from connector.flows.guarding import Guarding
from connector.flows.lineage import next_grant
from connector.ids import ConnectionId
from connector.ports import Clock, Provider, Register, Sealer, Store, TokenJournal, Vault, Watch
from connector.secret import Secret

_LISTEN = timedelta(seconds=95)  # from the call on, and within the time after which another one may be made
_LAST_LOOK = 1.0  # seconds in which bytes that are here already are read, though the time is up
_LEAVE_WITHIN = 20.0  # seconds a process that ends still listens; its answers would be nobody's afterwards
_GATHER = 0.05  # seconds in which answers are gathered into one commit; they are on disk already

_log = structlog.get_logger("connector.renewing")


@dataclass(slots=True)
class Renewing:
    """Carries renewals out, from a lease that is held to a grant that is in use."""

    store: Store
    vault: Vault
    journal: TokenJournal
    register: Register
    guarding: Guarding
    doubting: Doubting
    watch: Watch
    clock: Clock
    patience: timedelta = CALL_LIMIT
    draining: bool = False
    _listening: set["asyncio.Task[None]"] = field(default_factory=set)

    async def carry_out(
        self, batch: Sequence[Leased], *, since: float
    ) -> Mapping[ConnectionId, Renewed | ConnectorError]:
        """Renews every connection of the batch; each ends with a grant in use or with why not.

        `since` is the monotonic second before the lease was asked for: whoever is stopped meanwhile notices.
        """
        if len(batch) > 1:
            try:
                await self.vault.look_over(batch[0].owner)
            except Unavailable as failure:  # then each key is looked at alone, and whose cannot be gives its lease back
                _log.info("keys not looked over", failure=str(failure))
            except Exception:  # noqa: BLE001 - the same, and why is in the log
                _log.exception("keys not looked over")
        asked = {asyncio.create_task(self._answered(leased, since)): leased for leased in batch}
        ended: dict[ConnectionId, Renewed | ConnectorError] = {}
        waiting = set(asked)
        while waiting:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done, waiting = await asyncio.wait(waiting, timeout=_GATHER) if len(waiting) > 1 else (waiting, set())
            renewed = [each for each in (task.result() for task in done) if isinstance(each, Renewed)]
            failures = {asked[task].connection.id: task.result() for task in done}
            ended |= {name: each for name, each in failures.items() if isinstance(each, ConnectorError)}
            ended |= await self._committed(renewed)
        return ended

    async def close(self) -> None:
        """Begins nothing more, and listens to the end to whoever has been asked."""
        self.draining = True
        if self._listening:
            await asyncio.wait(self._listening, timeout=_LEAVE_WITHIN)
        for task in self._listening:
            task.cancel()

    async def settle(self, answer: TokenAnswer) -> bool:
        """Puts an answer from the journal or the escrow into the lineage; False: it holds no token.

        Safe to do any number of times, whoever else does it, and whether or not the grant is in there already.
        """
        scope = Scope.of_tenant(answer.tenant_id)
        async with self.store.within(scope) as work:
            connection = await work.connections.connection(answer.connection_id)
            parent = None if answer.parent_id is None else await work.connections.grant(answer.parent_id)
            in_use = await work.connections.current_grant(answer.connection_id)
        if parent is None and in_use is not None and in_use.obtained_at < answer.answered_at:
            parent = in_use  # a restored database lost the grants in between, and the line goes on from the one it has
        if connection is not None and connection.standing is Standing.DISCONNECTED:
            _log.info("an answer nobody needs", renewal=str(answer.id), connection=str(answer.connection_id))
            return False
        if connection is None or parent is None:
            _log.error("an answer of nobody's", renewal=str(answer.id), connection=str(answer.connection_id))
            return False
        text = await self.vault.open(answer.sealed, answer_seat(connection, answer.id))
        reply = TokenReply(code=200, body=text.reveal().encode("latin-1"), whole=True, retry_after=None)
        try:
            grant = self.register.provider(connection.provider).consent.read_renewal(reply, now=answer.answered_at)
        except ConnectorError as failure:
            _log.warning("an answer without a token", renewal=str(answer.id), failure=str(failure))
            return False
        sealer = await self.vault.prepare(answer.tenant_id)
        refresh = await self._refresh_of(connection, grant, parent)
        sealed = next_grant(connection, grant, refresh, answer, parent, sealer)
        await self._adopt(connection, sealed, answer)
        return True

    async def _answered(self, leased: Leased, since: float) -> Renewed | ConnectorError:
        """A grant that is on disk and not yet in the database, or why there is none; raises nothing."""
        departure = Departure(partial(self._look, leased, since))
        try:
            return await self._asked(leased, departure)
        except Exception as raised:  # noqa: BLE001 - others are renewed beside it
            failure = departure.meaning(raised)
        try:
            await self.doubting.ended(leased, failure)
        except ConnectorError as second:  # the lease ends by itself, and a sweep finds what it left
            _log.warning("not written down", connection=str(leased.connection.id), failure=str(second))
        except Exception:  # noqa: BLE001 - the same, and why is in the log
            _log.exception("not written down", connection=str(leased.connection.id))
        return failure

    async def _asked(self, leased: Leased, departure: Departure) -> Renewed:
        connection = leased.connection
        provider = self.register.provider(connection.provider)
        # Everything that can fail without harm is done before the call: from then on the old token may be dead.
        refresh = await self.vault.open(leased.grant.refresh_sealed, refresh_seat(connection, leased.grant.id))
        sealer = await self.vault.prepare(connection.tenant_id)
        async with self.guarding.turn(provider):
            self.journal.check()
            departure.look()
            call = asyncio.create_task(self._journalled(leased, provider, refresh, sealer, departure.last_look))
            await asyncio.wait({call}, timeout=self.patience.total_seconds())
        if not call.done():
            # Its answer may be the only token there is, so it is listened for as long as nobody else may ask.
            self._listen_on(leased, call)
            raise OutcomeUnknown
        return self._read(leased, provider, refresh, sealer, call.result())

    def _look(self, leased: Leased, since: float) -> None:
        """Raises Unavailable when nobody may ask, this process ends, or it was stopped and may have lost the lease."""
        failpoint("renewal.before_call")
        self.guarding.check(leased.connection.provider)
        # One clock stands still while the machine does, and the other is set by hand: neither is believed alone.
        late = time.monotonic() - since > BEGIN_WITHIN.total_seconds() or not leased.may_begin(self.clock.now())
        if self.draining or late:
            raise Unavailable

    async def _journalled(
        self, leased: Leased, provider: Provider, refresh: Secret, sealer: Sealer, last_look: Callable[[], None]
    ) -> tuple[TokenReply, TokenAnswer]:
        """The provider's reply, on disk if it may hold a token."""
        asked_at = time.monotonic()
        reply = await provider.consent.ask_renewal(refresh, last_look=last_look)
        answered_at = time.monotonic()
        self.watch.call_answered(provider.key, answered_at - asked_at)
        failpoint("renewal.answer_in_memory")
        connection = leased.connection
        text = Secret(reply.body.decode("latin-1"))
        answer = TokenAnswer(
            id=leased.renewal_id,
            tenant_id=connection.tenant_id,
            connection_id=connection.id,
            provider=connection.provider,
            parent_id=leased.grant.id,
            answered_at=self.clock.now(),
            sealed=sealer.seal(text, answer_seat(connection, leased.renewal_id)) if reply.may_hold_token else b"",
        )
        if reply.may_hold_token:
            try:
                await self.journal.append(answer)
                self.watch.answer_on_disk(time.monotonic() - answered_at)
            except Exception:  # noqa: BLE001 - the disk failed after all: the database may still take it
                _log.exception("not in the token journal", renewal=str(answer.id))
            failpoint("renewal.answer_on_disk")
        return reply, answer

    def _read(
        self,
        leased: Leased,
        provider: Provider,
        refresh: Secret,
        sealer: Sealer,
        told: tuple[TokenReply, TokenAnswer],
    ) -> Renewed:
        reply, answer = told
        try:
            grant = provider.consent.read_renewal(reply, now=answer.answered_at)
        except ConnectorError:
            if reply.may_hold_token:
                self.journal.settle(answer.id)  # it was read, and nothing was in it
            raise
        sealed = next_grant(leased.connection, grant, grant.refresh or refresh, answer, leased.grant, sealer)
        due_at = next_keep_alive(leased.connection.id, answer.answered_at)
        return Renewed(leased=leased, grant=sealed, access=grant.access, due_at=due_at, answer=answer)

    async def _committed(self, renewed: Sequence[Renewed]) -> Mapping[ConnectionId, Renewed | ConnectorError]:
        """Writes grants down together; whichever lost its lease meanwhile is added all the same."""
        if not renewed:
            return {}
        owner = renewed[0].leased.owner
        ended: dict[ConnectionId, Renewed | ConnectorError] = {}
        try:
            failpoint("renewal.before_commit")
            async with self.store.within(Scope.of_lease(owner)) as work:
                in_use = set(await work.renewals.commit(owner, renewed))
                failpoint("renewal.written")
            failpoint("renewal.committed")
            for each in renewed:
                ended[each.leased.connection.id] = await self._in_place(each, in_use=each.grant.id in in_use)
            failpoint("renewal.settled")
            for provider in {each.leased.connection.provider for each in renewed}:
                await self.guarding.answered(provider)
        except Exception as raised:  # noqa: BLE001 - kept in the journal until a sweep brings it in
            self.guarding.store_failed()
            _log.exception("kept in the token journal", renewals=len(renewed))
            failure = raised if isinstance(raised, ConnectorError) else Unavailable()
            for each in renewed:
                ended.setdefault(each.leased.connection.id, failure)
        return ended

    async def _in_place(self, renewed: Renewed, *, in_use: bool) -> Renewed | ConnectorError:
        """A renewal that was committed; one that lost its lease before is added by itself, or left in the journal."""
        connection = renewed.leased.connection
        try:
            if in_use:
                self.watch.renewal_ended(connection.provider, Outcome.RENEWED)
            else:
                await self._adopt(connection, renewed.grant, renewed.answer)
            self.journal.settle(renewed.grant.id)
        except Exception as raised:  # noqa: BLE001 - it is on disk, a sweep brings it in, and the others are in use
            self.guarding.store_failed()
            _log.exception("kept in the token journal", renewals=1)
            return raised if isinstance(raised, ConnectorError) else Unavailable()
        return renewed

    async def _adopt(self, connection: Connection, grant: SealedGrant, answer: TokenAnswer) -> None:
        due_at = next_keep_alive(connection.id, answer.answered_at)
        async with self.store.within(Scope.of_tenant(connection.tenant_id)) as work:
            now = self.clock.now()
            active = connection.active(now, consent_ends_at=grant.refresh_ends_at, due_at=due_at)
            in_use = await work.renewals.adopt(answer, grant, active)
        if in_use:
            self.watch.renewal_ended(connection.provider, Outcome.ADOPTED)
        _log.info("adopted", connection=str(connection.id), renewal=str(answer.id), in_use=in_use)

    async def _refresh_of(self, connection: Connection, grant: Grant, parent: SealedGrant) -> Secret:
        if grant.refresh is not None:
            return grant.refresh
        return await self.vault.open(parent.refresh_sealed, refresh_seat(connection, parent.id))

    def _listen_on(self, leased: Leased, call: "asyncio.Task[tuple[TokenReply, TokenAnswer]]") -> None:
        task = asyncio.create_task(self._heard_late(leased, call))
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _heard_late(self, leased: Leased, call: "asyncio.Task[tuple[TokenReply, TokenAnswer]]") -> None:
        await asyncio.wait({call}, timeout=(_LISTEN - self.patience).total_seconds())
        await asyncio.wait({call}, timeout=_LAST_LOOK)
        if not call.done():
            call.cancel()
            return
        try:
            _, answer = call.result()
            if answer.sealed and await self.settle(answer):
                _log.warning("a late answer was kept", connection=str(leased.connection.id), renewal=str(answer.id))
                self.journal.settle(answer.id)
        except ConnectorError as failure:
            _log.warning("no late answer", connection=str(leased.connection.id), failure=str(failure))
        except Exception:  # noqa: BLE001 - an answer that is on disk is brought in by a sweep
            _log.exception("no late answer", connection=str(leased.connection.id))
