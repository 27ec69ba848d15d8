"""Asks the graph as a partner's program does: over HTTP, with a key."""

from typing import Any

import aiohttp

from connector.secret import Secret

MAKE_LINK = """
mutation MakeLink($tenant: ID!, $provider: String!) {
  createOnboardingLink(input: {tenantId: $tenant, provider: $provider}) {
    link { url }
    userErrors { code message }
  }
}
"""

TENANTS = """
query Tenants { tenants { edges { node { id name } } } }
"""

FETCHES = """
query Fetches($tenant: ID!) {
  tenant(id: $tenant) { fetches { side reading pages rows problem } }
}
"""

INVOICES = """
query Invoices($tenant: ID!, $after: String) {
  tenant(id: $tenant) {
    name
    receivedInvoices(first: 100, after: $after) {
      totalCount
      completeness { asOf completeThrough staleBecause }
      pageInfo { hasNextPage endCursor }
      edges {
        node {
          id number stage issueDate total
          counterparty { name registrationNumber }
          taxSummary { bucket net tax }
          lines { name quantity net taxRate }
        }
      }
    }
  }
}
"""

ISSUED = """
query Issued($tenant: ID!) {
  tenant(id: $tenant) {
    issuedInvoices(first: 100) {
      totalCount
      completeness { asOf completeThrough staleBecause }
      edges { node { id key number stage issueDate total counterparty { code name } } }
    }
  }
}
"""

FILTERED = """
query Filtered($tenant: ID!, $filter: ReceivedInvoiceFilter!) {
  tenant(id: $tenant) {
    receivedInvoices(first: 10, filter: $filter) { totalCount edges { node { stage total } } }
  }
}
"""

NODE = """
query One($id: ID!) { node(id: $id) { id ... on ReceivedInvoice { number total lines { name } } } }
"""


class Graph:
    """The graph at one address, asked with one key."""

    def __init__(self, session: aiohttp.ClientSession, web_url: str, key: Secret) -> None:
        self._session = session
        self._url = f"{web_url}/graphql"
        self._key = key

    async def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """The whole answer, errors included."""
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        body = {"query": document, "variables": variables}
        async with self._session.post(self._url, json=body, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            return told
