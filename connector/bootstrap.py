"""Opens every resource and hands out the flows; the only constructor."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from connector.domain.renewal import ANSWER_WITHIN
from connector.doorbell import ArqDoorbell, open_queue
from connector.errors import Misconfigured
from connector.failpoints import arm
from connector.flows.access import Access
from connector.flows.doubting import Doubting
from connector.flows.enrolling import Enrolling
from connector.flows.escrowing import Escrowing
from connector.flows.fetching import Fetching
from connector.flows.guarding import Guarding
from connector.flows.holding import Holding
from connector.flows.keeping import Keeping
from connector.flows.onboarding import Onboarding
from connector.flows.pacing import Pacing
from connector.flows.planning import Planning
from connector.flows.reading import Reading
from connector.flows.recalling import Recalling
from connector.flows.renewing import Renewing
from connector.flows.resealing import Resealing
from connector.flows.rotating import Rotating
from connector.flows.shredding import Shredding
from connector.flows.unsealing import Unsealing
from connector.flows.upkeep import Upkeep
from connector.flows.watching import Watching
from connector.ids import ProviderKey
from connector.ports import Clock, Pace
from connector.providers import KNOWN_PROVIDERS, Account, ProviderRegister
from connector.providers.manifest import Site
from connector.secret import Secret
from connector.settings import AccountSettings, Listening, Mode, Settings
from connector.store.custody import PostgresCustody
from connector.store.engines import check_roles, open_engine
from connector.store.escrow import DatabaseEscrow
from connector.store.shelf import PostgresShelf
from connector.store.work import PostgresStore
from connector.vault.escrow import FileEscrow
from connector.vault.journal import TokenJournal
from connector.vault.keychain import Keychain
from connector.vault.keyring import PRIMARY_FOR, Keyring
from connector.vault.reach import Reach
from connector.vault.rewrapping import Rewrapper
from connector.watch import PrometheusWatch

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
    shredding: Shredding
    unsealing: Unsealing
    planning: Planning
    recalling: Recalling
    fetching: Fetching
    reading: Reading
    watching: Watching
    rotating: Rotating
    resealing: Resealing


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation: its flows, and the resources the doors look after."""

    mode: Mode
    public_url: str
    flows: Flows
    store: PostgresStore
    watch: PrometheusWatch
    metrics: Listening | None  # None: whoever watches is told nothing

    def watched(self) -> AbstractContextManager[object]:
        """Metrics are served while the block lasts; for the processes that stay, and not for a command among them."""
        return nullcontext() if self.metrics is None else self.watch.served(*self.metrics)


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
        addresses = [each for each in (settings.kek, settings.kek_before) if each]
        reach = Reach(addresses, local_allowed=settings.local_kek_allowed)
        custody, shelf = PostgresCustody(app, sweeper), PostgresShelf(app)
        keychain = Keychain(reach, custody)
        stack.push_async_callback(keychain.close)
        await stack.enter_async_context(Holding(custody, keychain).announced())
        vault = await Keyring.opened(keychain, shelf)
        await vault.prove(await store.keys_in_use())
        register = ProviderRegister(_accounts(settings))
        stack.push_async_callback(register.close)
        doorbell = ArqDoorbell(open_queue(settings.redis_url))
        stack.push_async_callback(doorbell.close)
        escrow = _escrow(settings.escrow)
        if escrow is not None:
            stack.push_async_callback(escrow.close)
        journal = TokenJournal.opened(settings.journal, needs_escrow=escrow is not None)
        stack.enter_context(closing(journal))
        providers = [provider.key for provider in register.everyone()]
        watch = PrometheusWatch(providers, journal, clock, escrow=escrow is not None)
        guarding = Guarding(store, clock)
        doubting = Doubting(store, guarding, watch, clock)
        renewing = Renewing(store, vault, journal, register, guarding, doubting, watch, clock)
        stack.push_async_callback(renewing.close)
        shredding = Shredding(store, vault, journal, escrow, clock)
        escrowing = Escrowing(store, vault, renewing, journal, escrow, shredding, clock)
        upkeep = Upkeep(store, vault, register, renewing, guarding, watch, clock)
        flows = Flows(
            access=Access(store, vault, clock),
            enrolling=Enrolling(store, register, clock),
            onboarding=Onboarding(store, vault, register, upkeep, doorbell, clock, settings.public_url),
            upkeep=upkeep,
            keeping=Keeping(store, register, renewing, guarding, journal, escrowing, watch, clock),
            escrowing=escrowing,
            shredding=shredding,
            unsealing=Unsealing(store, vault),
            planning=Planning(store, register, clock),
            recalling=Recalling(store, register, clock),
            fetching=Fetching(store, register, upkeep, doorbell, Pacing(clock), clock),
            reading=Reading(store, register, clock),
            watching=Watching(store, register, watch, clock, wanted=settings.metrics is not None),
            rotating=Rotating(custody, keychain, Rewrapper(keychain, shelf)),
            # A renewal that took the old key at the last moment seals its answer with it, however late that comes.
            resealing=Resealing(store, vault, custody, clock, timedelta(seconds=PRIMARY_FOR) + ANSWER_WITHIN),
        )
        yield Installation(
            mode=settings.mode,
            public_url=settings.public_url,
            flows=flows,
            store=store,
            watch=watch,
            metrics=settings.metrics,
        )


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
        generation=account.api_generation,
        proxy=account.proxy,
    )
