"""What an operator types to shred a tenant, to see the certificate of it, and to count what does not open."""

from tests.connector.flows.bench import joined, rows, value
from tests.connector.flows.renewals import token
from tests.connector.test_cli import in_turn
from tests.world import World


async def test_an_operator_sees_first_what_would_happen_then_shreds_and_the_certificate_is_verified(
    world: World,
) -> None:
    tenant = await joined(world, "みなと商事", invoices=0)
    own = str(tenant.id)
    why = ("--reason", "契約終了")
    confirmed = ("--confirm", "みなと商事", "--by", "山田")
    lines = [
        ["tenants", "certificate", own, "--json"],
        ["tenants", "shred", own, *why],
        ["tenants", "shred", own, *why, "--json"],
        ["tenants", "shred", own, *why, "--confirm", "みなと", "--json"],
        ["tenants", "shred", own, "--reason", " ", *confirmed, "--json"],
        ["tenants", "shred", own, *why, *confirmed, "--json"],
        ["tenants", "shred", own, "--reason", "other", *confirmed, "--json"],
        ["tenants", "certificate", own, "--json"],
        ["tenants", "certificate", own],
    ]
    none, dry, dry_json, wrong, no_reason, done, again, shown, plain = await in_turn(lines, world.environment)

    assert none.failure["code"] == "NOT_FOUND"
    assert (dry.code, dry.out.splitlines()[0]) == (0, "まだ何もしていません。 / Nothing was done yet: みなと商事")
    assert dry_json.told["wouldBeUnreadable"]["grants.refresh_sealed"] == 1
    assert dry_json.told["dryRun"] is True
    assert (wrong.failure["code"], no_reason.failure["code"]) == ("INVALID_INPUT", "INVALID_INPUT")
    assert (done.code, done.err) == (0, "")
    assert done.told["verified"] is True
    assert (done.told["certificate"]["by"], done.told["certificate"]["reason"]) == ("山田", "契約終了")
    assert done.told == again.told == shown.told
    assert plain.code == 0
    assert "暗号消去証明書 / Certificate of shredding" in plain.out
    assert "検証済み / verified" in plain.out
    assert await value(world, "select count(*) from data_keys") == 0

    await rows(world, "update certificates set document = cast(replace(document::text, '山田', '佐藤') as json)")
    [changed] = await in_turn([["tenants", "certificate", own]], world.environment)
    assert (changed.code, "改変されています" in changed.out) == (1, True)


async def test_an_operator_counts_what_does_not_open_by_cause_and_key(world: World) -> None:
    tenant = await joined(world, "みなと商事", invoices=0)
    await token(world, tenant)
    [none] = await in_turn([["connections", "unreadable"]], world.environment)
    assert (none.code, none.out) == (0, "0 件の認証情報を開けません。 / 0 credentials cannot be opened.\n")

    await rows(world, "update connections set standing = 'unreadable', cause = 'key_missing'")
    told, plain = await in_turn(
        [["connections", "unreadable", "--json"], ["connections", "unreadable"]], world.environment
    )
    key = str(await value(world, "select id from data_keys"))
    assert told.told["unreadable"] == 1
    assert told.told["byCauseAndKey"] == [{"cause": "key_missing", "dataKeyId": key, "connections": 1}]
    assert told.told["connections"][0]["tenantId"] == str(tenant.id)
    assert f"  1  key_missing  {key}\n" in plain.out
