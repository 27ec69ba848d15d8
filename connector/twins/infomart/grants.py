"""A grant is what a member allowed a client; codes and tokens are how it is held, and this is where they die."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from uuid import uuid4

from connector.twins.infomart.clock import Clock
from connector.twins.infomart.knobs import Knobs
from connector.twins.infomart.ledger import Ledger, fingerprint

CODE_LIFETIME = timedelta(seconds=120)  # (reference 2.2, public)
GRACE = timedelta(seconds=60)


class Rotation(StrEnum):
    """What becomes of a refresh token that was used."""

    STRICT = "strict"  # it dies at once (reference 2.2)
    GRACE = "grace"  # it works for another minute, as kinder servers have it
    NON_ROTATING = "non_rotating"  # it stays, and no new one is given (RFC 6749, 6)


class GrantError(Exception):
    """A code or token does not earn what was asked; `reason` is for the ledger."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(error, reason)
        self.error = error
        self.reason = reason


@dataclass(eq=False, slots=True)
class Grant:
    """One consent of one member to one client."""

    client_id: str
    pfid: str
    scope: str
    revoked: bool = False


@dataclass(slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None
    ends_at: datetime
    spent: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    grant: Grant
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """A fresh pair, and the grant it stands for."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)  # None: the one that was presented stays
    grant: Grant


@dataclass(slots=True)
class Grants:
    """Issues codes and tokens and knows which of them still count."""

    clock: Clock
    ledger: Ledger
    knobs: Knobs
    rotation: Rotation = Rotation.STRICT
    mark: str = ""  # what every token begins with, so that a search finds whichever was left lying about
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, _Token] = field(default_factory=dict)
    _refresh: dict[str, _Token] = field(default_factory=dict)
    _graced: dict[str, _Token] = field(default_factory=dict)
    _holders: dict[str, str] = field(default_factory=dict)  # of every refresh token there ever was

    def issue_code(self, grant: Grant, *, redirect_uri: str, challenge: str | None) -> str:
        """A code that can be exchanged once, for two minutes."""
        code = str(uuid4())
        self._codes[code] = _Code(grant, redirect_uri, challenge, self.clock.now() + CODE_LIFETIME)
        self.ledger.write("code_issued", client_id=grant.client_id, pfid=grant.pfid, code=fingerprint(code))
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str | None) -> Tokens:
        """The first tokens of a grant, for a code that is fresh, unspent and this client's."""
        held = self._codes.get(code)
        if held is None:
            raise GrantError("invalid_grant", "unknown code")
        if held.spent:
            # OpenAM takes a second use for theft and withdraws what the first use earned (RFC 6749, 4.1.2).
            held.grant.revoked = True
            raise GrantError("invalid_grant", "code already used")
        if held.redirect_uri != redirect_uri:
            raise GrantError("invalid_grant", "redirect_uri differs from the authorisation request")
        if held.grant.client_id != client_id:
            raise GrantError("invalid_grant", "code belongs to another client")
        if self.clock.now() >= held.ends_at:
            raise GrantError("invalid_grant", "code expired")
        if held.challenge is not None:
            _check_verifier(held.challenge, verifier)
        held.spent = True
        tokens = self._issue(held.grant)
        self._record("token_issued", tokens, code=fingerprint(code))
        return tokens

    def rotate(self, refresh_token: str, *, client_id: str) -> Tokens:
        """A new pair for a refresh token, which dies at once (reference 2.2) unless the rotation is another."""
        held = self._refresh.get(refresh_token) or self._in_grace(refresh_token)
        if held is None or held.grant.revoked:
            # OpenAM calls a token it no longer has a bad request, not a bad grant.
            raise GrantError("invalid_request", "RefreshToken does not exist")
        if held.grant.client_id != client_id:
            raise GrantError("invalid_request", "Token was issued to a different client")
        if self.clock.now() >= held.ends_at:
            raise GrantError("invalid_grant", "refresh token expired")
        if self.rotation is not Rotation.NON_ROTATING:
            self.spend(refresh_token)  # before the new pair exists: OpenAM's order
        tokens = self._issue(held.grant, renewable=self.rotation is not Rotation.NON_ROTATING)
        self._record("token_rotated", tokens, replaced=fingerprint(refresh_token))
        return tokens

    def spend(self, refresh_token: str) -> None:
        """The token is used up, and nothing is given for it yet."""
        if (held := self._refresh.pop(refresh_token, None)) and self.rotation is Rotation.GRACE:
            self._graced[refresh_token] = _Token(held.grant, min(held.ends_at, self.clock.now() + GRACE))

    def mint(self, pfid: str, *, client_id: str, scope: str) -> Tokens:
        """A grant that nobody was asked for."""
        return self._issue(Grant(client_id=client_id, pfid=pfid, scope=scope))

    def alive(self, refresh_token: str) -> bool:
        """Whether a refresh token would earn a new pair at this moment."""
        held = self._refresh.get(refresh_token) or self._in_grace(refresh_token)
        return held is not None and not held.grant.revoked and self.clock.now() < held.ends_at

    def whose(self, refresh_token: str) -> str | None:
        """The member a refresh token was given to, dead or alive; None: it never was."""
        return self._holders.get(refresh_token)

    def holder(self, access_token: str) -> Grant | None:
        """The grant behind an access token that counts at this moment."""
        held = self._access.get(access_token)
        if held is None or held.grant.revoked or self.clock.now() >= held.ends_at:
            return None
        return held.grant

    def _in_grace(self, refresh_token: str) -> _Token | None:
        held = self._graced.get(refresh_token)
        if held is None or self.clock.now() >= held.ends_at:
            self._graced.pop(refresh_token, None)
            return None
        return held

    def _issue(self, grant: Grant, *, renewable: bool = True) -> Tokens:
        now = self.clock.now()
        refresh = f"{self.mark}{uuid4()}" if renewable else None
        tokens = Tokens(access=f"{self.mark}{uuid4()}", refresh=refresh, grant=grant)
        self._access[tokens.access] = _Token(grant, now + timedelta(seconds=self.knobs.access_seconds))
        if tokens.refresh is not None:
            self._refresh[tokens.refresh] = _Token(grant, now + timedelta(seconds=self.knobs.refresh_seconds))
            self._holders[tokens.refresh] = grant.pfid
        return tokens

    def _record(self, event: str, tokens: Tokens, **earned_by: str) -> None:
        self.ledger.write(
            event,
            client_id=tokens.grant.client_id,
            pfid=tokens.grant.pfid,
            access_token=fingerprint(tokens.access),
            refresh_token=None if tokens.refresh is None else fingerprint(tokens.refresh),
            **earned_by,
        )


def _check_verifier(challenge: str, verifier: str | None) -> None:
    if verifier is None:
        raise GrantError("invalid_request", "code_verifier parameter required")
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    if not compare_digest(digest, challenge.encode()):
        raise GrantError("invalid_grant", "code_verifier does not match code_challenge")
