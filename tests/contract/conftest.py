"""What the suites here share: key services, each started when a test first asks for it, and a company at Infomart."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud.kms_v1 import KeyManagementServiceClient
from google.oauth2 import service_account

from connector.ports import KeyService
from connector.vault.kms import open_service
from connector.vault.kms.local import LocalFile
from tests.contract import key_servers
from tests.contract.infomart import Office, opened_office
from tests.contract.keys import PretendKeyService
from tests.contract.stands import ACCOUNT, STRANGER, VAULT_TOKEN, AwsStand, CloudStand, Stand, VaultStand, write_account
from tests.world import TwinServer


def patient(address: str) -> str:
    """The same key, with time enough for a machine that is busy with other tests."""
    return f"{address}{'&' if '?' in address else '?'}seconds=30"


Make = Callable[[str], KeyService]
REMOTE = ["vault", "aws", "gcp"]


@pytest.fixture(scope="session")
def vault_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultStand]:
    for server in key_servers.openbao(tmp_path_factory.mktemp("openbao"), VAULT_TOKEN):
        yield VaultStand(server)


@pytest.fixture(scope="session")
def aws_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsStand]:
    for server in key_servers.moto(tmp_path_factory.mktemp("moto")):
        yield AwsStand(server)


@pytest.fixture(scope="session")
def gcp_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudStand]:
    folder = tmp_path_factory.mktemp("cloud-kms")
    account = write_account(folder, ACCOUNT)
    write_account(folder, STRANGER)
    for server in key_servers.cloud_kms(folder, ACCOUNT):
        # gRPC reads it once in a process, and before any test could set it for itself alone.
        os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(folder / "certificate.pem")
        credentials = service_account.Credentials.from_service_account_file(str(account))  # type: ignore[no-untyped-call]  # Google left it untyped
        endpoint = {"api_endpoint": f"localhost:{server.port}"}
        with KeyManagementServiceClient(credentials=credentials, client_options=endpoint) as admin:
            yield CloudStand(server, folder, admin)


@pytest.fixture(params=REMOTE)
def stand(request: pytest.FixtureRequest) -> Stand:
    """Each of the services that are reached over a network."""
    chosen: Stand = request.getfixturevalue(f"{request.param}_stand")
    return chosen


@pytest.fixture
async def dial(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., KeyService]]:
    """Opens the key service at an address, with what its library reads in the environment; closes it afterwards."""
    opened: list[KeyService] = []

    def open_it(address: str, **environment: str) -> KeyService:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        opened.append(open_service(address, local_allowed=True))
        return opened[-1]

    yield open_it
    for service in opened:
        await service.close()


@pytest.fixture(params=["local", "pretended", *REMOTE])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def make(kind: str, request: pytest.FixtureRequest, tmp_path: Path, dial: Callable[..., KeyService]) -> Make:
    """Makes a service with a key-encryption key of its own, of each kind."""
    made = 0

    def make_it(name: str) -> KeyService:
        nonlocal made
        made += 1
        if kind == "pretended":
            return PretendKeyService(name)
        if kind == "local":
            path = tmp_path / str(made) / f"{name}.json"
            LocalFile.create(path, name)
            return dial(f"file:{path}")
        stand: Stand = request.getfixturevalue(f"{kind}_stand")
        return dial(patient(stand.key(name)), **stand.environment(stand.server.port))

    return make_it


@pytest.fixture(params=["v1", "v2"])
def generation(request: pytest.FixtureRequest) -> str:
    """Each generation of Infomart's API."""
    chosen: str = request.param
    return chosen


@pytest.fixture
async def office(generation: str, twin: TwinServer) -> AsyncIterator[Office]:
    async with opened_office(generation, twin, timedelta(seconds=20)) as opened:
        yield opened


@pytest.fixture
async def hasty_office(generation: str, twin: TwinServer) -> AsyncIterator[Office]:
    """The same, with a client that gives an answer half a second."""
    async with opened_office(generation, twin, timedelta(seconds=0.5)) as opened:
        yield opened
