"""A client is an application that Infomart has registered: an id, a secret and at most five callback addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

MOST_REDIRECT_URIS = 5  # (reference 2.3, seed)


@dataclass(frozen=True, slots=True)
class Client:
    """One registered application."""

    id: str
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.id or not self.secret:
            raise ValueError("a client needs an id and a secret")
        if len(self.redirect_uris) > MOST_REDIRECT_URIS:
            raise ValueError(f"a client may register at most {MOST_REDIRECT_URIS} redirect URIs")
        for uri in self.redirect_uris:
            parts = urlsplit(uri)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.fragment:
                raise ValueError(f"not an absolute http(s) address without a fragment: {uri}")

    def proves_itself(self, secret: str) -> bool:
        """Whether this is the client's secret."""
        return compare_digest(self.secret.encode(), secret.encode())


def read_client(body: Mapping[str, Any]) -> Client:
    """The client that this JSON object describes; ValueError says what is wrong with it."""
    if unknown := sorted(set(body) - {"client_id", "client_secret", "redirect_uris"}):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    identifier, secret, uris = body.get("client_id"), body.get("client_secret"), body.get("redirect_uris", [])
    if not isinstance(identifier, str) or not isinstance(secret, str):
        raise ValueError("client_id and client_secret must be strings")  # noqa: TRY004  # one kind of refusal for callers
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise ValueError("redirect_uris must be a list of strings")
    return Client(identifier, secret, tuple(uris))
