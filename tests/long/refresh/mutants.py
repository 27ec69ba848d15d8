"""Planted mistakes, each of which one of the proofs must notice; a proof that no mistake can fail proves nothing."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from connector.domain.connection import answer_seat
from connector.domain.custody import Laggard
from connector.domain.renewal import Leased, TokenAnswer, TokenReply
from connector.domain.sealing import Seat
from connector.failpoints import failpoint
from connector.flows import renewing
from connector.flows.escrowing import Escrowing
from connector.flows.guarding import Guarding
from connector.flows.renewing import Renewing
from connector.ids import ConnectionId, GrantId, ProviderKey
from connector.ports import Provider, Sealer
from connector.providers.transport import Transport
from connector.secret import Secret
from connector.store.custody import PostgresCustody
from connector.store.renewals import RenewalRows, taken
from connector.store.tables import connections, key_encryption_keys
from connector.vault.journal import TokenJournal
from connector.vault.keyring import Keyring


async def _kept_by_nobody(_: TokenJournal, answer: TokenAnswer) -> None:
    """The answer is read first and kept by nobody until the database has it."""
    await asyncio.sleep(0)
    del answer


async def _given_to_all(
    self: RenewalRows, connection: ConnectionId, before: GrantId, owner: UUID, now: datetime
) -> bool:
    """A lock that everybody gets, like one in a Redis that has just been emptied."""
    del before
    statement = sa.update(connections).where(connections.c.id == connection).values(taken(owner, now))
    await self._connection.execute(statement)
    return True


def _nobody_listens(_: Renewing, leased: Leased, call: "asyncio.Task[Any]") -> None:
    """A call that takes too long is given up, and whatever it says afterwards with it."""
    del leased
    call.cancel()


def _not_looked(_: Renewing, leased: Leased, since: float) -> None:
    """Whoever goes on after a long stop believes that its lease still holds."""
    del leased, since
    failpoint("renewal.before_call")


def _never_shut(_: Guarding, provider: ProviderKey) -> None:
    """Nobody looks whether the breaker has been opened meanwhile."""
    del provider


def _once_in_26_days(connection: ConnectionId, obtained_at: datetime) -> datetime:
    """Keep-alives so rare that three weeks of standstill cost consents."""
    del connection
    return obtained_at + timedelta(days=26)


_carefully = Transport.post_token


async def _said_aloud(self: Transport, url: str, *, form: str, last_look: Callable[[], None]) -> TokenReply:
    """The answer goes into the log, to help whoever looks for a fault."""
    reply = await _carefully(self, url, form=form, last_look=last_look)
    structlog.get_logger("connector.transport").error("answered", body=reply.body.decode("latin-1"))
    return reply


async def _key_asked_for_late(
    self: Renewing, leased: Leased, provider: Provider, refresh: Secret, _: Sealer, last_look: Callable[[], None]
) -> tuple[TokenReply, TokenAnswer]:
    """The tenant's key is asked for when there is something to seal, by a keyring that has nothing in memory."""
    reply = await provider.consent.ask_renewal(refresh, last_look=last_look)
    connection, renewal = leased.connection, leased.renewal_id
    own: Any = self.vault
    sealer = await Keyring(own._service, own._shelf, b"").prepare(connection.tenant_id)  # noqa: SLF001 - a mistake
    sealed = sealer.seal(Secret(reply.body.decode("latin-1")), answer_seat(connection, renewal))
    answer = TokenAnswer(
        id=renewal,
        tenant_id=connection.tenant_id,
        connection_id=connection.id,
        provider=connection.provider,
        parent_id=leased.grant.id,
        answered_at=self.clock.now(),
        sealed=sealed,
    )
    await self.journal.append(answer)
    return reply, answer


def _of_nobody(_: Seat) -> bytes:
    """The same words for every seat: whatever the key opens, it opens anywhere."""
    return b"connector"


async def _promoted_at_once(self: PostgresCustody, kek_id: str) -> Sequence[Laggard]:
    """The new key wraps as soon as somebody wants it to, whoever may be able to open it."""
    async with self._app.begin() as connection:
        promoted = sa.update(key_encryption_keys).where(key_encryption_keys.c.id == kek_id)
        await connection.execute(promoted.values(promoted_at=sa.func.clock_timestamp()))
    return []


async def _no_keys(*_: object) -> None:
    """The escrow is given answers, and nothing that opens them."""
    await asyncio.sleep(0)


# Name -> (where, what, the mistake).
MISTAKES: Mapping[str, tuple[Any, str, Callable[..., Any]]] = {
    "parsed before it is journalled": (TokenJournal, "append", _kept_by_nobody),
    "a lock that is not in the row": (RenewalRows, "lease", _given_to_all),
    "late answers are thrown away": (Renewing, "_listen_on", _nobody_listens),
    "a lease that is not looked at again": (Renewing, "_look", _not_looked),
    "the key is asked for when the answer is there": (Renewing, "_journalled", _key_asked_for_late),
    "no breaker": (Guarding, "check", _never_shut),
    "nothing binds a ciphertext to its place": (Seat, "context", _of_nobody),
    "promoted without waiting": (PostgresCustody, "promote", _promoted_at_once),
    "the escrow keeps no keys": (Escrowing, "_keep_keys", _no_keys),
    "answers in the log": (Transport, "post_token", _said_aloud),
    "keep-alive once in 26 days": (renewing, "next_keep_alive", _once_in_26_days),
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The mistake, for as long as the block lasts; None: none."""
    if name is None:
        yield
        return
    where, what, mistake = MISTAKES[name]
    right = getattr(where, what)
    setattr(where, what, mistake)
    try:
        yield
    finally:
        setattr(where, what, right)
