"""The main job, end to end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.twins.infomart.stages import Stages
from tests.world import World, graph_id

INVOICES = """
query ($tenant: ID!, $after: String) {
  tenant(id: $tenant) {
    receivedInvoices(first: 100, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { id key } }
    }
  }
}
"""


async def test_a_tenant_joins_by_link_and_the_graph_tells_every_invoice_the_provider_holds(world: World) -> None:
    tenant = await world.connected("湊待食堂", invoices=250)

    keys, after, sizes = [], None, []
    while True:
        page = (await world.ask(INVOICES, tenant=graph_id(tenant), after=after))["data"]["tenant"]["receivedInvoices"]
        keys += [edge["node"]["key"] for edge in page["edges"]]
        sizes.append(len(page["edges"]))
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    told = [number for call in world.twin.ledger("api_called") for number in call["mng_nums"]]
    assert sizes == [100, 100, 50]
    assert len(keys) == 250
    assert set(keys) == {str(number) for number in told}
    assert [call["page_no"] for call in world.twin.ledger("api_called")] == [1, 2, 3, 4, 1, 2, 3]  # decision 0013


ISSUED = """
query ($tenant: ID!, $after: String, $filter: IssuedInvoiceFilter) {
  tenant(id: $tenant) {
    issuedInvoices(first: 100, after: $after, filter: $filter) {
      totalCount completeness { asOf completeThrough staleBecause } pageInfo { hasNextPage endCursor }
      edges { node {
        id key number subject stage stageCode issueDate total raw counterparty { code name }
        history { stage gap { since until } } lines { name net taxRate }
      } }
    }
  }
}
"""
READ_NOW = """
mutation ($tenant: ID!) {
  requestFetch(input: {tenantId: $tenant}) { fetches { side firstDay lastDay } userErrors { code } }
}
"""


async def issued_by_graph(world: World, tenant: str, **wanted: object) -> dict[str, dict[str, Any]]:
    """Every issued invoice the graph tells, by key."""
    told: dict[str, dict[str, Any]] = {}
    after = None
    while True:
        answer = await world.ask(ISSUED, tenant=tenant, after=after, filter=wanted)
        assert "errors" not in answer, answer
        page = answer["data"]["tenant"]["issuedInvoices"]
        assert page["completeness"]["staleBecause"] is None
        told |= {edge["node"]["key"]: edge["node"] for edge in page["edges"]}
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(told)
            return told
        after = page["pageInfo"]["endCursor"]


def issued_at_provider(world: World, pfid: str) -> dict[str, Mapping[str, Any]]:
    """The same by the provider's own account."""
    member = world.twin.world.members.find(pfid)
    assert member is not None
    return {str(each.mng_num): each.truth() for each in world.twin.world.issuers.of(member).outbox}


async def test_whoever_issues_is_told_every_invoice_of_its_own_down_to_those_scheduled_for_days_to_come(
    world: World,
) -> None:
    tenant = await world.connected("湊待食堂", invoices=3, issued=130)

    told = await issued_by_graph(world, graph_id(tenant))

    truth = issued_at_provider(world, "湊待食堂@example.co.jp")
    assert {
        key: (
            node["number"],
            node["stageCode"],
            node["issueDate"],
            node["counterparty"]["code"],
        )
        for key, node in told.items()
    } == {
        key: (
            each["inv_no"],
            each["wf_status"],
            each["send_date"],
            each["private_cust_cd"],
        )
        for key, each in truth.items()
    }
    assert len(told) == 130
    assert {node["stage"] for node in told.values()} == {
        "IN_INTERNAL_APPROVAL",
        "RETURNED",
        "AWAITING_ISSUE_APPROVAL",
        "SCHEDULED",
        "ISSUED",
        "ISSUED_THEN_DELETED",
        "ISSUE_FAILED",
    }
    assert {key: [line["name"] for line in node["lines"]] for key, node in told.items()} == {
        key: [detail["item_name"] for detail in each["details"]] for key, each in truth.items()
    }
    [scheduled] = (await issued_by_graph(world, graph_id(tenant), stages=["SCHEDULED"])).values()
    today = world.twin.world.clock.today()
    assert scheduled["issueDate"] == (today + timedelta(days=7)).isoformat()


async def test_what_happens_to_an_issued_invoice_shows_after_the_next_reading_with_its_gap(world: World) -> None:
    tenant = await world.connected("湊待食堂", invoices=3, issued=20)
    member = world.twin.world.members.find("湊待食堂@example.co.jp")
    assert member is not None
    outbox = world.twin.world.issuers.of(member).outbox
    issued = next(each for each in outbox if each.stage.name == "ISSUED")
    Stages(world.twin.world, member).delete(issued)

    answer = await world.ask(READ_NOW, tenant=graph_id(tenant))
    await world.read_all(tenant)

    asked = answer["data"]["requestFetch"]
    assert (sorted(each["side"] for each in asked["fetches"]), asked["userErrors"]) == (["ISSUER", "RECEIVER"], [])
    node = (await issued_by_graph(world, graph_id(tenant)))[str(issued.mng_num)]
    assert (node["stage"], node["stageCode"]) == ("ISSUED_THEN_DELETED", 23)
    first, then = node["history"]
    assert (first["stage"], first["gap"]["since"]) == ("ISSUED", None)
    assert then["stage"] == "ISSUED_THEN_DELETED"
    assert first["gap"]["until"] >= then["gap"]["since"] >= first["gap"]["until"][:10]
    assert then["gap"]["until"] > then["gap"]["since"]


async def test_a_tenant_that_pays_for_one_side_is_read_on_that_side_and_the_provider_is_asked_nothing_of_the_other(
    world: World,
) -> None:
    tenant = await world.connected("湊待食堂", invoices=3)

    answer = await world.ask(ISSUED, tenant=graph_id(tenant))

    assert answer["data"]["tenant"] == {"issuedInvoices": None}
    [refused] = answer["errors"]
    assert refused["extensions"]["code"] == "NOT_ENTITLED"
    assert "(issuer_paid_member)" in refused["message"]
    assert {call["operation"] for call in world.twin.ledger("api_called")} == {"invoices"}
