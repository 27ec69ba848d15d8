"""A token that is turned down costs a read one more call, and a write its answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Connection
from connector.errors import AccessExpired, OutcomeUnknown, Unavailable
from connector.flows.asking import Asking
from connector.flows.pacing import Pacing
from connector.secret import Secret
from tests.world import INFOMART, World


@dataclass(slots=True)
class Call:
    """Fails so many times with one failure, and remembers the tokens it was made with."""

    failure: Exception
    times: int
    tokens: list[str] = field(default_factory=list)

    async def __call__(self, token: Secret) -> str:
        self.tokens.append(token.reveal())
        if len(self.tokens) <= self.times:
            raise self.failure
        return "told"


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything needed to ask for one tenant."""

    world: World
    connection: Connection
    asking: Asking

    def asks(self, how: str) -> Callable[[Call], Awaitable[str]]:
        provider = self.world.flows.fetching.register.provider(INFOMART)
        method: Any = getattr(self.asking, how)
        return lambda call: method(provider, self.connection.tenant_id, self.connection.id, call)

    def renewals(self) -> int:
        return len(self.world.twin.ledger("token_rotated"))


@pytest.fixture
async def desk(world: World) -> Desk:
    tenant: Tenant = await world.connected("hinode", invoices=0)
    async with world.flows.fetching.store.within(Scope.of_tenant(tenant.id)) as work:
        [connection] = (await work.connections.of_tenants([tenant.id]))[tenant.id]
    return Desk(world, connection, Asking(world.flows.upkeep, Pacing(world.clock)))


async def test_a_read_is_made_once_more_under_a_new_token(desk: Desk) -> None:
    call, before = Call(AccessExpired(INFOMART), 1), desk.renewals()
    assert await desk.asks("read")(call) == "told"
    assert len(set(call.tokens)) == 2
    assert desk.renewals() == before + 1


async def test_a_read_is_not_made_a_third_time(desk: Desk) -> None:
    call = Call(AccessExpired(INFOMART), 9)
    with pytest.raises(AccessExpired):
        await desk.asks("read")(call)
    assert len(call.tokens) == 2


async def test_a_write_is_never_made_again_and_the_next_one_has_a_new_token(desk: Desk) -> None:
    turned_down, next_one = Call(AccessExpired(INFOMART), 1), Call(AccessExpired(INFOMART), 0)
    with pytest.raises(AccessExpired):
        await desk.asks("write")(turned_down)
    assert len(turned_down.tokens) == 1
    assert await desk.asks("write")(next_one) == "told"
    assert next_one.tokens != turned_down.tokens


@pytest.mark.parametrize("how", ["read", "write"])
@pytest.mark.parametrize("failure", [OutcomeUnknown(), Unavailable()])
async def test_no_other_failure_is_asked_about_twice(desk: Desk, how: str, failure: Exception) -> None:
    call = Call(failure, 9)
    with pytest.raises(type(failure)):
        await desk.asks(how)(call)
    assert len(call.tokens) == 1
