"""The API lets a call pass its checks in the provider's order: token, format, permission, content [IM-36]."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from connector.twins.infomart.answers import Refusal, RefusedError, envelope
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.formats import Format, UnreadableError, accepted, by_accept, read_request, strip
from connector.twins.infomart.ledger import fingerprint
from connector.twins.infomart.members import Member
from connector.twins.infomart.misfortune import Lateness, Misfortune, lateness
from connector.twins.infomart.operations import LACKING, Call, Operation, Result
from connector.twins.infomart.profiles import PROFILES, Profile, Wire
from connector.twins.infomart.world import World


def routes(world: World, *operations: Operation[Any]) -> list[Route]:
    """Every operation in every generation."""
    return [
        Endpoint(operation, profile, profile.wires[operation.name], world).route()
        for profile in PROFILES
        for operation in operations
    ]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of one generation behind its checks."""

    operation: Operation[Any]
    profile: Profile
    wire: Wire
    world: World

    def route(self) -> Route:
        """The operation's path, that misfortune may visit."""
        app = Misfortune(self.operation.name, self.world, request_response(self.answer))
        return Route(self.wire.path, app, methods=[self.wire.method])

    async def answer(self, request: Request) -> Response:
        """The envelope: with the operation's payload, or with what was refused."""
        if self.profile.name not in self.world.knobs.profiles:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        request_id = uuid4()
        form = by_accept(request)
        noted: dict[str, Any] = {}
        headers: dict[str, str] = {}
        try:
            member = self._admit(request, noted)
            fields, form = await self._hear(request)
            self._check_contract(member)
            call = Call(self.world, member, self.profile, self.wire, fields, request_id)
            result = await self._perform(call, lateness(request.scope))
        except RefusedError as refusal:
            code, refusals, payload = refusal.http_code, refusal.refusals, {}
            if code == HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        else:
            code, refusals, payload = result.http_code, tuple(result.refusals), result.payload
            noted |= result.noted
        if refusals:
            noted["errors"] = [each.error_code.value for each in refusals]
        self._note(request_id, code, noted)
        return self.world.answer(envelope(request_id, *refusals, **payload), code=code, headers=headers, form=form)

    def _note(self, request_id: UUID, code: HTTPStatus, noted: dict[str, Any]) -> None:
        self.world.ledger.write(
            "api_called",
            operation=self.operation.name,
            profile=self.profile.name,
            request_id=str(request_id),
            http_status=int(code),
            **noted,
        )

    def _admit(self, request: Request, noted: dict[str, Any]) -> Member:
        """The member behind the token, which counts if it counts as the call begins [IM-30]."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        grant = self.world.grants.holder(token) if scheme.lower() == "bearer" else None
        member = self.world.members.find(grant.pfid) if grant is not None else None
        if token:
            noted["access_token"] = fingerprint(token)
        if grant is None or member is None:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, Refusal(Code.NOT_SIGNED_IN))
        noted["client_id"], noted["pfid"] = grant.client_id, member.pfid
        return member

    async def _hear(self, request: Request) -> tuple[dict[str, Any], Format]:
        """What is asked, and the format of the answer: `Accept` and `response_type` must agree on it [IM-35]."""
        spoken = accepted(request)
        if not spoken:
            raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(Code.WRONG_ACCEPT, "Accept"))  # [IM-34]
        try:
            fields = await read_request(request)
        except UnreadableError as wrong:
            raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(wrong.code, wrong.item)) from wrong
        if self.world.knobs.strip_chars:
            fields = strip(fields)
        form = next((each for each in spoken if each == fields.get("response_type")), None)
        if form is None:
            raise RefusedError(HTTPStatus.BAD_REQUEST, Refusal(Code.WRONG_RESPONSE_TYPE, "response_type"))
        return fields, form

    def _check_contract(self, member: Member) -> None:
        """In v1 "not allowed" answers 400 like "bad request"; only the code tells them apart [IM-10]."""
        for flag in (self.operation.side, *self.operation.needs):
            if not getattr(member, flag):
                denied = HTTPStatus(self.world.knobs.denied[self.profile.name])
                raise RefusedError(denied, Refusal(LACKING[flag]))

    async def _perform(self, call: Call, late: Lateness | None) -> Result:
        """The content is checked at once; the work may come late, and is then done even if the caller has gone."""
        asked = self.operation.parse(call)
        if late is None:
            return self.operation.do(call, asked)
        limit = self.world.clock.now() + timedelta(seconds=self.world.knobs.call_limit_seconds)
        work = self.world.go_on(self._do_late(call, asked, late.due))
        late.checked.set()
        if late.due > limit:
            await self.world.clock.reach(limit)
            raise RefusedError(HTTPStatus.GATEWAY_TIMEOUT, Refusal(Code.INTERNAL))  # [IM-108]
        return await work

    async def _do_late(self, call: Call, asked: Any, due: datetime) -> Result:
        world = self.world
        with world.holding(self.operation.touches(asked)):
            await world.clock.reach(due)
        current = world.members.find(call.member.pfid) or call.member
        return self.operation.do(replace(call, member=current), asked)
