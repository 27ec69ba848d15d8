"""Ciphertexts are moved between rows, columns, tenants and providers, and old ones are put back: none opens."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connector.domain.sealing import Seat
from connector.errors import CannotOpen
from connector.ids import TenantId, new_id
from connector.secret import Secret
from tests.long.refresh.fleet import fleet, twin_process

_TENANTS = 20


@dataclass(frozen=True, slots=True)
class Swapped:
    """How many moved ciphertexts opened all the same, and how many in their own place did not."""

    opened: int
    not_at_home: int


async def swapped(*, number: int, folder: Path, database_url: str, redis_url: str) -> Swapped:
    """So many swaps of two random seats, each also tried where it belongs."""
    dice = random.Random(11)  # noqa: S311 - the same swaps every time
    with twin_process(folder) as twin:
        async with fleet(_TENANTS, database_url, redis_url, twin) as ours, ours.installation() as installation:
            vault = installation.flows.upkeep.vault
            seats = [seat for member in ours.members for seat in _seats(member.tenant_id)]
            sealed = [await vault.seal(Secret(f"secret {place}"), seat) for place, seat in enumerate(seats)]
            opened = not_at_home = 0
            for _ in range(number):
                here, there = dice.sample(range(len(seats)), 2)
                try:
                    await vault.open(sealed[here], seats[there])
                    opened += 1
                except CannotOpen:
                    not_at_home += await vault.open(sealed[here], seats[here]) != Secret(f"secret {here}")
            return Swapped(opened, not_at_home)


def _seats(tenant: TenantId) -> Sequence[Seat]:
    """Seats of one tenant that differ from each other in one thing each."""
    first = Seat(
        tenant_id=tenant,
        purpose="refresh_token",
        provider="infomart",
        owner_id=new_id(),
        place="grants.refresh_sealed",
        version_id=new_id(),
    )
    return [
        first,
        replace(first, version_id=new_id()),  # the ciphertext of another day
        replace(first, owner_id=new_id()),
        replace(first, provider="invox"),
        replace(first, place="grants.access_sealed"),
        replace(first, purpose="access_token"),
    ]
