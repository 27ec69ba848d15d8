"""The exchange turns codes and refresh tokens into fresh tokens, in the manner of OpenAM (reference 2.3 to 2.6)."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from connector.twins.infomart.calls import Counted
from connector.twins.infomart.clients import Client
from connector.twins.infomart.consent import REALM
from connector.twins.infomart.grants import GrantError, Tokens
from connector.twins.infomart.ledger import fingerprint
from connector.twins.infomart.misfortune import EXCHANGE, Misfortune
from connector.twins.infomart.world import World

PATH = "/openam/oauth2/access_token"

_BEARER = "Bearer"
_FORM = "application/x-www-form-urlencoded"
_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_OUTDATED = "The provided access grant is invalid, expired, or revoked."  # OpenAM's one text for every such case


@dataclass(frozen=True, slots=True)
class Exchange:
    """The token endpoint."""

    world: World

    def routes(self) -> list[Route]:
        """One path, that misfortune may visit."""
        endpoint = Misfortune(EXCHANGE, self.world, request_response(self.answer))
        return [Route(PATH, Counted(self.world, endpoint), methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        """Tokens, or the reason why not."""
        async with request.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            _check_manner(request)
            client, tokens = self._earn(fields)
        except GrantError as refusal:
            return self._refuse(refusal, fields)
        body = {
            "access_token": tokens.access,
            **({} if tokens.refresh is None else {"refresh_token": tokens.refresh}),
            "token_type": _BEARER,
            self.world.lifetime_key: int(self.world.knobs.access_seconds),
            "scope": tokens.grant.scope,
            "id_token": self._identity(client, tokens, issuer=str(request.base_url)),
        }
        return self.world.answer(body, headers=_NOT_STORED)

    def _earn(self, fields: Mapping[str, str]) -> tuple[Client, Tokens]:
        grant_type = _required(fields, "grant_type")
        client_id, secret = _required(fields, "client_id"), _required(fields, "client_secret")
        if grant_type not in {"authorization_code", "refresh_token"}:
            raise GrantError("unsupported_grant_type", f"Grant type is not supported: {grant_type}")
        client = self.world.clients.get(client_id)
        if client is None or not client.proves_itself(secret):
            raise GrantError("invalid_client", "Client authentication failed")
        if grant_type == "refresh_token":
            return client, self._renew(_required(fields, "refresh_token"), client_id)
        return client, self.world.grants.redeem(
            _required(fields, "code"),
            client_id=client_id,
            redirect_uri=_required(fields, "redirect_uri"),
            verifier=fields.get("code_verifier"),
        )

    def _renew(self, refresh_token: str, client_id: str) -> Tokens:
        if self.world.die.random() < self.world.incident:
            raise GrantError("invalid_grant", "an incident of the provider's own")
        member = self.world.members.find(self.world.grants.whose(refresh_token) or "")
        if member is not None and not member.active:
            raise GrantError("invalid_request", f"Resource owner {member.pfid} is not valid")
        return self.world.grants.rotate(refresh_token, client_id=client_id)

    def _refuse(self, refusal: GrantError, fields: Mapping[str, str]) -> Response:
        presented = fields.get("refresh_token") or fields.get("code")
        self.world.ledger.write(
            "token_refused",
            client_id=fields.get("client_id"),
            error=refusal.error,
            reason=refusal.reason,
            presented=fingerprint(presented) if presented else None,
        )
        code = HTTPStatus.UNAUTHORIZED if refusal.error == "invalid_client" else HTTPStatus.BAD_REQUEST
        told = _OUTDATED if refusal.error == "invalid_grant" else refusal.reason
        body = {"error": refusal.error, "error_description": told}
        return self.world.answer(body, code=code, headers=_NOT_STORED)

    def _identity(self, client: Client, tokens: Tokens, *, issuer: str) -> str:
        """An id_token, which comes because `openid` was asked for; nothing needs to read it."""
        now = int(self.world.clock.now().timestamp())
        claims = {
            "iss": f"{issuer}openam/oauth2{REALM}",
            "sub": tokens.grant.pfid,
            "aud": client.id,
            "iat": now,
            "exp": now + int(self.world.knobs.access_seconds),
        }
        signed = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(claims)}"
        signature = hmac.digest(client.secret.encode(), signed.encode(), sha256)
        return f"{signed}.{_base64url(signature)}"


def _check_manner(request: Request) -> None:
    if request.query_params.get("realm") != REALM:
        raise GrantError("invalid_request", "Invalid realm")
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise GrantError("invalid_request", f"Content-Type must be {_FORM}")


def _required(fields: Mapping[str, str], name: str) -> str:
    if not (value := fields.get(name)):
        raise GrantError("invalid_request", f"Missing parameter, '{name}'")
    return value


def _segment(claims: Mapping[str, object]) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
