"""How a tenant consents at Infomart, and how that consent is kept alive."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connector.domain.connection import Grant
from connector.domain.renewal import CALL_LIMIT, TokenReply
from connector.errors import OutcomeUnknown
from connector.providers.infomart import refusals, wire
from connector.providers.infomart.manifest import INFOMART, REALM
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret

_TOKEN_IN_PIECES = re.compile(rb'"(access_token|refresh_token)"\s*:\s*("(?:[^"\\]|\\.)*")')
_LONGEST_FIGURE = 9  # digits of a number of seconds that is worth reading


class InfomartConsent:
    """The authorisation-code grant, with client credentials as form fields."""

    def __init__(self, transport: Transport, site: Site, client_id: str, client_secret: Secret) -> None:
        self._transport = transport
        self._authorise = f"{site.auth_url}{INFOMART.authorise_path}?realm={REALM}"
        self._token = f"{site.auth_url}{INFOMART.token_path}?realm={REALM}"
        self._client_id = client_id
        self._client_secret = client_secret

    def authorise_url(self, *, state: Secret, verifier: Secret, redirect_uri: str) -> str:
        """Where to send the person's browser."""
        challenge = {
            "code_challenge": create_s256_code_challenge(verifier.reveal()),
            "code_challenge_method": "S256",
        }
        address: str = prepare_grant_uri(
            self._authorise,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=INFOMART.scope,
            state=state.reveal(),
            access_type="offline",
            **(challenge if INFOMART.sends_pkce else {}),
        )
        return address

    async def redeem(self, *, code: Secret, verifier: Secret, redirect_uri: str, now: datetime) -> Grant:
        """The first grant of a line; raises ConsentRefused for a code that is spent, late or not ours."""
        form = prepare_token_request(
            "authorization_code",
            redirect_uri=redirect_uri,
            code=code.reveal(),
            **({"code_verifier": verifier.reveal()} if INFOMART.sends_pkce else {}),
            **self._client(),
        )
        try:
            async with asyncio.timeout(CALL_LIMIT.total_seconds()):
                reply = await self._transport.post_token(self._token, form=form)
        except TimeoutError:
            raise OutcomeUnknown from None
        if refusal := refusals.of_token(reply, renewing=False):
            raise refusal
        return _grant(reply, now)

    async def ask_renewal(self, refresh: Secret, *, last_look: Callable[[], None]) -> TokenReply:
        """What the provider says to a refresh token; whatever it says, the token may be dead from then on.

        `last_look` is called when nothing but the sending is left, and nothing is sent if it raises.
        """
        form = prepare_token_request("refresh_token", refresh_token=refresh.reveal(), **self._client())
        return await self._transport.post_token(self._token, form=form, last_look=last_look)

    def read_renewal(self, reply: TokenReply, *, now: datetime) -> Grant:
        """The next grant of a line, from an answer that is safe by now.

        Raises ConsentEnded for a token that is dead, ClientRefused for a client of ours that is not known,
        Unavailable when nothing was done, and OutcomeUnknown when that cannot be told.
        """
        if refusal := refusals.of_token(reply, renewing=True):
            raise refusal
        return _grant(reply, now)

    def _client(self) -> dict[str, str]:
        return {"client_id": self._client_id, "client_secret": self._client_secret.reveal()}


def _grant(reply: TokenReply, now: datetime) -> Grant:
    """The grant in an answer; one that cannot be read may still have cost the old token, so the outcome is unknown."""
    try:
        told = wire.read(wire.TOKEN, reply.body)
    except msgspec.DecodeError:
        told = _salvaged(reply.body)
    if told.access_token is None and told.refresh_token is None:
        raise OutcomeUnknown
    refresh = None if told.refresh_token is None else Secret(told.refresh_token)
    refresh_ends_at = None
    if refresh is not None and INFOMART.refresh_lifetime is not None:
        refresh_ends_at = now + INFOMART.refresh_lifetime
    return Grant(
        access=None if told.access_token is None else Secret(told.access_token),
        refresh=refresh,
        access_ends_at=now + _lifetime(told),
        refresh_ends_at=refresh_ends_at,
    )


def _salvaged(body: bytes) -> wire.TokenAnswer:
    """What arrived whole in an answer that did not; raises OutcomeUnknown when no refresh token did."""
    found: dict[str, str] = {}
    for name, text in _TOKEN_IN_PIECES.findall(body):
        try:
            found[name.decode()] = wire.read(wire.TEXT, text)
        except msgspec.DecodeError:
            continue  # half a text is no token
    if not found.get("refresh_token"):
        raise OutcomeUnknown
    return wire.TokenAnswer(access_token=found.get("access_token"), refresh_token=found["refresh_token"])


def _lifetime(told: wire.TokenAnswer) -> timedelta:
    """The stated lifetime under either spelling, never longer than documented; absent or senseless: the documented."""
    for stated in (told.expires_in, told.exires_in):
        text = bytes(stated).decode(errors="replace").strip('"')
        if text.isdecimal() and len(text) <= _LONGEST_FIGURE and int(text) > 0:
            return min(timedelta(seconds=int(text)), INFOMART.access_lifetime)
    return INFOMART.access_lifetime
