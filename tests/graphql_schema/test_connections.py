"""A partner sees how a connection stands, and what to tell whom about it."""

from datetime import timedelta

from connector.domain.access import Scope
from connector.domain.breaker import Breaker, Trouble
from connector.domain.certificate import Order
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


async def test_a_shredded_tenant_stays_visible_with_what_was_kept_and_its_connection_says_why_it_ended(
    world: World,
) -> None:
    tenant = await world.connected("湊", invoices=3)
    order = Order(reason="契約終了", by="operator", without_invoices=False)
    await world.flows.shredding.shred(tenant.id, order, confirm=tenant.name)
    told = await asked(world, tenant)
    assert (told["standing"], told["cause"], told["nextRenewalAt"]) == ("DISCONNECTED", "SHREDDED", None)
    explanation = told["explanation"]
    assert isinstance(explanation, dict)
    assert (explanation["whoActs"], explanation["nextLookAt"]) == ("NOBODY", None)
    assert explanation["what"] == "It has ended and cannot be taken up again."

    kept = "query ($t: ID!) { tenant(id: $t) { name receivedInvoices(first: 10) { totalCount } } }"
    answer = await world.ask(kept, t=graph_id(tenant))
    assert answer == {"data": {"tenant": {"name": "湊", "receivedInvoices": {"totalCount": 3}}}}

    invite = (
        "mutation ($i: CreateOnboardingLinkInput!) { createOnboardingLink(input: $i) { userErrors { code path } } }"
    )
    refused = await world.ask(invite, i={"tenantId": graph_id(tenant), "provider": INFOMART})
    assert refused["data"]["createOnboardingLink"]["userErrors"][0]["code"] == "INVALID_INPUT"
