"""Certificates in the folder of an escrow: one file for each tenant, written once and never removed."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from connector.domain.certificate import Certificate
from connector.errors import Unavailable
from connector.vault.segments import put_file

_SUFFIX = ".certificate"
_WAIT = timedelta(seconds=30)

_log = structlog.get_logger("connector.escrow")


def keep_certificate(folder: Path, certificate: Certificate) -> None:
    """Returns when the certificate is on disk; one that is there already stands. Raises Unavailable."""
    path = folder / f"{certificate.tenant_id.hex}{_SUFFIX}"
    content = json.dumps({"document": certificate.document, "digest": certificate.digest.hex()}, ensure_ascii=False)
    try:
        if path.exists():
            return
        put_file(path, content)
    except OSError as cause:
        _log.error("certificate not kept", file=str(path), reason=cause.strerror)
        raise Unavailable(wait=_WAIT) from None


def certificates_in(folder: Path) -> Sequence[Certificate]:
    """Every certificate in the folder; raises Unavailable when one cannot be read, since none may be passed over."""
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            found.append(Certificate(document=str(told["document"]), digest=bytes.fromhex(told["digest"])))
        except (OSError, ValueError, KeyError, TypeError) as cause:
            _log.error("certificate not read", file=str(path), reason=type(cause).__name__)
            raise Unavailable(wait=_WAIT) from None
    return found
