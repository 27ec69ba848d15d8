"""Puts keys from under one key-encryption key under another; what they seal stays as it is."""

from connector.domain.custody import CANARY
from connector.ids import DataKeyId, TenantId
from connector.ports import KeyHolder, KeyShelf
from connector.vault.keyring import PEPPER, owner_of


class Rewrapper:
    """Rewraps one key at a time, and never over somebody else's change."""

    def __init__(self, holder: KeyHolder, shelf: KeyShelf) -> None:
        self._holder = holder
        self._shelf = shelf

    async def rewrap(self, tenant: TenantId, key: DataKeyId, kek_id: str) -> bool:
        """A tenant's key under `kek_id`.

        False: it is there already, gone, was changed meanwhile, or its service has gone on to a newer version.
        """
        before = await self._shelf.data_key(tenant, key)
        if before is None or before.kek_id == kek_id:
            return False
        context = owner_of(tenant, key)
        after = await self._holder.wrap_under(kek_id, await self._holder.unwrap(before, context), context)
        return await self._shelf.rewrap(tenant, key, before, after) and after.kek_id == kek_id

    async def rewrap_pepper(self, kek_id: str) -> bool:
        """The installation's pepper under `kek_id`; False: it is there already, or was changed meanwhile."""
        before = await self._shelf.installation_key(PEPPER)
        if before is None or before.kek_id == kek_id:
            return False
        after = await self._holder.wrap_under(kek_id, await self._holder.unwrap(before, CANARY), CANARY)
        return await self._shelf.rewrap_installation_key(PEPPER, before, after)
