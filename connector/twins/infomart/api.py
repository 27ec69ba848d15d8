"""The API lets a call pass its checks in the provider's order: token, format, permission, request (reference 3.7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from connector.twins.infomart.answers import (
    BUYER_NOT_PAID,
    NO_API_OPTION,
    NOT_SIGNED_IN,
    SELLER_NOT_PAID,
    WRONG_ACCEPT,
    WRONG_RESPONSE_TYPE,
    Refusal,
    RefusedError,
    envelope,
)
from connector.twins.infomart.ledger import fingerprint
from connector.twins.infomart.members import Member
from connector.twins.infomart.misfortune import Misfortune
from connector.twins.infomart.world import World

_STRIPPED = str.maketrans("", "", "%^*()[]<>'\"\t,")  # removed without a word (reference 3.4)
_JSON, _XML = "application/json", "text/xml"


class Side(StrEnum):
    """Which paid membership an operation needs [IM-1]."""

    BUYER = "buyer"
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation answers, and what the ledger keeps of it."""

    payload: dict[str, Any]
    noted: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the provider's seven APIs; `perform` raises RefusedError for a request it cannot accept."""

    name: str
    method: str
    path: str
    side: Side
    perform: Callable[[World, Member, Mapping[str, str]], Result]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation behind its checks."""

    operation: Operation
    world: World

    def route(self) -> Route:
        """The operation's path, that misfortune may visit."""
        app = Misfortune(self.operation.name, self.world, request_response(self.answer))
        return Route(self.operation.path, app, methods=[self.operation.method])

    async def answer(self, request: Request) -> Response:
        """The envelope: with the operation's payload, or with what was refused."""
        fields = {name: value.translate(_STRIPPED) for name, value in request.query_params.items()}
        request_id = uuid4()
        noted: dict[str, Any] = {}
        headers: dict[str, str] = {}
        try:
            member = self._admit(request, noted)
            _check_format(request, fields)
            self._check_contract(member)
            result = self.operation.perform(self.world, member, fields)
        except RefusedError as refusal:
            code = refusal.http_code
            body = envelope(request_id, *refusal.refusals)
            noted["errors"] = [each.error_code for each in refusal.refusals]
            if code == HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        else:
            code = HTTPStatus.OK
            body = envelope(request_id, **result.payload)
            noted |= result.noted
        self.world.ledger.write(
            "api_called", operation=self.operation.name, request_id=str(request_id), http_status=int(code), **noted
        )
        return self.world.answer(body, code=code, headers=headers)

    def _admit(self, request: Request, noted: dict[str, Any]) -> Member:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        grant = self.world.grants.holder(token) if scheme.lower() == "bearer" else None
        member = self.world.members.find(grant.pfid) if grant is not None else None
        if token:
            noted["access_token"] = fingerprint(token)
        if grant is None or member is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, Refusal(NOT_SIGNED_IN))
        noted["client_id"], noted["pfid"] = grant.client_id, member.pfid
        return member

    def _check_contract(self, member: Member) -> None:
        """Both "not allowed" and "bad request" answer 400; only the code tells them apart [IM-10]."""
        paid = member.buyer_paid if self.operation.side is Side.BUYER else member.seller_paid
        if not paid:
            refused = BUYER_NOT_PAID if self.operation.side is Side.BUYER else SELLER_NOT_PAID
            raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(refused))
        if not member.api_option:
            raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(NO_API_OPTION))


def _check_format(request: Request, fields: Mapping[str, str]) -> None:
    """Accept names a format outright, response_type agrees, and this twin speaks JSON alone (reference 3.2, 3.3)."""
    accepted = {each.partition(";")[0].strip().lower() for each in request.headers.get("Accept", "").split(",")}
    if not accepted & {_JSON, _XML}:
        raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(WRONG_ACCEPT, "Accept"))
    if fields.get("response_type") != "json" or _JSON not in accepted:
        raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(WRONG_RESPONSE_TYPE, "response_type"))
