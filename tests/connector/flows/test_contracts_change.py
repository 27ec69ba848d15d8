"""Contracts and consents change while we work: what was known must not outlive them."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from connector.domain.access import Scope
from connector.domain.connection import Grant, Standing
from connector.domain.entitlement import Capability, Flag
from connector.domain.renewal import TokenReply
from connector.errors import NotConnected, NotEntitled
from connector.ids import ProviderKey
from connector.ports import GivesConsent, Provider, Register
from connector.secret import Secret
from tests.world import GRANTED, INFOMART, World, graph_id

INVOICES = "query ($t: ID!) { tenant(id: $t) { receivedInvoices { totalCount } } }"
READ_NOW = """
mutation ($t: ID!) { requestFetch(input: {tenantId: $t}) { fetches { id } userErrors { code retryable } } }
"""


class ConsentsAgainMeanwhile:
    """A provider whose refusal of the old line arrives after the person has consented anew."""

    def __init__(self, real: GivesConsent, world: World, pfid: str, link: str) -> None:
        self._real, self._world, self._pfid, self._link = real, world, pfid, link

    def authorise_url(self, *, state: Secret, verifier: Secret, redirect_uri: str) -> str:
        return self._real.authorise_url(state=state, verifier=verifier, redirect_uri=redirect_uri)

    async def redeem(self, *, code: Secret, verifier: Secret, redirect_uri: str, now: datetime) -> Grant:
        return await self._real.redeem(code=code, verifier=verifier, redirect_uri=redirect_uri, now=now)

    async def ask_renewal(self, refresh: Secret, *, last_look: object) -> TokenReply:  # noqa: ARG002 - as the port says
        await self._world.walk(self._link, self._pfid)
        return TokenReply(400, b'{"error": "invalid_grant"}', whole=True, retry_after=None)

    def read_renewal(self, reply: TokenReply, *, now: datetime) -> Grant:
        return self._real.read_renewal(reply, now=now)


@dataclasses.dataclass(frozen=True)
class Doctored:
    """The register with one provider's consent replaced."""

    real: Register
    consent: GivesConsent

    def provider(self, key: ProviderKey) -> Provider:
        return dataclasses.replace(self.real.provider(key), consent=self.consent)

    def offering(self, capability: Capability) -> Sequence[Provider]:
        return self.real.offering(capability)

    def everyone(self) -> Sequence[Provider]:
        return self.real.everyone()


async def test_a_late_refusal_of_the_old_line_leaves_a_new_consent_alone(world: World) -> None:
    tenant = await world.connected("湊", invoices=1)
    [connection] = (await world.flows.reading.connections(Scope.of_tenant(tenant.id), [tenant.id]))[tenant.id]
    real = world.flows.upkeep
    consent = ConsentsAgainMeanwhile(
        real.register.provider(INFOMART).consent, world, "湊@example.co.jp", await world.link(tenant)
    )
    renewing = dataclasses.replace(real.renewing, register=Doctored(real.register, consent))
    upkeep = dataclasses.replace(real, renewing=renewing)
    world.clock.ahead += timedelta(minutes=5)
    world.twin.world.clock.advance(timedelta(minutes=5))

    token = await upkeep.access_token(tenant.id, connection.id)

    [after] = (await world.flows.reading.connections(Scope.of_tenant(tenant.id), [tenant.id]))[tenant.id]
    assert after.standing is Standing.ACTIVE
    assert token.text == (await real.access_token(tenant.id, connection.id)).text


async def test_what_the_operator_declares_later_counts_at_once(world: World) -> None:
    world.twin.add_member("湊@example.co.jp", invoices=2)
    tenant = await world.enrol("湊", declared={**GRANTED, Flag.API_OPTION: False})
    await world.join(tenant, "湊@example.co.jp")
    [refused] = (await world.ask(INVOICES, None, t=graph_id(tenant)))["errors"]

    await world.flows.enrolling.declare(tenant.id, provider=INFOMART, declared={Flag.API_OPTION: True})
    await world.read_all(tenant)

    answer = await world.ask(INVOICES, None, t=graph_id(tenant))
    assert refused["extensions"]["code"] == "NOT_ENTITLED"
    assert answer["data"]["tenant"]["receivedInvoices"]["totalCount"] == 2


async def test_a_reading_that_cannot_be_is_refused_by_name(world: World) -> None:
    unconnected = await world.enrol("未接続")
    world.twin.add_member("無@example.co.jp", invoices=1)
    without = await world.enrol("無", declared={**GRANTED, Flag.API_OPTION: False})
    await world.join(without, "無@example.co.jp")
    scope = Scope.of_partner(world.partner.id)

    with pytest.raises(NotConnected):
        await world.flows.fetching.request(scope, unconnected.id)
    with pytest.raises(NotEntitled):
        await world.flows.fetching.request(scope, without.id)

    told = [await world.ask(READ_NOW, None, t=graph_id(each)) for each in (unconnected, without)]
    assert [each["data"]["requestFetch"]["userErrors"][0]["code"] for each in told] == ["NOT_CONNECTED", "NOT_ENTITLED"]


async def test_a_scope_that_reaches_nothing_stays_so_however_often_it_is_narrowed(world: World) -> None:
    ours, theirs = await world.enrol("甲"), await world.enrol("乙")
    nothing = Scope(world.partner.id, ours.id).narrowed(theirs.id)
    assert nothing.narrowed(theirs.id) == nothing == Scope(None, None)


async def test_a_stage_named_ten_thousand_times_is_one_condition(world: World) -> None:
    tenant = await world.connected("湊", invoices=3)
    document = """
    query ($t: ID!, $s: [ReceivedInvoiceStage!]) {
      tenant(id: $t) { receivedInvoices(filter: {stages: $s}) { totalCount } }
    }
    """
    answer = await world.ask(document, None, t=graph_id(tenant), s=["APPROVED"] * 40_000)
    assert "errors" not in answer
