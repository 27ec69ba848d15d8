"""Key services behind one protocol; `open_service` picks the one an address names."""

from collections.abc import Mapping
from importlib import import_module
from urllib.parse import parse_qsl

from connector.errors import Misconfigured
from connector.ports import KeyService

# The module behind each kind of address. It is loaded only when an address asks for it: its library is an extra.
_DRIVERS: Mapping[str, str] = {
    "file": "connector.vault.kms.local",
    "vault": "connector.vault.kms.vault",
    "aws": "connector.vault.kms.aws",
    "gcp": "connector.vault.kms.gcp",
}
_FORMS = (
    "write file:/path/to/kek.json, vault:MOUNT/keys/NAME, aws:arn:aws:kms:REGION:ACCOUNT:key/ID "
    "or gcp:projects/…/cryptoKeys/NAME"
)


def open_service(address: str, *, local_allowed: bool) -> KeyService:
    """The key service at `address`, which may end in options (`?role=connector`).

    Raises Misconfigured with what to do.
    """
    scheme, _, rest = address.partition(":")
    name, _, options = rest.partition("?")
    if scheme not in _DRIVERS or not name:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: {address!r} is no key service; {_FORMS}"])
    if scheme == "file" and not local_allowed:
        problem = (
            "CONNECTOR_KEK: a key in a local file is for development; "
            "in production also set CONNECTOR_ALLOW_LOCAL_KEK=true to accept it knowingly"
        )
        raise Misconfigured(problems=[problem])
    try:
        driver = import_module(_DRIVERS[scheme])
    except ModuleNotFoundError as missing:
        problem = (
            f"CONNECTOR_KEK: {scheme}: needs {missing.name}, which is not installed; "
            f"run: pip install 'invoice-connector[{scheme}]'"
        )
        raise Misconfigured(problems=[problem]) from None
    service: KeyService = driver.opened(name, _chosen(options, driver.OPTIONS))
    return service


def _chosen(options: str, known: frozenset[str]) -> Mapping[str, str]:
    chosen = dict(parse_qsl(options, keep_blank_values=True))
    if strange := sorted(chosen.keys() - known):
        known_here = ", ".join(sorted(known)) or "none"
        raise Misconfigured(problems=[f"CONNECTOR_KEK: no option {', '.join(strange)}; options here: {known_here}"])
    return chosen
