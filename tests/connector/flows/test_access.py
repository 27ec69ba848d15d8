"""A key is shown once, recognised by a digest, and dead within seconds of its end."""

import binascii
import re
import string
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from connector.domain.access import Partner, Permission, Scope
from connector.errors import KeyRefused, NotFound
from connector.flows.access import REMEMBERED_FOR, Access
from connector.ids import KeyId, PartnerId, TenantId
from connector.secret import Secret
from tests.conftest import Cluster
from tests.graphql_schema.graph import Graph, graph_in, statements
from tests.store.databases import engine_as

EVERYTHING = list(Permission)


@pytest.fixture(scope="module")
async def graph(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[Graph]:
    async with graph_in(shared_database_url, cluster.redis_url, kek) as running:
        yield running


class Stopwatch:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def access(graph: Graph, watch: Stopwatch) -> Access:
    """A process of its own, as it were: it remembers nothing yet."""
    whole = graph.installation.flows.access
    return Access(whole.store, whole.vault, graph.clock, elapsed=watch)


@pytest.fixture
async def partner(graph: Graph) -> Partner:
    return await graph.installation.flows.enrolling.add_partner("株式会社サンプルソフト")


def base62(number: int) -> str:
    """Six digits, written here a second time so that a slip in the product's own is noticed."""
    alphabet = string.digits + string.ascii_letters
    return "".join(alphabet[number // 62**place % 62] for place in range(5, -1, -1))


async def test_a_key_has_a_public_name_a_secret_of_190_bits_and_a_sum_that_catches_a_slip(
    access: Access, partner: Partner
) -> None:
    for _ in range(20):
        key, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
        shape = re.fullmatch(r"cx_live_([a-hjkmnp-z2-9]{10})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})", text.reveal())
        assert shape is not None
        assert shape[1] == key.id
        assert shape[3] == base62(binascii.crc32(f"{shape[1]}_{shape[2]}".encode()))


async def test_keys_are_never_alike(access: Access, partner: Partner) -> None:
    keys = [await access.issue(partner.id, name="会計", permissions=EVERYTHING) for _ in range(50)]

    assert len({key.id for key, _ in keys}) == len({text.reveal() for _, text in keys}) == 50


async def test_a_slip_anywhere_in_a_key_is_noticed_without_asking_the_database(
    access: Access, partner: Partner
) -> None:
    _, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    good = text.reveal()
    with statements() as sent:
        for place in range(len(good)):
            slip = good[:place] + ("x" if good[place] != "x" else "y") + good[place + 1 :]
            with pytest.raises(KeyRefused):
                await access.viewer(Secret(slip))

    assert sent == []


async def test_whoever_knows_a_keys_public_name_and_how_sums_are_made_cannot_make_the_key(
    access: Access, partner: Partner
) -> None:
    key, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    almost = text.reveal()[19:50] + ("1" if text.reveal()[50] == "0" else "0")
    for secret in ("0" * 32, almost):
        forged = f"cx_live_{key.id}_{secret}{base62(binascii.crc32(f'{key.id}_{secret}'.encode()))}"
        assert forged != text.reveal()
        with statements() as sent, pytest.raises(KeyRefused):
            await access.viewer(Secret(forged))
        assert sent != [], "well formed, so it was compared with what the database holds"


async def test_the_database_holds_a_digest_and_nothing_a_thief_could_use(
    graph: Graph, access: Access, partner: Partner
) -> None:
    key, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    async with engine_as(graph.database_url) as engine, engine.connect() as connection:
        tables = (
            await connection.execute(sa.text("select tablename from pg_tables where schemaname = 'public'"))
        ).all()
        rows = [
            str(row)
            for (table,) in tables
            for row in (await connection.execute(sa.text(f"select t::text from {table} t"))).scalars()  # noqa: S608
        ]
    dump = "\n".join(rows)

    assert key.id in dump
    assert key.digest.hex() in dump
    secret = text.reveal().removeprefix(f"cx_live_{key.id}_")
    for part in (text.reveal(), secret, secret[:-6], secret[:16]):
        assert part not in dump
        assert part.encode().hex() not in dump
    assert access.vault.digest("another purpose", text) != key.digest


async def test_a_good_key_says_whose_it_is_and_what_it_may_do(access: Access, graph: Graph, partner: Partner) -> None:
    tenant = await graph.joined(partner, "甲")
    ends = graph.clock.now() + timedelta(days=1)
    key, text = await access.issue(
        partner.id, name="会計", permissions=[Permission.READ], tenant=tenant.id, expires_at=ends
    )

    viewer = await access.viewer(text)

    assert (viewer.key_id, viewer.key_name, viewer.partner_id, viewer.partner_name) == (
        key.id,
        "会計",
        partner.id,
        partner.name,
    )
    assert (viewer.scope, viewer.permissions, viewer.key_expires_at) == (
        Scope(partner.id, tenant.id),
        frozenset({Permission.READ}),
        ends,
    )


@pytest.mark.parametrize(
    "presented", [None, Secret(" "), Secret("cx_live_"), Secret("cx_test_abcdefghjk_" + "x" * 38), Secret("鍵" * 57)]
)
async def test_what_is_no_key_is_refused(access: Access, presented: Secret | None) -> None:
    with pytest.raises(KeyRefused):
        await access.viewer(presented)


async def test_a_revoked_key_opens_nothing_five_seconds_later_wherever_it_was_used_before(
    access: Access, graph: Graph, partner: Partner, watch: Stopwatch
) -> None:
    """It is revoked in another process, which cannot reach into this one's memory."""
    key, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    await access.viewer(text)
    await graph.installation.flows.access.revoke(partner.id, key.id)

    watch.seconds += REMEMBERED_FOR - 0.001
    assert (await access.viewer(text)).key_id == key.id, "remembered, so that a busy key costs the database nothing"
    watch.seconds += 0.001
    with pytest.raises(KeyRefused):
        await access.viewer(text)

    assert REMEMBERED_FOR <= 5


async def test_a_process_that_never_saw_a_revoked_key_refuses_it_at_once(
    access: Access, graph: Graph, partner: Partner
) -> None:
    key, text = await graph.installation.flows.access.issue(partner.id, name="会計", permissions=EVERYTHING)
    await graph.installation.flows.access.revoke(partner.id, key.id)

    with pytest.raises(KeyRefused):
        await access.viewer(text)


async def test_a_remembered_key_is_not_looked_up_again_and_a_refused_one_is_not_remembered(
    access: Access, partner: Partner, watch: Stopwatch
) -> None:
    _, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    counts = []
    for passed in (0, 1, 1, REMEMBERED_FOR):
        watch.seconds += passed
        with statements() as sent:
            await access.viewer(text)
        counts.append(len(sent) > 0)

    assert counts == [True, False, False, True]


async def test_a_key_ends_when_it_was_said_to(access: Access, graph: Graph, partner: Partner, watch: Stopwatch) -> None:
    ends = graph.clock.now() + timedelta(hours=1)
    _, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING, expires_at=ends)
    await access.viewer(text)

    watch.seconds += REMEMBERED_FOR
    graph.clock.ahead = timedelta(hours=2)
    try:
        with pytest.raises(KeyRefused):
            await access.viewer(text)
    finally:
        graph.clock.ahead = timedelta()


async def test_a_key_is_revoked_once_and_by_its_own_partner_only(
    access: Access, graph: Graph, partner: Partner
) -> None:
    stranger = await graph.installation.flows.enrolling.add_partner("他社")
    key, text = await access.issue(partner.id, name="会計", permissions=EVERYTHING)
    for whose, which in ((stranger.id, key.id), (partner.id, KeyId("nosuchkey2")), (PartnerId(uuid4()), key.id)):
        with pytest.raises(NotFound):
            await access.revoke(whose, which)
    assert (await access.viewer(text)).key_id == key.id

    await access.revoke(partner.id, key.id)
    with pytest.raises(NotFound):
        await access.revoke(partner.id, key.id)


async def test_a_key_is_made_only_for_a_partner_there_is_and_a_tenant_of_its_own(
    access: Access, graph: Graph, partner: Partner
) -> None:
    stranger = await graph.installation.flows.enrolling.add_partner("他社")
    foreign = await graph.joined(stranger, "乙")

    for owner, tenant in ((PartnerId(uuid4()), None), (partner.id, foreign.id), (partner.id, TenantId(uuid4()))):
        with pytest.raises(NotFound):
            await access.issue(owner, name="会計", permissions=EVERYTHING, tenant=tenant)
