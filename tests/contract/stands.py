"""What a test may do to a key service of each kind: make keys there, rotate them, forbid them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import boto3
import httpx2
from google.cloud import kms_v1 as kms

from tests.contract.key_servers import Running, private_key

RING = "projects/minato/locations/asia-northeast1/keyRings/connector"
VAULT_TOKEN = "the-root-of-a-test"
ACCOUNT = "connector@minato.iam.gserviceaccount.com"
STRANGER = "stranger@minato.iam.gserviceaccount.com"
AWS_ACCESS = {"AWS_ACCESS_KEY_ID": "an-operator", "AWS_SECRET_ACCESS_KEY": "a-secret"}


class Stand(Protocol):
    """A kind of key service behind an address."""

    server: Running

    def key(self, name: str) -> str:
        """Makes a key-encryption key; its CONNECTOR_KEK."""
        ...

    def environment(self, port: int) -> dict[str, str]:
        """What the driver's library reads, when the service is reached at that port."""
        ...


@dataclass(frozen=True, slots=True)
class VaultStand:
    server: Running

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Vault's own HTTP, as root."""
        address = f"http://127.0.0.1:{self.server.port}/v1/{path}"
        answer = httpx2.request(method, address, headers={"X-Vault-Token": VAULT_TOKEN}, json=body or None)
        answer.raise_for_status()
        answered: dict[str, Any] = answer.json() if answer.content else {}
        return answered

    def key(self, name: str) -> str:
        mount = f"transit-{uuid4().hex[:8]}"
        self.ask("POST", f"sys/mounts/{mount}", type="transit")
        self.ask("POST", f"{mount}/keys/{name}", type="aes256-gcm96")
        return f"vault:{mount}/keys/{name}"

    def rotate(self, address: str) -> None:
        self.ask("POST", f"{address.removeprefix('vault:')}/rotate")

    def limited_token(self, address: str, *operations: str) -> str:
        """A token whose policy allows no more than those operations with that key."""
        mount, _, key = address.removeprefix("vault:").partition("/keys/")
        name = f"only-{uuid4().hex[:8]}"
        rules = {f"{mount}/{operation}/{key}": {"capabilities": ["update"]} for operation in operations}
        self.ask("PUT", f"sys/policies/acl/{name}", policy=json.dumps({"path": rules}))
        token: str = self.ask("POST", "auth/token/create", policies=[name])["auth"]["client_token"]
        return token

    def environment(self, port: int) -> dict[str, str]:
        return {"VAULT_ADDR": f"http://127.0.0.1:{port}", "VAULT_TOKEN": VAULT_TOKEN}


@dataclass(frozen=True, slots=True)
class AwsStand:
    server: Running

    def client(self, service: str = "kms") -> Any:
        return boto3.Session("an-operator", "a-secret", region_name="ap-northeast-1").client(
            service, endpoint_url=f"http://127.0.0.1:{self.server.port}"
        )

    def key(self, name: str) -> str:
        client = self.client()
        arn = client.create_key(Description=name)["KeyMetadata"]["Arn"]
        client.close()
        return f"aws:{arn}"

    def demand_permission(self, after: float) -> None:
        """From then on moto looks into IAM, which knows none of us."""
        address = f"http://127.0.0.1:{self.server.port}/moto-api/reset-auth"
        httpx2.post(address, content=str(after), headers={"Content-Type": "text/plain"}).raise_for_status()

    def environment(self, port: int) -> dict[str, str]:
        return AWS_ACCESS | {"AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{port}"}


@dataclass(frozen=True, slots=True)
class CloudStand:
    server: Running
    folder: Path
    admin: kms.KeyManagementServiceClient

    def key(self, name: str) -> str:
        unique = f"{name}-{uuid4().hex[:8]}"
        made = self.admin.create_crypto_key(
            parent=RING, crypto_key_id=unique, crypto_key=kms.CryptoKey(purpose="ENCRYPT_DECRYPT")
        )
        return f"gcp:{made.name}?endpoint=localhost:{self.server.port}"

    def rotate(self, address: str) -> None:
        name = address.removeprefix("gcp:").partition("?")[0]
        version = self.admin.create_crypto_key_version(parent=name, crypto_key_version=kms.CryptoKeyVersion())
        number = version.name.rpartition("/")[2]
        self.admin.update_crypto_key_primary_version(name=name, crypto_key_version_id=number)

    def set_version(self, address: str, number: int, state: str) -> None:
        name = f"{address.removeprefix('gcp:').partition('?')[0]}/cryptoKeyVersions/{number}"
        self.admin.update_crypto_key_version(
            crypto_key_version=kms.CryptoKeyVersion(name=name, state=state), update_mask="state"
        )

    def environment(self, port: int) -> dict[str, str]:  # noqa: ARG002 - its port is in the address
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(self.folder / f"{ACCOUNT}.json")}


def write_account(folder: Path, email: str) -> Path:
    """A service account's key file, as Google Cloud makes them."""
    path = folder / f"{email}.json"
    content = {
        "type": "service_account",
        "project_id": "minato",
        "private_key_id": "1",
        "private_key": private_key()[1],
        "client_email": email,
        "client_id": "1",
        "token_uri": "https://localhost/never-asked",
    }
    path.write_text(json.dumps(content))
    return path
