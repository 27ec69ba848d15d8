"""Opens every resource and hands out the flows; the only constructor."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from connector.doorbell import ArqDoorbell, open_queue
from connector.errors import Misconfigured
from connector.failpoints import arm
from connector.flows.access import Access
from connector.flows.doubting import Doubting
from connector.flows.enrolling import Enrolling
from connector.flows.escrowing import Escrowing
from connector.flows.fetching import Fetching
from connector.flows.guarding import Guarding
from connector.flows.keeping import Keeping
from connector.flows.onboarding import Onboarding
from connector.flows.pacing import Pacing
from connector.flows.planning import Planning
from connector.flows.reading import Reading
from connector.flows.renewing import Renewing
from connector.flows.upkeep import Upkeep
from connector.ids import ProviderKey
from connector.ports import Clock, Pace
from connector.providers import KNOWN_PROVIDERS, Account, ProviderRegister
from connector.providers.manifest import Site
from connector.secret import Secret
from connector.settings import AccountSettings, Mode, Settings
from connector.store.engines import check_roles, open_engine
from connector.store.escrow import DatabaseEscrow
from connector.store.shelf import PostgresShelf
from connector.store.work import PostgresStore
from connector.vault.escrow import FileEscrow
from connector.vault.journal import TokenJournal
from connector.vault.keyring import Keyring
from connector.vault.kms import open_service

_log = structlog.get_logger("connector.bootstrap")

_NO_DATABASE = (
    "DATABASE_URL, CONNECTOR_SWEEPER_DATABASE_URL: PostgreSQL does not answer there as roles app and sweeper; "
    "check the addresses and logins, and that `connector migrate` has been run"
)


class SystemClock:
    """The machine's clock."""

    @staticmethod
    def now() -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Flows:
    """Everything a face may ask for."""

    access: Access
    enrolling: Enrolling
    onboarding: Onboarding
    upkeep: Upkeep
    keeping: Keeping
    escrowing: Escrowing
    planning: Planning
    fetching: Fetching
    reading: Reading


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation: its flows, and the resources the doors look after."""

    mode: Mode
    public_url: str
    flows: Flows
    store: PostgresStore


@asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Installation]:
    """Everything open and proven to fit together, closed again at the end; raises Misconfigured before serving."""
    clock = clock or SystemClock()
    if settings.mode is Mode.DEV:
        arm(settings.fail)
    async with AsyncExitStack() as stack:
        app = open_engine(settings.database_url.reveal(), "app")
        stack.push_async_callback(app.dispose)
        sweeper_url = settings.sweeper_database_url or settings.database_url
        sweeper = open_engine(sweeper_url.reveal(), "sweeper", size=5)
        stack.push_async_callback(sweeper.dispose)
        store = PostgresStore(app, sweeper)
        if not await store.reachable():
            raise Misconfigured(problems=[_NO_DATABASE])
        if settings.mode is Mode.PRODUCTION:
            await check_roles(app)
        service = open_service(settings.kek, local_allowed=settings.local_kek_allowed)
        vault = await Keyring.opened(service, PostgresShelf(app))
        register = ProviderRegister(_accounts(settings))
        stack.push_async_callback(register.close)
        doorbell = ArqDoorbell(open_queue(settings.redis_url))
        stack.push_async_callback(doorbell.close)
        escrow = _escrow(settings.escrow)
        if escrow is not None:
            stack.push_async_callback(escrow.close)
        journal = TokenJournal.opened(settings.journal, needs_escrow=escrow is not None)
        stack.enter_context(closing(journal))
        guarding = Guarding(store, clock)
        renewing = Renewing(store, vault, journal, register, guarding, Doubting(store, guarding, clock), clock)
        stack.push_async_callback(renewing.close)
        escrowing = Escrowing(store, renewing, journal, escrow, clock)
        upkeep = Upkeep(store, vault, register, renewing, guarding, clock)
        flows = Flows(
            access=Access(store, vault, clock),
            enrolling=Enrolling(store, register, clock),
            onboarding=Onboarding(store, vault, register, upkeep, doorbell, clock, settings.public_url),
            upkeep=upkeep,
            keeping=Keeping(store, register, renewing, guarding, journal, escrowing, clock),
            escrowing=escrowing,
            planning=Planning(store, register, clock),
            fetching=Fetching(store, register, upkeep, doorbell, Pacing(clock), clock),
            reading=Reading(store, register, clock),
        )
        yield Installation(mode=settings.mode, public_url=settings.public_url, flows=flows, store=store)


def _escrow(address: Secret | None) -> FileEscrow | DatabaseEscrow | None:
    """Where the second copies go; None: nowhere."""
    if address is None:
        return None
    if address.reveal().startswith("file:"):
        return FileEscrow.opened(Path(address.reveal().removeprefix("file:")))
    return DatabaseEscrow.opened(address.reveal())


def _accounts(settings: Settings) -> dict[ProviderKey, Account]:
    """Our accounts at the providers this version speaks to; raises Misconfigured when there is none."""
    strangers = [key for key in settings.accounts if key not in KNOWN_PROVIDERS]
    if strangers:
        _log.warning("not spoken to by this version", providers=strangers)
    if len(strangers) == len(settings.accounts):
        raise Misconfigured(problems=[f"no account at a provider this version speaks to: {', '.join(KNOWN_PROVIDERS)}"])
    return {key: _account(key, account) for key, account in settings.accounts.items() if key in KNOWN_PROVIDERS}


def _account(key: ProviderKey, account: AccountSettings) -> Account:
    manifest, _ = KNOWN_PROVIDERS[key]
    return Account(
        site=Site(auth_url=account.auth_url, api_url=account.api_url),
        client_id=account.client_id,
        client_secret=account.client_secret,
        pace=Pace(
            per_second=account.token_calls_per_second or manifest.token_calls_per_second,
            at_once=account.token_calls_at_once or manifest.token_calls_at_once,
        ),
    )
