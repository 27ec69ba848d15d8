"""An inbox shows the invoices of every tenant in a key's scope whose contract covers them, and of nobody else."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from connector.domain.access import Permission, Scope
from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.domain.invoice import IssuedStage, Side
from tests.graphql_schema.graph import Graph, of_the_request, statements
from tests.graphql_schema.inboxes import FRESH, INBOX, a_tenant, collected, keys, on
from tests.store.companies import a_line, an_invoice
from tests.store.databases import engine_as
from tests.world import GRANTED, INFOMART, ON_BOTH_SIDES

WHOLE = """
query ($first: Int!) { viewer { receivedInvoices(first: $first) {
  totalCount completeness { tenants leftOut stale asOf } edges { tenantName node {
    id tenantId number stage total raw counterparty { name } taxSummary { bucket net }
    lines { name journals { summary } } history { stage gap { since until } }
} } } } }
"""
ISSUED = (
    "{ viewer { issuedInvoices { totalCount completeness { tenants leftOut } edges { tenantName node { stage } } } } }"
)


async def test_invoices_of_every_tenant_stand_in_one_list_newest_first_and_each_says_whose_it_is(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    companies = {
        name: await a_tenant(graph, partner, key, name, *[on(day, name) for day in days])
        for name, days in {"甲": (1, 4, 9), "乙": (2, 3), "丙": (), "丁": (10,)}.items()
    }

    page = await collected(graph, key)

    assert [(edge["tenantName"], edge["node"]["key"]) for edge in page["edges"]] == [
        ("丁", "丁-10"),
        ("甲", "甲-9"),
        ("甲", "甲-4"),
        ("乙", "乙-3"),
        ("乙", "乙-2"),
        ("甲", "甲-1"),
    ]
    assert page["totalCount"] == 6
    assert all(edge["node"]["tenantId"] == companies[edge["tenantName"]].graph_id for edge in page["edges"])


async def test_no_other_partners_tenant_and_none_that_has_not_accepted_or_has_withdrawn_is_in_it(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    stranger, their_key = await graph.a_partner()
    await a_tenant(graph, partner, key, "ours", on(1, "ours"))
    await a_tenant(graph, stranger, their_key, "theirs", on(2, "theirs"))
    left = await a_tenant(graph, partner, key, "left", on(3, "left"))
    async with engine_as(graph.database_url) as engine, engine.begin() as admin:
        ended = sa.text("update acceptances set withdrawn_at = now() where tenant_id = :tenant")
        await admin.execute(ended, {"tenant": left.tenant.id})
    await graph.invited(partner, "invited only")

    page, fresh = await collected(graph, key), await graph.ask(FRESH, key)

    assert (keys(page), page["totalCount"]) == (["ours-1"], 1)
    told = fresh["data"]["viewer"]["receivedInvoices"]["completeness"]
    assert (told["tenants"], told["leftOut"]) == (1, 0)


async def test_a_key_for_one_tenant_has_an_inbox_of_that_tenant_alone(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    one = await a_tenant(graph, partner, key, "甲", on(1, "甲"))
    await a_tenant(graph, partner, key, "乙", on(2, "乙"))

    page = await collected(graph, await graph.a_key(partner, tenant=one.tenant.id))

    assert (keys(page), page["totalCount"]) == (["甲-1"], 1)


@pytest.mark.parametrize(
    ("declared", "listed"),
    [
        (GRANTED, True),
        ({**GRANTED, Flag.API_OPTION: False}, False),
        ({**GRANTED, Flag.RECEIVER_PAID_MEMBER: False}, False),
        ({Flag.RECEIVER_PAID_MEMBER: True}, False),
        ({}, False),
        ({Flag.ISSUER_PAID_MEMBER: True, Flag.API_OPTION: True}, False),
    ],
)
async def test_a_tenant_whose_contract_is_not_known_to_cover_them_is_left_out_and_counted(
    graph: Graph, declared: dict[Flag, bool], *, listed: bool
) -> None:
    partner, key = await graph.a_partner()
    await a_tenant(graph, partner, key, "甲", on(1, "甲"))
    await a_tenant(graph, partner, key, "乙", on(2, "乙"), declared=declared)

    page, fresh = await collected(graph, key), await graph.ask(FRESH, key)

    assert keys(page) == (["乙-2", "甲-1"] if listed else ["甲-1"])
    assert page["totalCount"] == len(page["edges"])
    told = fresh["data"]["viewer"]["receivedInvoices"]["completeness"]
    assert (told["tenants"], told["leftOut"]) == ((2, 0) if listed else (1, 1))


async def test_a_flag_that_was_proven_too_long_ago_leaves_its_tenant_out_until_it_is_proven_again(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    company = await a_tenant(graph, partner, key, "甲", on(1, "甲"), declared={Flag.RECEIVER_PAID_MEMBER: True})
    seen = []
    for lasts in (-1, 1):
        now = graph.clock.now()
        ends = now + timedelta(hours=lasts)
        fact = Entitlement(INFOMART, Flag.API_OPTION, Verdict.GRANTED, Source.PROVEN, now, ends)
        async with graph.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
            await work.entitlements.record(company.tenant.id, [fact])
        seen.append(keys(await collected(graph, key)))

    assert seen == [[], ["甲-1"]]


async def test_an_inbox_is_walked_page_by_page_while_invoices_come_to_any_tenant(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    companies = [
        await a_tenant(graph, partner, key, name, *[on(day, name) for day in range(1 + place, 28, 4)])
        for place, name in enumerate("甲乙丙丁")
    ]
    undated = [an_invoice(f"undated-{number}", issue_date=None) for number in range(3)]
    for company in companies[:3]:
        await graph.mirror(company, undated)
    before = keys(await collected(graph, key, first=100))
    walked, after = [], None
    while True:
        page = await collected(graph, key, first=5, after=after)
        walked += keys(page)
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasPreviousPage"] is (len(walked) > len(page["edges"]))
        if not page["pageInfo"]["hasNextPage"]:
            break
        newest = an_invoice(f"new-{len(walked)}", issue_date=date(2026, 4, 1))
        await graph.mirror(companies[len(walked) % 4], [newest])

    assert walked == before
    assert len(walked) == 27 + 9
    assert sorted(walked[-9:]) == sorted(invoice.key for invoice in undated * 3)


async def test_many_tenants_with_many_invoices_cost_as_many_statements_as_one_with_one(graph: Graph) -> None:
    counts, sizes = [], []
    for tenants, each in ((1, 1), (8, 5)):
        partner, key = await graph.a_partner()
        for place in range(tenants):
            invoices = [on(day, f"{place}", lines=[a_line(), a_line(position=2)]) for day in range(1, each + 1)]
            await a_tenant(graph, partner, key, f"{place}", *invoices)
        await graph.ask("{ __typename }", key)
        with statements() as sent:
            told = await graph.ask(WHOLE, key, first=100)
        assert "errors" not in told
        sizes.append(len(told["data"]["viewer"]["receivedInvoices"]["edges"]))
        counts.append(len(of_the_request(sent)))

    assert sizes == [1, 40]
    assert counts == [6, 6]  # page, count, freshness, contracts, history, raw


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"issuedFrom": "2026-03-02"}, ["乙-3", "甲-2"]),
        ({"number": "請求-甲-1"}, ["甲-1"]),
        ({"totalFrom": "9000"}, ["乙-3"]),
        ({"stages": ["APPROVED"]}, []),
        ({"counterparty": "青空"}, ["乙-3", "甲-2", "甲-1"]),
    ],
)
async def test_the_filter_of_an_inbox_is_the_filter_of_a_list(
    graph: Graph, wanted: dict[str, object], found: list[str]
) -> None:
    partner, key = await graph.a_partner()
    await a_tenant(graph, partner, key, "甲", on(1, "甲"), on(2, "甲"))
    await a_tenant(graph, partner, key, "乙", on(3, "乙", total=9000))

    page = await collected(graph, key, filter=wanted)

    assert (keys(page), page["totalCount"]) == (found, len(found))


async def test_the_inbox_of_issued_invoices_is_by_the_issuer_side_of_each_contract(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    issued = an_invoice(stage=IssuedStage.SCHEDULED, stage_code=21)
    await a_tenant(graph, partner, key, "甲", issued, declared=ON_BOTH_SIDES, side=Side.ISSUER)
    await a_tenant(graph, partner, key, "乙", issued, side=Side.ISSUER)
    await a_tenant(graph, partner, key, "丙", on(1, "丙"), declared=ON_BOTH_SIDES)

    told = (await graph.ask(ISSUED, key))["data"]["viewer"]["issuedInvoices"]

    assert told == {
        "totalCount": 1,
        "completeness": {"tenants": 2, "leftOut": 1},
        "edges": [{"tenantName": "甲", "node": {"stage": "SCHEDULED"}}],
    }


async def test_a_key_that_may_not_read_has_no_inbox(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    await a_tenant(graph, partner, key, "甲", on(1, "甲"))
    without = await graph.a_key(partner, Permission.FETCH)

    assert await graph.code(INBOX, without, first=1) == "NOT_PERMITTED"
