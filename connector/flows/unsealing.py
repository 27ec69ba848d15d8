"""Finds what our own keys do not open, so that it can be counted and somebody can act."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.access import Scope
from connector.domain.connection import Connection, Standing, refresh_seat
from connector.errors import CannotOpen
from connector.ids import DataKeyId
from connector.ports import Store, Vault


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A connection whose refresh token does not open."""

    connection: Connection
    key_id: DataKeyId | None  # None: the row names no key, or is gone


@dataclass(frozen=True, slots=True)
class Unsealing:
    """Looks through what does not open."""

    store: Store
    vault: Vault

    async def unreadable(self) -> Sequence[Unreadable]:
        """Every connection that stands at UNREADABLE, those that stand so the longest first."""
        found = []
        for tenant, own in await self.store.connections_unreadable():
            async with self.store.within(Scope.of_tenant(tenant)) as work:
                connection = await work.connections.connection(own)
                grant = await work.connections.current_grant(own)
            if connection is None or connection.standing is not Standing.UNREADABLE:
                continue  # it came back while we looked
            key_id = None
            if grant is not None:
                try:
                    key_id = self.vault.key_of(grant.refresh_sealed, refresh_seat(connection, grant.id))
                except CannotOpen:  # too damaged even to name its key, which is an answer
                    key_id = None
            found.append(Unreadable(connection, key_id))
        return found
