"""Infomart's figures, paths and names."""

from datetime import timedelta

from connector.domain.entitlement import Capability, Flag
from connector.ids import ProviderKey
from connector.providers.manifest import Manifest

INFOMART = Manifest(
    key=ProviderKey("infomart"),
    name="Infomart BtoB Platform Invoice",
    name_ja="BtoBプラットフォーム 請求書（インフォマート）",
    authorise_path="/openam/oauth2/authorize",
    token_path="/openam/oauth2/access_token",  # noqa: S106 - a path, not a password
    scope="openid profile email qualified",  # [IM-17]
    sends_pkce=True,  # not documented there; a server that does not know the parameters ignores them
    access_lifetime=timedelta(minutes=5),  # [IM-3]
    refresh_lifetime=timedelta(days=31),  # [IM-3]
    call_limit=timedelta(seconds=300),  # [IM-33]
    token_calls_per_second=20,  # assumed: no limit is published
    token_calls_at_once=4,  # assumed; also what a client secret that goes bad costs before anybody notices
    calls_per_second=50,  # assumed: no limit is published [IM-50]
    calls_at_once=20,  # assumed [IM-50]
    page_size=100,  # [IM-7]
    needs={
        # The paid membership is bought per side, the API option once [IM-1].
        Capability.READ_RECEIVED_INVOICES: (Flag.RECEIVER_PAID_MEMBER, Flag.API_OPTION),
    },
)

REALM = "/api"
RECEIVED_INVOICES_PATH = "/v1/invoice/buyer/invoices"  # assumed: only the update call's path is published
TOKEN_EXPIRED_CODES = frozenset({"E000401"})  # [IM-29], assumed
