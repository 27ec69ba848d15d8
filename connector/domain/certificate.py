"""The certificate of a shredding: what was destroyed, what nobody can open any more, and what that leaves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from connector.domain.access import Tenant
from connector.domain.renewal import ANSWER_WITHIN
from connector.domain.sealing import TRUSTED_FOR
from connector.domain.shredding_words import Facts, statements
from connector.ids import ConnectionId, DataKeyId, ProviderKey, TenantId

KIND = "connector.certificate-of-shredding.1"


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A wrapped data key of the tenant: enough to recognise a copy of it by, and nothing that opens."""

    id: DataKeyId
    kek_id: str
    sha256: str  # of the wrapped key
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """A tenant's keys, and how much in the database they open."""

    keys: Sequence[KeyFound]
    sealed: Mapping[str, int]  # ciphertexts, by table.column
    connections: Sequence[tuple[ConnectionId, ProviderKey]]
    invoices: int  # in the mirror, which is not sealed under these keys


@dataclass(frozen=True, slots=True)
class Copies:
    """Sealed answers of the tenant outside the database."""

    journal: int  # in the token journal of the machine that asked; other machines' cannot be seen from there
    escrow: int | None  # None: the installation has none


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for."""

    reason: str
    by: str
    without_invoices: bool


@dataclass(frozen=True)
class Certificate:
    """A document, and the vault's digest of exactly this text."""

    document: str
    digest: bytes

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What the document says."""
        told: Mapping[str, Any] = json.loads(self.document)
        return told

    @property
    def tenant_id(self) -> TenantId:
        """Whose keys were destroyed."""
        return TenantId(UUID(self.facts["tenant"]["id"]))

    @property
    def shredded_at(self) -> datetime:
        """When they were."""
        return datetime.fromisoformat(self.facts["shreddedAt"])

    @property
    def without_invoices(self) -> bool:
        """Whether the tenant's mirror went with them."""
        return bool(self.facts["invoices"]["deleted"])


def written(tenant: Tenant, order: Order, reach: Reach, copies: Copies, now: datetime) -> str:
    """The document, always in the same letters, so that its digest can be made again from what it says."""
    keks = sorted({key.kek_id for key in reach.keys})
    facts = Facts(
        keys=len(reach.keys),
        sealed=sum(reach.sealed.values()) + copies.journal + (copies.escrow or 0),
        keks=", ".join(keks) or "–",
        invoices=reach.invoices,
        without_invoices=order.without_invoices,
        escrow=copies.escrow is not None,
    )
    told = {
        "kind": KIND,
        "tenant": {"id": str(tenant.id), "name": tenant.name},
        "shreddedAt": now.isoformat(),
        "by": order.by,
        "reason": order.reason,
        "keys": [
            {
                "id": str(key.id),
                "kekId": key.kek_id,
                "wrappedSha256": key.sha256,
                "createdAt": key.created_at.isoformat(),
            }
            for key in reach.keys
        ],
        "unreadable": {**reach.sealed, "token journal": copies.journal, "escrow": copies.escrow},
        "disconnected": [{"id": str(own), "provider": provider} for own, provider in reach.connections],
        "invoices": {"found": reach.invoices, "deleted": order.without_invoices},
        "secondsUntilNoProcessOpens": TRUSTED_FOR.total_seconds(),
        "secondsUntilCallsUnderWayEnd": ANSWER_WITHIN.total_seconds(),
        "wrappedKeysElsewhere": {"where": "database backups and archives from before", "kekIds": keks},
        "statements": [{"ja": ja, "en": en} for ja, en in statements(facts)],
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
