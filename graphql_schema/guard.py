"""What a field requires is said on the field, and checked before anything is read."""

from collections.abc import Awaitable, Callable
from typing import Any

from strawberry.extensions import FieldExtension
from strawberry.types import Info as StrawberryInfo

from connector.domain.access import Permission
from connector.domain.entitlement import READS, Capability
from connector.ids import TenantId
from graphql_schema.context import Context, Info


class Requires(FieldExtension):
    """Refuses the field unless the key has the permission and, if named, the tenant's contract has the capability."""

    def __init__(self, permission: Permission, capability: Capability | None = None) -> None:
        self.permission = permission
        self.capability = capability

    def needed(self, source: Any) -> tuple[Capability, TenantId] | None:
        """What is needed of whose contract; None: nothing is."""
        return None if self.capability is None else (self.capability, source.tenant_id)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: StrawberryInfo[Any, Any], **arguments: Any
    ) -> Any:
        """The field's value; raises NotPermitted or NotEntitled before the field is asked."""
        info.context.viewer.require(self.permission)
        if (needed := self.needed(source)) is not None:
            await require(info, *needed)
        return await next_(source, info, **arguments)


class RequiresReading(Requires):
    """Requires that the contract covers reading the invoices in hand, of whichever side they are."""

    def needed(self, source: Any) -> tuple[Capability, TenantId]:
        """What reading that side needs, of the tenant whose invoices they are."""
        tenant, side = source.whose
        return READS[side], tenant


async def require(info: Info, capability: Capability, tenant: TenantId) -> None:
    """Raises NotEntitled, naming the flag, unless the tenant's contract has the capability."""
    context: Context = info.context
    context.flows.reading.require(capability, await context.loaders.entitlements.load(tenant))
