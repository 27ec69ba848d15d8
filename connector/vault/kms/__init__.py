"""Key services behind one protocol; `open_service` picks the one an address names."""

from pathlib import Path

from connector.errors import Misconfigured
from connector.ports import KeyService
from connector.vault.kms.local import LocalFile


def open_service(address: str, *, local_allowed: bool) -> KeyService:
    """The key service at `address` (`file:/path/to/kek.json`); raises Misconfigured with what to do."""
    scheme, _, rest = address.partition(":")
    if scheme != "file" or not rest:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: {address!r} is no key service; write file:/path/to/kek.json"])
    if not local_allowed:
        problem = (
            "CONNECTOR_KEK: a key in a local file is for development; "
            "in production also set CONNECTOR_ALLOW_LOCAL_KEK=true to accept it knowingly"
        )
        raise Misconfigured(problems=[problem])
    return LocalFile.read(Path(rest))
