"""A company joins the platform with a contract, with what it has received, and with what it has issued."""

from collections.abc import Mapping
from typing import Any

from connector.twins.infomart.issued_history import fill
from connector.twins.infomart.members import Member
from connector.twins.infomart.world import World

MOST_ISSUED = 10_000


def join(world: World, body: Mapping[str, Any]) -> Member:
    """Saves the member that this JSON object describes, and adds `issued` invoices of earlier days to its outbox."""
    count: Any = body.get("issued", 0)
    if type(count) is not int or not 0 <= count <= MOST_ISSUED:
        raise ValueError(f"issued must be 0 to {MOST_ISSUED}")
    member = world.members.save({name: value for name, value in body.items() if name != "issued"})
    if count:
        fill(world, member, count, member.spread_days)
    return member
