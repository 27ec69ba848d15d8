"""A tenant is shredded: nobody opens its tokens any more, nothing of it is tried again, and a certificate says so."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.certificate import Certificate
from connector.domain.connection import Cause, Standing, answer_seat
from connector.domain.fetch import Reading
from connector.domain.renewal import TokenAnswer
from connector.errors import CannotOpen, ConnectorError, ConsentEnded, InvalidInput, LinkFault, LinkUnusable, NotFound
from connector.ids import GrantId, TenantId
from connector.secret import Secret
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.flows.bench import connection_of, joined, later, rows, value
from tests.connector.flows.renewals import current, of_connection, swept, token, token_calls
from tests.connector.flows.shared import anew
from tests.connector.flows.shreds import ORDER, another, counted, everything, openable, shred
from tests.world import INFOMART, World

FOUR_MINUTES = timedelta(minutes=4)


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=3)


async def struck(world: World) -> None:
    """The provider has been asked, and is slow."""
    for _ in range(500):
        if world.twin.ledger("fault_struck"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the provider was never asked")


async def test_what_a_shredding_would_make_unreadable_is_counted_and_nothing_is_changed(
    world: World, tenant: Tenant
) -> None:
    await world.read_all(tenant)
    before = await everything(world)
    found = await world.flows.shredding.prospect(tenant.id)

    assert found.tenant.name == tenant.name
    assert len(found.reach.keys) == 1
    assert found.reach.sealed == {
        "grants.access_sealed": 1,
        "grants.refresh_sealed": 1,
        "consent_attempts.verifier_sealed": 1,
    }
    assert (found.reach.invoices, found.copies.journal, found.copies.escrow) == (3, 0, None)
    assert await everything(world) == before


async def test_no_process_opens_anything_of_a_shredded_tenant_and_the_certificate_names_what_it_cannot(
    world: World, tenant: Tenant
) -> None:
    later(world, FOUR_MINUTES)
    await token(world, tenant)
    connection = await connection_of(world, tenant)
    [key] = await rows(world, "select * from data_keys where tenant_id = :t", t=tenant.id)
    async with another(world) as cold:
        assert await openable(world, cold, connection) == (4, 4)

    certificate = await shred(world, tenant)

    async with another(world) as cold:
        assert await openable(world, cold, connection) == (0, 4)
    facts = certificate.facts
    assert facts["tenant"] == {"id": str(tenant.id), "name": tenant.name}
    assert (facts["reason"], facts["by"]) == ("契約終了", "operator")
    assert [(each["id"], each["kekId"]) for each in facts["keys"]] == [(str(key["id"]), key["kek_id"])]
    assert facts["unreadable"] == {
        "grants.access_sealed": 2,
        "grants.refresh_sealed": 2,
        "consent_attempts.verifier_sealed": 1,
        "token journal": 0,
        "escrow": None,
    }
    assert facts["wrappedKeysElsewhere"]["kekIds"] == [key["kek_id"]]
    assert facts["invoices"] == {"found": 0, "deleted": False}
    assert facts["secondsUntilNoProcessOpens"] == 5
    assert len(facts["statements"]) == 7
    assert all(set(each) == {"ja", "en"} for each in facts["statements"])
    assert await world.flows.shredding.certificate(tenant.id) == (certificate, True)


async def test_a_shredded_tenant_is_never_renewed_fetched_or_called_a_fault_again(world: World, tenant: Tenant) -> None:
    connection = await connection_of(world, tenant)
    await shred(world, tenant)
    later(world, timedelta(days=40))
    await swept(world)
    await world.flows.fetching.sweep()

    now = await connection_of(world, tenant)
    assert (now.standing, now.cause, now.due_at) == (Standing.DISCONNECTED, Cause.SHREDDED, None)
    assert await of_connection(world, tenant, "attempt") == 0
    [fetch] = await rows(world, "select * from fetches where tenant_id = :t", t=tenant.id)
    assert (fetch["reading"], fetch["problem"]) == (Reading.FAILED, "NOT_CONNECTED")
    assert await counted(world, "renewal_outcomes", tenant) == 0
    with pytest.raises(ConsentEnded):
        await world.flows.upkeep.access_token(tenant.id, connection.id)


async def test_no_key_is_ever_made_for_a_shredded_tenant_and_nobody_can_invite_it(world: World, tenant: Tenant) -> None:
    link = await world.link(tenant)
    await shred(world, tenant)
    async with another(world) as cold:  # a process that has never heard of the tenant's key
        with pytest.raises(CannotOpen):
            await cold.flows.shredding.vault.prepare(tenant.id)
    assert await counted(world, "data_keys", tenant) == 0
    with pytest.raises(InvalidInput):
        await world.link(tenant)
    with pytest.raises(LinkUnusable) as refusal:
        await world.flows.onboarding.invitation(Secret(link.rpartition("/")[2]))
    assert refusal.value.fault is LinkFault.WITHDRAWN


async def test_a_renewal_under_way_ends_and_gives_the_tenant_no_life(world: World, tenant: Tenant) -> None:
    later(world, FOUR_MINUTES)
    world.twin.world.faults.add(Fault("token", Kind.DELAY, seconds=0.6))
    asking = asyncio.create_task(token(world, tenant))
    await struck(world)
    await shred(world, tenant)
    with suppress(ConnectorError):
        await asking

    assert token_calls(world) == 2  # one call, and its delay
    assert (await connection_of(world, tenant)).standing is Standing.DISCONNECTED
    assert await of_connection(world, tenant, "grant_id") is None
    assert await of_connection(world, tenant, "renewal_id") is None
    assert await counted(world, "data_keys", tenant) == 0
    assert await world.flows.keeping.journal.unsettled(older_than=0) == []
    async with another(world) as cold:
        assert (await openable(world, cold, await connection_of(world, tenant)))[0] == 0


async def test_an_answer_left_in_a_journal_is_dropped_and_not_tried_for_ever(world: World, tenant: Tenant) -> None:
    connection = await connection_of(world, tenant)
    own, sealer = GrantId(uuid4()), await world.flows.upkeep.vault.prepare(tenant.id)
    grant = await current(world, connection)
    sealed = sealer.seal(Secret("{}"), answer_seat(connection, own))
    answer = TokenAnswer(own, tenant.id, connection.id, INFOMART, grant.id, world.clock.now(), sealed)
    await world.flows.keeping.journal.append(answer)
    certificate = await shred(world, tenant)
    assert certificate.facts["unreadable"]["token journal"] == 1

    assert await world.flows.keeping.bring_in(older_than=0) == 0
    assert await world.flows.keeping.journal.unsettled(older_than=0) == []


async def test_a_page_under_way_writes_no_invoice_after_they_were_deleted(world: World, tenant: Tenant) -> None:
    await world.read_all(tenant)
    later(world, timedelta(hours=7))
    await world.flows.fetching.sweep()
    await token(world, tenant)
    world.twin.world.faults.add(Fault("invoices", Kind.DELAY, seconds=0.6))
    reading = asyncio.create_task(world.read_all(tenant))
    await struck(world)
    certificate = await shred(world, tenant, replace(ORDER, without_invoices=True))
    await reading

    assert certificate.facts["invoices"] == {"found": 3, "deleted": True}
    assert await counted(world, "received_invoices", tenant) == 0
    assert (
        await value(world, "select count(*) from fetches where tenant_id = :t and lease_until is not null", t=tenant.id)
        == 0
    )


async def test_invoices_are_kept_unless_somebody_says_otherwise_and_stay_readable(world: World, tenant: Tenant) -> None:
    await world.read_all(tenant)
    certificate = await shred(world, tenant)
    assert certificate.facts["invoices"] == {"found": 3, "deleted": False}
    assert await counted(world, "received_invoices", tenant) == 3
    async with world.flows.upkeep.store.within(Scope.of_partner(world.partner.id).narrowed(tenant.id)) as work:
        assert (await work.directory.tenant(tenant.id)) == tenant


async def test_shredding_again_gives_the_same_certificate_and_cannot_be_made_to_mean_more(
    world: World, tenant: Tenant
) -> None:
    first = await shred(world, tenant)
    assert await shred(world, tenant, replace(ORDER, reason="別の理由", by="someone else")) == first
    with pytest.raises(InvalidInput) as refusal:
        await shred(world, tenant, replace(ORDER, without_invoices=True))
    assert refusal.value.path == ["with-invoices"]
    assert await counted(world, "certificates", tenant) == 1


async def test_ten_operators_at_once_destroy_once(world: World, tenant: Tenant) -> None:
    certificates = await asyncio.gather(*[shred(world, tenant) for _ in range(10)])
    assert len({each.document for each in certificates}) == 1


async def test_another_name_or_an_unknown_tenant_destroys_nothing(world: World, tenant: Tenant) -> None:
    before = await everything(world)
    with pytest.raises(InvalidInput):
        await world.flows.shredding.shred(tenant.id, ORDER, confirm=tenant.name + " ")
    with pytest.raises(NotFound):
        await world.flows.shredding.shred(TenantId(uuid4()), ORDER, confirm="")
    with pytest.raises(NotFound):
        await world.flows.shredding.certificate(tenant.id)
    assert await everything(world) == before


async def test_a_certificate_that_cannot_be_kept_leaves_every_key_where_it_is(
    world: World, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything(world)
    monkeypatch.setattr("connector.flows.shredding.written", lambda *_: "not a document")
    with pytest.raises(json.JSONDecodeError):
        await shred(world, tenant)
    assert await everything(world) == before


async def test_a_certificate_of_which_a_letter_was_changed_is_not_verified(world: World, tenant: Tenant) -> None:
    certificate = await shred(world, tenant)
    forged = certificate.document.replace("契約終了", "契約継続")
    await rows(world, "update certificates set document = cast(:d as json) where tenant_id = :t", d=forged, t=tenant.id)
    told, verified = await world.flows.shredding.certificate(tenant.id)
    assert (told.facts["reason"], verified) == ("契約継続", False)

    other = await joined(world, f"tenant-{uuid4()}", invoices=0)
    await shred(world, other)
    await rows(
        world,
        "update certificates set document = cast(:d as json), digest = :s where tenant_id = :t",
        d=certificate.document,
        s=certificate.digest,
        t=other.id,
    )
    assert (await world.flows.shredding.certificate(other.id))[1] is False  # true, but another tenant's


def test_a_certificate_is_what_its_document_says() -> None:
    own = uuid4()
    told = {"tenant": {"id": str(own)}, "shreddedAt": "2026-11-25T03:00:00+00:00", "invoices": {"deleted": True}}
    certificate = Certificate(json.dumps(told), b"")
    assert (certificate.tenant_id, certificate.without_invoices) == (own, True)
    assert certificate.shredded_at.isoformat() == "2026-11-25T03:00:00+00:00"
