"""When the service rotates its key by itself: old wrapped keys open, new ones are told apart where they can be."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from connector.ports import KeyService
from tests.contract.conftest import patient
from tests.contract.key_servers import private_key
from tests.contract.stands import AwsStand, CloudStand, VaultStand

KEY, CONTEXT = bytes(range(32)), b"data_key of tenant A"
Dial = Callable[..., KeyService]


@pytest.mark.parametrize(("kind", "first", "second"), [("vault", ":v1", ":v2"), ("gcp", "Versions/1", "Versions/2")])
async def test_a_new_version_wraps_from_now_on_and_says_so(
    request: pytest.FixtureRequest, dial: Dial, kind: str, first: str, second: str
) -> None:
    stand: VaultStand | CloudStand = request.getfixturevalue(f"{kind}_stand")
    address = stand.key("one")
    service = dial(patient(address), **stand.environment(stand.server.port))
    before = await service.wrap(KEY, CONTEXT)
    assert await service.current() == before.kek_id

    stand.rotate(address)
    after = await service.wrap(KEY, CONTEXT)
    key = address.partition("?")[0]
    assert before.kek_id.startswith(key)
    assert before.kek_id.endswith(first)
    assert after.kek_id == before.kek_id.removesuffix(first) + second == await service.current()
    assert await service.unwrap(before, CONTEXT) == await service.unwrap(after, CONTEXT) == KEY


async def test_aws_keeps_its_rotations_to_itself(aws_stand: AwsStand, dial: Dial) -> None:
    address = aws_stand.key("one")
    service = dial(patient(address), **aws_stand.environment(aws_stand.server.port))
    before = await service.wrap(KEY, CONTEXT)
    client = aws_stand.client()
    client.rotate_key_on_demand(KeyId=address.rpartition("/")[2])
    client.close()
    assert (await service.wrap(KEY, CONTEXT)).kek_id == before.kek_id == await service.current() == address
    assert await service.unwrap(before, CONTEXT) == KEY


async def test_a_vault_token_that_ends_is_got_anew_with_the_service_accounts_own(
    vault_stand: VaultStand, dial: Dial, tmp_path: Path
) -> None:
    _, text = private_key()
    public = RSAKey.import_key(text).as_pem(private=False).decode()
    address = vault_stand.key("one")
    mount, _, key = address.removeprefix("vault:").partition("/keys/")
    rules = "".join(f'path "{mount}/{each}/{key}" {{ capabilities = ["update"] }}\n' for each in ("encrypt", "decrypt"))
    vault_stand.ask("PUT", f"sys/policies/acl/{mount}", policy=rules)
    vault_stand.ask("POST", f"sys/auth/{mount}", type="jwt")
    vault_stand.ask("POST", f"auth/{mount}/config", jwt_validation_pubkeys=[public])
    vault_stand.ask(
        "POST",
        f"auth/{mount}/role/connector",
        role_type="jwt",
        user_claim="sub",
        bound_audiences=["vault"],
        token_policies=[mount],
    )
    told = tmp_path / "token"
    now = int(time.time())
    claims = {"sub": "web", "aud": "vault", "iat": now, "exp": now + 600}
    told.write_text(jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(text)))
    environment = vault_stand.environment(vault_stand.server.port) | {"VAULT_TOKEN": ""}
    service = dial(f"{address}?seconds=30&role=connector&login={mount}&token_file={told}", **environment)

    wrapped = await service.wrap(KEY, CONTEXT)
    assert await service.unwrap(wrapped, CONTEXT) == KEY
    vault_stand.ask("PUT", f"sys/leases/revoke-prefix/auth/{mount}/login")
    assert await service.unwrap(wrapped, CONTEXT) == KEY
