"""Consent is the page where a person signs in and allows an application to act for their company (reference 2.3)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connector.twins.infomart.clients import Client
from connector.twins.infomart.grants import Grant
from connector.twins.infomart.ledger import fingerprint
from connector.twins.infomart.pages import PRIVATE, show
from connector.twins.infomart.world import World

PATH = "/openam/oauth2/authorize"
REALM = "/api"
SCOPE = "openid profile email qualified"  # (reference 2.3, public)

_CHALLENGE_LENGTH = 43  # base64url of a SHA-256 digest, without padding


@dataclass(frozen=True, slots=True)
class Ask:
    """What an application asks of a person; the form carries it from the page back to us."""

    realm: str
    response_type: str
    client_id: str
    redirect_uri: str
    scope: str
    state: str
    access_type: str
    code_challenge: str
    code_challenge_method: str

    @classmethod
    def read(cls, parameters: Mapping[str, object]) -> "Ask":
        """The parameters of an authorisation request; an absent one is empty."""
        return cls(**{name: str(parameters.get(name, "")) for name in cls.__dataclass_fields__})

    def objection(self) -> str | None:
        """The OAuth error to send back to the application, if it asks for what cannot be had."""
        if self.response_type != "code":
            return "unsupported_response_type"
        if not self.scope or set(self.scope.split()) - set(SCOPE.split()):
            return "invalid_scope"
        if self.code_challenge and (
            self.code_challenge_method != "S256" or len(self.code_challenge) != _CHALLENGE_LENGTH
        ):
            return "invalid_request"
        return None


@dataclass(frozen=True, slots=True)
class Consent:
    """The sign-in page and what follows from its two buttons."""

    world: World

    def routes(self) -> list[Route]:
        """One path, to look at and to answer."""
        return [Route(PATH, self.ask, methods=["GET"]), Route(PATH, self.decide, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """The page, or an error: shown here unless the application may hear of it."""
        ask = Ask.read(request.query_params)
        client = self._known(ask)
        if client is None:
            return self._dead_end(ask)
        if error := ask.objection():
            return self._object(ask, error)
        self.world.ledger.write("consent_asked", client_id=client.id, pkce=bool(ask.code_challenge))
        return self._page(ask)

    async def decide(self, request: Request) -> Response:
        """The person's decision, carried back to the application."""
        async with request.form() as form:
            ask = Ask.read(form)
            decision, pfid, password = (str(form.get(name, "")) for name in ("decision", "pfid", "password"))
        client = self._known(ask)
        if client is None:
            return self._dead_end(ask)
        if error := ask.objection():
            return self._object(ask, error)
        if decision == "deny":
            self.world.ledger.write("consent_denied", client_id=client.id)
            return self._send_back(ask, error="access_denied")
        if decision != "allow":
            return self._page(ask, pfid=pfid)
        member = self.world.members.sign_in(pfid, password)
        if member is None:
            known = pfid if self.world.members.find(pfid) else None  # a slip of the hand may put the password here
            self.world.ledger.write("sign_in_refused", client_id=client.id, pfid=known)
            return self._page(ask, pfid=pfid, refused=True)
        self.world.ledger.write("consent_given", client_id=client.id, pfid=member.pfid)
        code = self.world.grants.issue_code(
            Grant(client.id, member.pfid, ask.scope),
            redirect_uri=ask.redirect_uri,
            challenge=ask.code_challenge or None,
        )
        return self._send_back(ask, code=code)

    def _known(self, ask: Ask) -> Client | None:
        """The client, if it is registered here with exactly this redirect URI."""
        client = self.world.clients.get(ask.client_id)
        if ask.realm != REALM or client is None or ask.redirect_uri not in client.redirect_uris:
            return None
        return client

    def _page(self, ask: Ask, *, pfid: str = "", refused: bool = False) -> Response:
        page = show("consent.html", ask=asdict(ask), path=PATH, pfid=pfid, refused=refused)
        return HTMLResponse(page, headers=PRIVATE)

    def _dead_end(self, ask: Ask) -> Response:
        """An error page: an address nobody registered is never redirected to."""
        self.world.ledger.write(
            "consent_refused", client_id=ask.client_id, redirect_uri=fingerprint(ask.redirect_uri), realm=ask.realm
        )
        return HTMLResponse(show("dead_end.html"), status_code=400, headers=PRIVATE)

    def _object(self, ask: Ask, error: str) -> Response:
        self.world.ledger.write("consent_refused", client_id=ask.client_id, error=error)
        return self._send_back(ask, error=error)

    def _send_back(self, ask: Ask, **result: str) -> Response:
        if ask.state:
            result["state"] = ask.state
        parts = urlsplit(ask.redirect_uri)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *result.items()])
        return RedirectResponse(urlunsplit(parts._replace(query=query)), status_code=302, headers=PRIVATE)
