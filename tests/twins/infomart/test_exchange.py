import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

import pytest

from connector.twins.infomart.ledger import fingerprint
from tests.twins.infomart.visitor import CALLBACK, CLIENT_ID, CLIENT_SECRET, PFID, SCOPE, TOKEN, Visitor

OUTDATED = "The provided access grant is invalid, expired, or revoked."
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


async def test_a_code_earns_tokens_of_the_documented_shape(visitor: Visitor) -> None:
    answer = await visitor.redeem(await visitor.code())
    body = answer.json()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(body) == ["access_token", "refresh_token", "token_type", "expires_in", "scope", "id_token"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, SCOPE)
    assert str(UUID(body["access_token"])) == body["access_token"]
    assert str(UUID(body["refresh_token"])) == body["refresh_token"]


async def test_the_identity_token_is_signed_with_the_client_secret(visitor: Visitor) -> None:
    signed, _, signature = (await visitor.tokens())["id_token"].rpartition(".")
    claims = json.loads(urlsafe_b64decode(signed.partition(".")[2] + "=="))

    assert urlsafe_b64decode(signature + "=") == hmac.digest(CLIENT_SECRET.encode(), signed.encode(), sha256)
    assert (claims["sub"], claims["aud"]) == (PFID, CLIENT_ID)
    assert claims["exp"] - claims["iat"] == 300


async def test_a_code_counts_once_and_a_second_use_withdraws_what_the_first_earned(visitor: Visitor) -> None:
    code = await visitor.code()
    first = (await visitor.redeem(code)).json()

    again = await visitor.redeem(code)

    assert again.status_code == 400
    assert again.json() == {"error": "invalid_grant", "error_description": OUTDATED}
    assert (await visitor.invoices(first["access_token"])).status_code == 401
    assert (await visitor.refresh(first["refresh_token"])).json()["error"] == "invalid_request"


async def test_a_code_lives_for_two_minutes(visitor: Visitor) -> None:
    fresh, stale = await visitor.code(), await visitor.code()

    await visitor.pass_time(119)
    assert (await visitor.redeem(fresh)).status_code == 200
    await visitor.pass_time(1)
    late = await visitor.redeem(stale)

    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")
    assert [each["reason"] for each in await visitor.events("token_refused")] == ["code expired"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code": "12345678-1234-4234-8234-123456789012"}, "unknown code"),
        ({"redirect_uri": CALLBACK + "/"}, "redirect_uri differs from the authorisation request"),
        ({"client_id": "other", "client_secret": "other-secret"}, "code belongs to another client"),
    ],
)
async def test_a_code_counts_for_its_own_client_and_callback_only(
    visitor: Visitor, fields: dict[str, str], reason: str
) -> None:
    code = await visitor.code()

    answer = await visitor.redeem(code, **fields)

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": OUTDATED}
    assert [each["reason"] for each in await visitor.events("token_refused")] == [reason]
    assert (await visitor.redeem(code)).status_code == 200  # a wrong attempt does not spend it


async def test_the_verifier_must_match_the_challenge_if_one_was_sent(visitor: Visitor) -> None:
    code = await visitor.code(**PKCE)

    missing = await visitor.redeem(code)
    wrong = await visitor.redeem(code, code_verifier="w" * 43)
    right = await visitor.redeem(code, code_verifier=VERIFIER)

    assert missing.json() == {"error": "invalid_request", "error_description": "code_verifier parameter required"}
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert right.status_code == 200


async def test_a_verifier_nobody_asked_for_is_ignored(visitor: Visitor) -> None:
    assert (await visitor.redeem(await visitor.code(), code_verifier=VERIFIER)).status_code == 200


async def test_every_refresh_gives_a_new_pair_and_the_old_refresh_token_dies_at_once(visitor: Visitor) -> None:
    first = await visitor.tokens()

    second = (await visitor.refresh(first["refresh_token"], response_type="json")).json()
    again = await visitor.refresh(first["refresh_token"])
    third = (await visitor.refresh(second["refresh_token"])).json()

    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    assert len({each["access_token"] for each in (first, second, third)}) == 3
    assert again.status_code == 400
    assert again.json() == {"error": "invalid_request", "error_description": "RefreshToken does not exist"}
    rotations = await visitor.events("token_rotated")
    assert [each["replaced"] for each in rotations] == [
        fingerprint(first["refresh_token"]),
        fingerprint(second["refresh_token"]),
    ]


async def test_an_access_token_outlives_the_refresh_that_replaced_it(visitor: Visitor) -> None:
    first = await visitor.tokens()

    await visitor.refresh(first["refresh_token"])

    assert (await visitor.invoices(first["access_token"])).status_code == 200


async def test_a_refresh_token_lives_for_31_days_counted_anew_at_each_rotation(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    month = 31 * 86_400

    await visitor.pass_time(month - 1)
    rotated = (await visitor.refresh(tokens["refresh_token"])).json()
    await visitor.pass_time(month - 1)
    rotated = (await visitor.refresh(rotated["refresh_token"])).json()
    await visitor.pass_time(month)
    late = await visitor.refresh(rotated["refresh_token"])

    assert late.status_code == 400
    assert late.json() == {"error": "invalid_grant", "error_description": OUTDATED}


async def test_an_unknown_refresh_token_is_a_bad_request_as_in_openam(visitor: Visitor) -> None:
    answer = await visitor.refresh("00000000-0000-4000-8000-000000000000")

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": "RefreshToken does not exist"}


async def test_a_refresh_token_counts_for_its_own_client_only(visitor: Visitor) -> None:
    tokens = await visitor.tokens()

    stolen = await visitor.refresh(tokens["refresh_token"], client_id="other", client_secret="other-secret")

    assert stolen.json() == {
        "error": "invalid_request",
        "error_description": "Token was issued to a different client",
    }
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("fields", [{"client_id": "stranger"}, {"client_secret": "wrong"}])
async def test_an_unproven_client_earns_nothing_and_harms_nothing(visitor: Visitor, fields: dict[str, str]) -> None:
    code, tokens = await visitor.code(), await visitor.tokens()

    for answer in (await visitor.redeem(code, **fields), await visitor.refresh(tokens["refresh_token"], **fields)):
        assert answer.status_code == 401
        assert answer.json() == {
            "error": "invalid_client",
            "error_description": "Client authentication failed",
        }

    assert (await visitor.redeem(code)).status_code == 200
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


async def test_http_basic_is_not_a_way_to_present_the_client(visitor: Visitor) -> None:
    answer = await visitor.http.post(
        TOKEN,
        data={"grant_type": "authorization_code", "code": await visitor.code(), "redirect_uri": CALLBACK},
        auth=(CLIENT_ID, CLIENT_SECRET),
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("missing", ["grant_type", "client_id", "client_secret", "code", "redirect_uri"])
async def test_a_missing_field_is_named(visitor: Visitor, missing: str) -> None:
    answer = await visitor.redeem("any", **{missing: ""})

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": f"Missing parameter, '{missing}'"}


async def test_a_missing_refresh_token_is_named(visitor: Visitor) -> None:
    answer = await visitor.refresh("")

    assert answer.json() == {"error": "invalid_request", "error_description": "Missing parameter, 'refresh_token'"}


@pytest.mark.parametrize("grant_type", ["password", "client_credentials"])
async def test_other_grants_are_not_offered(visitor: Visitor, grant_type: str) -> None:
    answer = await visitor.exchange(grant_type=grant_type)

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_the_realm_and_the_form_are_part_of_the_contract(visitor: Visitor) -> None:
    fields = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    elsewhere = await visitor.http.post("/openam/oauth2/access_token", data=fields)
    as_json = await visitor.http.post(TOKEN, json=fields)

    assert elsewhere.json() == {"error": "invalid_request", "error_description": "Invalid realm"}
    assert as_json.json()["error"] == "invalid_request"
    assert (await visitor.http.get(TOKEN)).status_code == 405
