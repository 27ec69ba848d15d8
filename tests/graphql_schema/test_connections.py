"""A partner sees how a connection stands, and what to tell whom about it."""

from datetime import timedelta

from connector.domain.access import Scope
from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Cause
from tests.world import INFOMART, World, graph_id

ASK = """
query ($t: ID!) { tenant(id: $t) { connections {
    standing cause nextRenewalAt explanation { whoActs since nextLookAt what whatJa action actionJa otherwiseJa }
} } }
"""


async def asked(world: World, tenant: object) -> dict[str, object]:
    [told] = (await world.ask(ASK, t=graph_id(tenant)))["data"]["tenant"]["connections"]  # type: ignore[arg-type]
    answer: dict[str, object] = told
    return answer


async def test_a_connection_explains_itself_and_says_when_it_is_renewed_next(world: World) -> None:
    tenant = await world.connected("湊", invoices=0)
    told = await asked(world, tenant)
    assert (told["standing"], told["cause"]) == ("ACTIVE", None)
    assert told["nextRenewalAt"] is not None
    explanation = told["explanation"]
    assert isinstance(explanation, dict)
    assert (explanation["whoActs"], explanation["what"]) == ("NOBODY", "It works.")
    assert explanation["whatJa"] == "正常に連携しています。"


async def test_a_connection_that_ended_says_who_must_act_and_how(world: World) -> None:
    tenant = await world.connected("湊", invoices=0)
    async with world.flows.upkeep.store.within(Scope.of_tenant(tenant.id)) as work:
        [connection] = (await work.connections.of_tenants([tenant.id]))[tenant.id]
        await work.connections.put(connection.lapsed(Cause.PERSON_INACTIVE, world.clock.now()))
    told = await asked(world, tenant)
    assert (told["standing"], told["cause"], told["nextRenewalAt"]) == ("LAPSED", "PERSON_INACTIVE", None)
    explanation = told["explanation"]
    assert isinstance(explanation, dict)
    assert explanation["whoActs"] == "TENANT"
    assert "招待リンク" in explanation["actionJa"]


async def test_a_provider_in_maintenance_explains_every_connection_it_holds_up(world: World) -> None:
    tenant = await world.connected("湊", invoices=0)
    now = world.clock.now()
    async with world.flows.upkeep.store.within(Scope(partner_id=None, tenant_id=None)) as work:
        await work.breakers.open(Breaker(INFOMART, Trouble.MAINTENANCE, now, now + timedelta(minutes=10)))
    told = await asked(world, tenant)
    assert told["standing"] == "ACTIVE"
    explanation = told["explanation"]
    assert isinstance(explanation, dict)
    assert (explanation["whoActs"], explanation["whatJa"]) == ("PROVIDER", "連携先がメンテナンス中です。")
