"""The main job, end to end."""

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
