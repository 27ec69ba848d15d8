"""CONNECTOR_KEK: which key service an address names, and what is said when it names none that can be used."""

import subprocess
import sys

import pytest

from connector.errors import Misconfigured
from connector.vault.kms import open_service

ARN = "arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd"
KEY = "projects/p/locations/asia-northeast1/keyRings/r/cryptoKeys/kek"


def problem_of(address: str) -> str:
    with pytest.raises(Misconfigured) as refusal:
        open_service(address, local_allowed=True)
    [problem] = refusal.value.problems
    return problem


@pytest.mark.parametrize("address", ["", "file:", "vault:", "file:?x=1", "/etc/kek.json", "azure:kek"])
def test_an_unknown_kind_of_key_service_is_named_with_the_kinds_there_are(address: str) -> None:
    assert problem_of(address) == (
        f"CONNECTOR_KEK: {address!r} is no key service; write file:/path/to/kek.json, vault:MOUNT/keys/NAME, "
        "aws:arn:aws:kms:REGION:ACCOUNT:key/ID or gcp:projects/…/cryptoKeys/NAME"
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("vault:kek", "'kek' is no transit key; write vault:MOUNT/keys/NAME"),
        ("vault:transit/keys/", "is no transit key"),
        ("vault:transit/keys/a b", "is no transit key"),
        ("aws:kek", "write aws:arn:aws:kms:REGION:ACCOUNT:key/ID, no alias"),
        ("aws:arn:aws:kms:ap-northeast-1:111122223333:alias/kek", "no alias"),
        ("gcp:kek", "write gcp:projects/P/locations/L/keyRings/R/cryptoKeys/NAME, without a version"),
        (f"gcp:{KEY}/cryptoKeyVersions/1", "without a version"),
        (f"aws:{ARN}?endpoint=x", "no option endpoint; options here: seconds"),
        (f"gcp:{KEY}?role=x&endpoint=y", "no option role; options here: endpoint, seconds"),
        ("vault:transit/keys/kek?rôle=x", "no option rôle; options here: login, namespace, role, seconds, token_file"),
        (f"aws:{ARN}?seconds=0", "seconds=0 is not above 0 and at most 60"),
        (f"aws:{ARN}?seconds=soon", "seconds=soon is not above 0"),
        ("file:/kek.json?mode=x", "no option mode; options here: none"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_the_form_it_should_have(address: str, said: str) -> None:
    assert said in problem_of(address)


def test_a_vault_without_a_token_is_refused_with_both_ways_to_give_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    assert problem_of("vault:transit/keys/kek") == (
        "VAULT_TOKEN: is missing; or name a role: CONNECTOR_KEK=vault:…?role=ROLE"
    )


def test_google_without_credentials_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/account.json")
    assert problem_of(f"gcp:{KEY}").startswith("CONNECTOR_KEK: Google Cloud: File /nowhere/account.json was not found")


@pytest.mark.parametrize(
    ("address", "variable"),
    [("vault:transit/keys/kek", "VAULT_ADDR"), (f"aws:{ARN}", "AWS_ENDPOINT_URL_KMS")],
)
def test_no_open_key_crosses_a_network_in_clear(monkeypatch: pytest.MonkeyPatch, address: str, variable: str) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "t")
    monkeypatch.setenv(variable, "http://vault.example.com:8200")
    assert problem_of(address) == f"{variable}: is not https://, which is needed for all but loopback"


MISSING = """
import sys
sys.modules[sys.argv[1]] = None  # as if it had never been installed
from connector.errors import Misconfigured
from connector.vault.kms import open_service
try:
    open_service(sys.argv[2], local_allowed=True)
except Misconfigured as refusal:
    print(*refusal.problems)
"""


@pytest.mark.parametrize(
    ("library", "address"),
    [("hvac", "vault:transit/keys/kek"), ("boto3", f"aws:{ARN}"), ("google_crc32c", f"gcp:{KEY}")],
)
def test_a_library_that_is_not_installed_is_named_with_what_to_install(library: str, address: str) -> None:
    told = subprocess.run([sys.executable, "-c", MISSING, library, address], capture_output=True, text=True, check=True)
    scheme = address.partition(":")[0]
    assert told.stdout.strip() == (
        f"CONNECTOR_KEK: {scheme}: needs {library}, which is not installed; "
        f"run: pip install 'invoice-connector[{scheme}]'"
    )


def test_a_key_file_loads_no_cloud_library() -> None:
    look = (
        "import sys, connector.bootstrap, connector.vault.kms.local\n"
        "print([each for each in ('hvac', 'boto3', 'botocore', 'grpc', 'google', 'requests') if each in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
