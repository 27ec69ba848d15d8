"""The command that counts what our own keys do not open."""

from collections import Counter
from collections.abc import Mapping

from connector.commands.operate import with_flows
from connector.commands.run import AsJson
from connector.commands.telling import tell
from connector.flows.unsealing import Unreadable


def unreadable(as_json: AsJson = False) -> None:
    """Count and list connections whose stored token does not open (CREDENTIAL_UNREADABLE), by cause and data key.

    Example: `connector connections unreadable`
    """
    found = with_flows(lambda flows: flows.unsealing.unreadable())
    counted = Counter((_cause(each), _key(each)) for each in found)
    facts = {
        "unreadable": len(found),
        "byCauseAndKey": [
            {"cause": cause, "dataKeyId": key, "connections": count} for (cause, key), count in sorted(counted.items())
        ],
        "connections": [_facts(each) for each in found],
    }
    lines = [f"{len(found)} 件の認証情報を開けません。 / {len(found)} credentials cannot be opened."]
    lines += [f"  {count}  {cause}  {key}" for (cause, key), count in sorted(counted.items())]
    lines += [
        f"    {each.connection.tenant_id}  {each.connection.provider}  {_cause(each)}"
        f"  {each.connection.changed_at:%Y-%m-%d %H:%M}Z から / since"
        for each in found
    ]
    tell(facts, "\n".join(lines), as_json=as_json)


def _facts(found: Unreadable) -> Mapping[str, object]:
    connection = found.connection
    return {
        "tenantId": str(connection.tenant_id),
        "connectionId": str(connection.id),
        "provider": connection.provider,
        "cause": _cause(found),
        "dataKeyId": _key(found),
        "since": connection.changed_at.isoformat(),
        "nextLookAt": None if connection.due_at is None else connection.due_at.isoformat(),
    }


def _cause(found: Unreadable) -> str:
    return "unknown" if found.connection.cause is None else found.connection.cause.value


def _key(found: Unreadable) -> str:
    return "–" if found.key_id is None else str(found.key_id)
