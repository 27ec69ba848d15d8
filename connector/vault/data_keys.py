"""Tenants' wrapped data keys in the folder of an escrow: one file for each key, removed when its tenant is shredded."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog

from connector.domain.sealing import DataKey, WrappedKey
from connector.errors import Unavailable
from connector.ids import DataKeyId, TenantId
from connector.vault.segments import put_file, sync_folder

_SUFFIX = ".datakey"
_WAIT = timedelta(seconds=30)

_log = structlog.get_logger("connector.escrow")


def keep_keys(folder: Path, keys: Sequence[DataKey]) -> None:
    """Returns when the keys are on disk, each in its last wrapping; raises Unavailable."""
    for key in keys:
        path = folder / f"{key.tenant_id.hex}.{key.id.hex}{_SUFFIX}"
        content = json.dumps({"kek": key.wrapped.kek_id, "wrapped": key.wrapped.blob.hex()})
        try:
            if not path.exists() or path.read_bytes() != content.encode():
                put_file(path, content)
        except OSError as cause:
            _log.error("data key not kept", file=str(path), reason=cause.strerror)
            raise Unavailable(wait=_WAIT) from None


def keys_in(folder: Path) -> Sequence[DataKey]:
    """Every key in the folder, those passed over that are damaged; raises Unavailable when it cannot be read."""
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            found.append(_read(path))
        except OSError as cause:
            _log.error("data key not read", file=str(path), reason=cause.strerror)
            raise Unavailable(wait=_WAIT) from None
        except (ValueError, KeyError, TypeError) as cause:  # it costs what it opens, and no other key
            _log.error("a data key is damaged", file=str(path), reason=type(cause).__name__)
    return found


def destroy_keys(folder: Path, tenant: TenantId) -> None:
    """Returns when every key of the tenant is gone from the disk; raises Unavailable."""
    try:
        for names in (f"{tenant.hex}.*{_SUFFIX}", f".{tenant.hex}.*{_SUFFIX}.*"):  # what a crash left unfinished, too
            for path in folder.glob(names):
                path.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as cause:
        _log.error("data keys not destroyed", folder=str(folder), reason=cause.strerror)
        raise Unavailable(wait=_WAIT) from None


def _read(path: Path) -> DataKey:
    tenant, own, _ = path.name.split(".")
    told = json.loads(path.read_text(encoding="utf-8"))
    wrapped = WrappedKey(kek_id=str(told["kek"]), blob=bytes.fromhex(told["wrapped"]))
    return DataKey(TenantId(UUID(hex=tenant)), DataKeyId(UUID(hex=own)), wrapped)
