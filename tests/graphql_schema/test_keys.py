"""Every key that opens nothing is refused with the same words, so that none of them can be told apart."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.access import Permission, Scope
from connector.ids import KeyId
from connector.secret import Secret
from connector.store.tables import acceptances
from connector.store.work import confined
from tests.graphql_schema.graph import Graph, statements, tenant_id
from tests.store.databases import engine_as

WHO = {"query": "{ viewer { keyId keyName keyExpiresAt partner permissions tenantId limits { first } } }"}


async def told(graph: Graph, authorization: str | None) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body of an answer, without what names the one request."""
    headers = {} if authorization is None else {b"authorization": authorization.encode("latin-1")}
    answer = await graph.http.post("/graphql", json=WHO, headers=headers)
    body = answer.json()
    for error in body.get("errors", ()):
        assert error["extensions"].pop("requestId") == answer.headers["x-request-id"]
    return answer.status_code, {k: v for k, v in answer.headers.items() if k != "x-request-id"}, body


def key_id(key: Secret) -> KeyId:
    return KeyId(key.reveal().split("_")[2])


def with_another_end(key: Secret) -> str:
    """The same key with its last letter mistyped."""
    text = key.reveal()
    return text[:-1] + ("a" if text[-1] != "a" else "b")


async def refusals(graph: Graph) -> dict[str, str | None]:
    """One header for every way not to have a key that opens anything."""
    partner, good = await graph.a_partner()
    revoked = await graph.a_key(partner)
    await graph.installation.flows.access.revoke(partner.id, key_id(revoked))
    expired = await graph.a_key(partner, expires_at=graph.clock.now() - timedelta(seconds=1))
    # Of the right shape and with a sum that adds up, as another installation would issue it.
    unknown = Secret(foreign_key())
    return {
        "none": None,
        "empty": "Bearer ",
        "only the key": good.reveal(),
        "another scheme": f"Basic {good.reveal()}",
        "half a key": f"Bearer {good.reveal()[:-7]}",
        "mistyped": f"Bearer {with_another_end(good)}",
        "longer": f"Bearer {good.reveal()}x",
        "revoked": f"Bearer {revoked.reveal()}",
        "expired": f"Bearer {expired.reveal()}",
        "another installation's": f"Bearer {unknown.reveal()}",
        "not ASCII": "Bearer cx_live_é",
        "a novel": "Bearer " + "x" * 20_000,
    }


def foreign_key() -> str:
    return "cx_live_abcdefghjk_0123456789ABCDEFGHIJKLMNOPQRSTUV0m8gD7"


async def test_every_key_that_opens_nothing_is_refused_alike(graph: Graph) -> None:
    answers = {name: await told(graph, header) for name, header in (await refusals(graph)).items()}

    for name, answer in answers.items():
        assert answer == answers["none"], name
    status, headers, body = answers["none"]
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    (error,) = body["errors"]
    assert (body["data"], error["extensions"]["code"], error["extensions"]["retryable"]) == (None, "KEY_REFUSED", False)


async def test_the_key_of_another_installation_is_well_formed_and_known_to_nobody_here(graph: Graph) -> None:
    with statements() as sent:
        await told(graph, f"Bearer {foreign_key()}")
    assert len(sent) == 2, "a scope and one look-up: it was refused for what it is and not for how it looks"

    with statements() as sent:
        await told(graph, f"Bearer {with_another_end(Secret(foreign_key()))}")
    assert sent == [], "a sum that does not add up is refused without asking the database"


async def test_a_good_key_says_who_asks(graph: Graph) -> None:
    partner, _ = await graph.a_partner()
    tenant = await graph.joined(partner, "甲")
    ends = graph.clock.now() + timedelta(days=1)
    key = await graph.a_key(partner, Permission.READ, tenant=tenant.id, expires_at=ends)

    assert await graph.ask(WHO["query"], key) == {
        "data": {
            "viewer": {
                "keyId": key_id(key),
                "keyName": "鍵",
                "keyExpiresAt": ends.isoformat(),
                "partner": "株式会社サンプルソフト",
                "permissions": ["READ"],
                "tenantId": tenant_id(tenant.id),
                "limits": {"first": 100},
            }
        }
    }


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_either_case(graph: Graph, scheme: str) -> None:
    _, key = await graph.a_partner()

    assert (await told(graph, f"{scheme} {key.reveal()}"))[0] == 200


async def test_a_withdrawn_tenant_is_gone_for_a_key_that_was_used_a_moment_ago(graph: Graph) -> None:
    """The key is remembered for seconds; whose rows it may see is asked of the database each time."""
    company = await graph.a_company()
    names = "{ tenants { edges { node { name } } } }"
    assert (await graph.ask(names, company.key))["data"]["tenants"]["edges"] == [{"node": {"name": "株式会社湊"}}]

    await withdraw(graph, Scope.of_tenant(company.tenant.id))

    assert (await graph.ask(names, company.key))["data"]["tenants"]["edges"] == []


async def withdraw(graph: Graph, scope: Scope) -> None:
    """As a tenant's withdrawal will be written; no flow offers it yet."""
    async with engine_as(graph.database_url, "app") as engine, confined(engine, scope) as connection:
        await connection.execute(acceptances.update().values(withdrawn_at=graph.clock.now()))
