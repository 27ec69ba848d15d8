"""Consent at Infomart: where the person is sent, what a token endpoint may answer, and what each answer means."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.connection import Grant
from connector.errors import (
    ClientRefused,
    ConnectorError,
    ConsentEnded,
    ConsentRefused,
    Misconfigured,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
)
from connector.providers.infomart.consent import InfomartConsent
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret
from tests.connector.providers.canned import Canned
from tests.connector.providers.infomart.said import SITE, Saying, answer

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FIVE_MINUTES, MONTH = timedelta(minutes=5), timedelta(days=31)
CALLBACK = "https://connector.example/callback/infomart"
GIVEN = {"access_token": "A2", "refresh_token": "R2", "token_type": "Bearer", "expires_in": 300, "scope": "openid"}
HTML = "<!DOCTYPE html><html><title>メンテナンス</title></html>".encode()


def nothing() -> None:
    """A look that has nothing against it."""


def consent(said: Saying) -> InfomartConsent:
    return InfomartConsent(said, SITE, "client-1", Secret("client-secret"))


async def renewed(code: int, body: bytes, headers: dict[str, str] | None = None) -> Grant:
    asking = consent(Saying(answer(code, body, headers)))
    return asking.read_renewal(await asking.ask_renewal(Secret("R1"), last_look=nothing), now=NOW)


async def redeemed(code: int, body: bytes) -> Grant:
    saying = consent(Saying(answer(code, body)))
    return await saying.redeem(code=Secret("C"), verifier=Secret("V"), redirect_uri=CALLBACK, now=NOW)


def refusal(error: str, description: str | None = None) -> bytes:
    return json.dumps({"error": error, "error_description": description}).encode()


def test_im_16_the_browser_is_sent_with_everything_the_provider_wants_and_a_proof_it_cannot_guess() -> None:
    verifier = "a-verifier-of-forty-three-characters-or-more"
    url = consent(Saying(answer(200, b""))).authorise_url(
        state=Secret("the-state"), verifier=Secret(verifier), redirect_uri=CALLBACK
    )
    parts = urlsplit(url)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://auth.invalid/openam/oauth2/authorize"
    assert parse_qs(parts.query) == {
        "realm": ["/api"],
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": [CALLBACK],
        "scope": ["openid profile email qualified"],
        "state": ["the-state"],
        "access_type": ["offline"],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }
    assert verifier not in url


async def test_im_20_tokens_are_asked_for_by_form_with_the_client_in_it(canned: Canned, transport: Transport) -> None:
    canned.body = json.dumps(GIVEN).encode()
    asking = InfomartConsent(transport, Site(canned.url, canned.url), "client-1", Secret("s&cret="))
    await asking.redeem(code=Secret("C+1"), verifier=Secret("V"), redirect_uri=CALLBACK, now=NOW)
    await asking.ask_renewal(Secret("R1"), last_look=nothing)

    first, second = canned.asked
    for asked in (first, second):
        assert (asked.method, asked.path, asked.query) == ("POST", "/openam/oauth2/access_token", {"realm": "/api"})
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert "authorization" not in asked.headers
    client = {"client_id": ["client-1"], "client_secret": ["s&cret="]}
    assert parse_qs(first.body) == {
        "grant_type": ["authorization_code"],
        "code": ["C+1"],
        "redirect_uri": [CALLBACK],
        "code_verifier": ["V"],
        **client,
    }
    assert parse_qs(second.body) == {"grant_type": ["refresh_token"], "refresh_token": ["R1"], **client}


async def test_im_3_a_grant_lives_five_minutes_and_its_consent_a_month() -> None:
    grant = await renewed(200, json.dumps(GIVEN).encode())
    assert grant == Grant(Secret("A2"), Secret("R2"), NOW + FIVE_MINUTES, NOW + MONTH)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        ({"expires_in": 299}, 299),
        ({"expires_in": "120"}, 120),
        ({"exires_in": 60}, 60),
        ({"exires_in": "60"}, 60),
        ({"expires_in": None, "exires_in": 61}, 61),
        ({"expires_in": 299, "exires_in": 1}, 299),
        ({}, 300),
        ({"expires_in": 0}, 300),
        ({"expires_in": "0"}, 300),
        ({"expires_in": -5}, 300),
        ({"expires_in": 3600}, 300),
        ({"expires_in": 10**9}, 300),
        ({"expires_in": 10**30}, 300),
        ({"expires_in": "9" * 5000}, 300),
        ({"expires_in": 299.5}, 300),
        ({"expires_in": "soon"}, 300),
        ({"expires_in": True}, 300),
        ({"expires_in": []}, 300),
        ({"expires_in": {"seconds": 60}}, 300),
    ],
)
async def test_im_24_no_lifetime_however_odd_costs_a_token_that_arrived(
    lifetime: dict[str, object], seconds: int
) -> None:
    told = {name: value for name, value in GIVEN.items() if name != "expires_in"}
    grant = await renewed(200, json.dumps({**told, **lifetime}).encode())
    assert (grant.access, grant.refresh) == (Secret("A2"), Secret("R2"))
    assert grant.access_ends_at == NOW + timedelta(seconds=seconds)


async def test_a_lifetime_beyond_any_number_costs_no_token() -> None:
    body = b'{"access_token": "A2", "refresh_token": "R2", "expires_in": 1e999}'
    assert (await renewed(200, body)).refresh == Secret("R2")


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=5).map("added_{}".format), st.none() | st.integers() | st.text(max_size=5)))
async def test_im_25_fields_we_never_heard_of_change_nothing(added: dict[str, object]) -> None:
    told = dict(reversed({**GIVEN, **added, "id_token": "a.b.c"}.items()))
    assert (await renewed(200, json.dumps(told).encode())).refresh == Secret("R2")


@pytest.mark.parametrize("told", [{"access_token": "A2"}, {"access_token": "A2", "refresh_token": None}])
async def test_an_answer_without_a_refresh_token_keeps_the_old_one(told: dict[str, object]) -> None:
    grant = await renewed(200, json.dumps(told).encode())
    assert (grant.access, grant.refresh, grant.refresh_ends_at) == (Secret("A2"), None, None)


async def test_wherever_an_answer_breaks_off_a_refresh_token_that_arrived_is_kept() -> None:
    body = json.dumps({**GIVEN, "access_token": 'A"2\\', "refresh_token": 'R-\u00e9"2'}).encode()
    arrived = body.index(b'", "token_type"') + 1  # the byte that ends it
    for length in range(len(body)):
        if length < arrived:
            with pytest.raises(OutcomeUnknown):
                await renewed(200, body[:length])
        else:
            grant = await renewed(200, body[:length])
            assert (grant.access, grant.refresh) == (Secret('A"2\\'), Secret('R-\u00e9"2'))


async def test_an_access_token_that_cannot_be_read_costs_no_refresh_token() -> None:
    grant = await renewed(200, b'{"access_token": 5, "refresh_token": "R2"}')
    assert (grant.access, grant.refresh) == (None, Secret("R2"))


WORDS_OF_DEATH = [
    refusal("invalid_grant"),
    refusal("invalid_grant", "The provided access grant is invalid, expired, or revoked."),
    refusal("invalid_request", "RefreshToken does not exist"),
    refusal("invalid_request", "Resource owner keiri@example.co.jp not valid"),
]
COMPLAINTS = [
    refusal("invalid_request"),
    refusal("invalid_request", "Invalid realm"),
    refusal("invalid_request", "Missing parameter, 'refresh_token'"),
    refusal("invalid_request", "The content type is not valid"),
    refusal("invalid_request", "The client's registration has expired"),
    refusal("unsupported_grant_type", "Grant type is not supported: x"),
    refusal("unauthorized_client", "Resource owner is not known to this client"),
    refusal("invalid_scope"),
    refusal("temporarily_unavailable", "session expired"),
]
SILENCES = [b"", b"{", HTML, b"[]", b"null", b'"text"', b'{"error": 5}', b'{"error": ' + b"[" * 5000, b"{}"]


@pytest.mark.parametrize("code", [400, 401, 403])
@pytest.mark.parametrize("body", WORDS_OF_DEATH)
async def test_im_27_a_dead_token_ends_the_consent_and_a_dead_code_refuses_it(code: int, body: bytes) -> None:
    with pytest.raises(ConsentEnded):
        await renewed(code, body)
    with pytest.raises(ConsentRefused):
        await redeemed(code, body)


@pytest.mark.parametrize("code", [400, 401, 403])
@pytest.mark.parametrize("body", COMPLAINTS)
async def test_a_complaint_about_the_request_ends_nobodys_consent(code: int, body: bytes) -> None:
    for ask in (renewed, redeemed):
        with pytest.raises(RefusedByProvider) as said:
            await ask(code, body)
        assert said.value.codes == [json.loads(body)["error"]]


@pytest.mark.parametrize("code", [400, 401, 403])
@pytest.mark.parametrize("description", [None, "Client authentication failed", "client expired", "Resource owner"])
async def test_im_26_an_unknown_client_is_our_own_fault_and_no_tenants(code: int, description: str | None) -> None:
    for ask in (renewed, redeemed):
        with pytest.raises((ClientRefused, Misconfigured)) as said:
            await ask(code, refusal("invalid_client", description))
        assert said.type is (ClientRefused if ask is renewed else Misconfigured)


@pytest.mark.parametrize("code", [500, 502, 504])
@pytest.mark.parametrize("body", [*WORDS_OF_DEATH, *COMPLAINTS, *SILENCES, refusal("invalid_client")])
async def test_a_fault_of_theirs_leaves_the_outcome_unknown_whatever_it_says(code: int, body: bytes) -> None:
    for ask in (renewed, redeemed):
        with pytest.raises(OutcomeUnknown):
            await ask(code, body)


@pytest.mark.parametrize("code", [200, 302, 400, 401, 403, 404])
@pytest.mark.parametrize("body", SILENCES)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(code: int, body: bytes) -> None:
    for ask in (renewed, redeemed):
        with pytest.raises(OutcomeUnknown):
            await ask(code, body)


@pytest.mark.parametrize("code", [429, 503])
async def test_a_stop_is_waited_for_and_changes_nothing(code: int) -> None:
    with pytest.raises(Unavailable) as said:
        await renewed(code, HTML, {"retry-after": "120"})
    assert said.value.wait == timedelta(seconds=120)
    with pytest.raises(Unavailable) as said:
        await renewed(code, WORDS_OF_DEATH[0])
    assert said.value.wait == timedelta(minutes=10)


@pytest.mark.parametrize("body", [*WORDS_OF_DEATH, *COMPLAINTS])
async def test_no_failure_holds_a_token_or_the_clients_secret(body: bytes) -> None:
    said = json.loads(body)
    echoing = json.dumps({**said, "error_description": f"{said['error_description']} R1 client-secret"}).encode()
    with pytest.raises(ConnectorError) as failure:
        await renewed(400, echoing)
    assert "client-secret" not in repr(failure.value) + str(failure.value)
    assert "R1" not in str(vars(failure.value))
