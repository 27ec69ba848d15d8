"""A partner and three tenants to try things with, enrolled as an operator would."""

from dataclasses import dataclass

from connector.bootstrap import opened
from connector.domain.access import Permission, Tenant
from connector.domain.entitlement import Flag
from connector.ids import ProviderKey
from connector.secret import Secret
from connector.settings import Settings

PROVIDER = ProviderKey("infomart")


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant, and how its administrator logs in at the twin."""

    tenant: Tenant
    pfid: str
    password: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the play."""

    key: Secret
    partner_id: str
    connected: Company  # joins by itself
    inviting: Company  # waits for a person to join by link
    without_option: Company  # its contract lacks the API option


_PARTNER = "株式会社サンプルソフト"
_RECEIVES = {Flag.RECEIVER_PAID_MEMBER: True, Flag.ISSUER_PAID_MEMBER: False, Flag.API_OPTION: True}


async def enrol(settings: Settings) -> Cast:
    """Adds the partner with a key, and its tenants with what their contracts hold."""
    async with opened(settings) as installation:
        flows = installation.flows
        partner = await flows.enrolling.add_partner(_PARTNER)

        async def company(name: str, pfid: str, password: str, declared: dict[Flag, bool]) -> Company:
            tenant = await flows.enrolling.add_tenant(partner.id, name, provider=PROVIDER, declared=declared)
            return Company(tenant, pfid, password)

        connected = await company(
            "株式会社湊待食堂",
            "keiri@minatomachi.example.co.jp",
            "sandbox-1",
            {**_RECEIVES, Flag.ISSUER_PAID_MEMBER: True},
        )
        inviting = await company(
            "有限会社銀の穂亭",
            "soumu@shirogane-tei.example.co.jp",
            "sandbox-2",
            {**_RECEIVES, Flag.RECEIVER_WORKFLOW: False},
        )
        without = await company(
            "株式会社星籠製作所", "noapi@hoshizora.example.jp", "sandbox-5", {**_RECEIVES, Flag.API_OPTION: False}
        )
        _, key = await flows.access.issue(partner.id, name="demo", permissions=list(Permission))
    return Cast(key, str(partner.id), connected, inviting, without)
