"""Whether a capability works for a tenant at a provider now and, where it does not, what stands in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.domain.breaker import Breaker
from connector.domain.connection import Connection, Standing
from connector.domain.entitlement import Capability, Entitlement, Flag, missing, refused
from connector.errors import NotEntitled
from connector.ids import ProviderKey


class Obstacle(StrEnum):
    """What stands in the way."""

    PROVIDER_LACKS_IT = "provider_lacks_it"
    CONTRACT = "contract"
    CONNECTION = "connection"
    PROVIDER_AWAY = "provider_away"


@dataclass(frozen=True, slots=True)
class Ability:
    """One capability at one provider for one tenant."""

    provider: ProviderKey
    capability: Capability
    obstacle: Obstacle | None = None  # None: it works
    lacking: NotEntitled | None = None  # what the contract lacks, with CONTRACT
    connection: Connection | None = None  # the tenant's there; None: it has none
    breaker: Breaker | None = None  # open at the provider


def ability(
    provider: ProviderKey,
    capability: Capability,
    needs: Mapping[Capability, Sequence[Flag]],
    facts: Sequence[Entitlement],
    connection: Connection | None,
    breaker: Breaker | None,
    now: datetime,
) -> Ability:
    """The capability with the first obstacle in its way: what lasts the longest is named before what passes.

    A contract known to refuse comes before a connection that is not active, and one of which nothing is known after
    it: the first reading through a connection finds out. `needs`: what each capability of the provider takes.
    """
    if capability not in needs:
        return Ability(provider, capability, Obstacle.PROVIDER_LACKS_IT, connection=connection)
    known = {fact.flag: fact for fact in facts if fact.provider == provider}
    obstacle, lacking = None, refused(needs[capability], known, now)
    if lacking is not None:
        obstacle = Obstacle.CONTRACT
    elif connection is None or connection.standing is not Standing.ACTIVE:
        obstacle = Obstacle.CONNECTION
    elif (lacking := missing(needs[capability], known, provider, now)) is not None:
        obstacle = Obstacle.CONTRACT
    elif breaker is not None:
        obstacle = Obstacle.PROVIDER_AWAY
    return Ability(provider, capability, obstacle, lacking, connection, breaker)
