"""No secret of a walk is ever written down in plain: not in a log at its loudest, not in the database, not in Redis."""

import base64
import logging
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import httpx2
import pytest
import structlog
from redis.asyncio import Redis

from connector import logs
from connector.domain.fetch import Age, Due
from connector.domain.invoice import Side
from connector.settings import Mode
from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.site.walking import (
    NAME,
    ONE_OF_EACH,
    PFID,
    Person,
    activated,
    code_of,
    database,
    invited,
    progress,
    somebody,
    state_of,
)
from tests.world import CLIENT_ID, CLIENT_SECRET, INFOMART, World

PASSWORD = "canary-password-of-a-person"
PREFIX = 12  # characters; what is left of a secret that was cut short


@pytest.fixture
def loud() -> Iterator[list[str]]:
    """Everything that any library says at its loudest, and everything we say, as the process would print it."""
    told: list[str] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # The test's own browser writes the addresses it opens; nothing else is excused.
            if not record.name.startswith(("httpx2", "httpcore2")):
                told.append(self.format(record))

    root = logging.getLogger()
    handlers = root.handlers
    levels = {name: logging.getLogger(name).level for name in (None, "connector", "sqlalchemy")}
    logs.set_up(Mode.PRODUCTION, "DEBUG")
    ears = Ears()
    ears.setFormatter(root.handlers[0].formatter)
    root.handlers = [ears]
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield told
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


async def unhappy_walks(world: World, person: Person, link: str) -> list[str]:
    """Walks that end badly, each in its own way; the addresses that carried their secrets."""
    denied = await person.deny(await person.start(link))
    await person.open(denied)
    seen = [denied]
    for kind in (Kind.HTTP_500_AFTER, Kind.TRUNCATE, Kind.DROP_AFTER, Kind.HTTP_503):
        world.twin.world.faults.add(Fault("token", kind))
        seen.append(await person.allow(await person.start(link), password=PASSWORD))
        await person.open(seen[-1])
        await person.open(seen[-1])
    callback = f"{world.url}/callback/infomart"
    world.twin.world.register(Client(CLIENT_ID, "another-secret-altogether", (callback,)))
    seen.append(await person.allow(await person.start(link), password=PASSWORD))
    await person.open(seen[-1])
    world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, (callback,)))
    async with somebody() as other:
        seen.append(await person.allow(await person.start(link), password=PASSWORD))
        await other.open(seen[-1])
    await person.http.post(link, data={"form_token": "canary-form-token"})
    await person.open(f"{world.url}/callback/infomart?code=canary-code&state=canary-state&error=canary-error")
    await person.open(f"{world.url}/connect/canary-link")
    return seen


async def a_life(world: World) -> Mapping[str, list[str]]:
    """A tenant's whole life: bad walks, a good one, a fetch, and a renewal of its tokens; every secret there was."""
    tenant, link = await invited(world)
    world.twin.world.members.save({"pfid": PFID, "password": PASSWORD})
    async with somebody() as person:
        seen = await unhappy_walks(world, person, link)
        seen.append(await person.allow(await person.start(link), password=PASSWORD))
        confirm = await person.open(seen[-1])
        page = await person.open(world.url + confirm.headers["location"])
        await person.press(page)
        browser = person.http.cookies["connector"]
    await world.read_all(tenant)
    await _renewed(world)
    grants = world.twin.world.grants
    return {
        "link": [link.rpartition("/")[2], "canary-link"],
        "state": [*map(state_of, seen), "canary-state"],
        "code": [*map(code_of, seen[1:]), "canary-code"],
        "form token": [page.text.split('name="form_token" value="')[1].split('"')[0], "canary-form-token"],
        "browser": [browser],
        "access token": list(grants._access),  # noqa: SLF001 - the provider's own memory is the only place they are
        "refresh token": list(grants._refresh),  # noqa: SLF001 - as above
        "client secret": [CLIENT_SECRET],
        "password": [PASSWORD],
        "API key": [world.key.reveal()],
    }


async def _renewed(world: World) -> None:
    now = world.clock.now()
    recent = Due(INFOMART, Side.RECEIVER, Age.RECENT, since=now, failed_since=now, settled_by=now)
    ((tenant, connection, _),) = await world.flows.fetching.store.windows_due([recent], now, most=2)
    first = await world.flows.upkeep.access_token(tenant, connection)
    second = await world.flows.upkeep.access_token(tenant, connection, refused=first.grant_id)
    assert second.grant_id != first.grant_id


def disguises(secret: str) -> set[str]:
    """How a secret may look where it was written down by accident."""
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode().rstrip("=")
    return {secret, secret[:PREFIX], quote(secret, safe=""), raw.hex(), encoded[: len(encoded) - 2]}


def found(secrets: Mapping[str, list[str]], text: str) -> list[str]:
    return [name for name, values in secrets.items() for value in values if any(d in text for d in disguises(value))]


async def test_no_secret_of_a_walk_is_written_into_a_log_the_database_or_the_queue(
    loud: list[str], world: World
) -> None:
    secrets = await a_life(world)
    assert {name: len(values) for name, values in secrets.items()} == {
        "link": 2,
        "state": 9,
        "code": 8,
        "form token": 2,
        "browser": 1,
        "access token": 5,
        "refresh token": 4,
        "client secret": 1,
        "password": 1,
        "API key": 1,
    }
    assert await activated(world) == ONE_OF_EACH
    assert (await progress(world))[-1] == "confirmed"

    said = "\n".join(loud)
    assert found(secrets, said) == []
    assert '"answered"' in said  # it was listened to
    assert "INSERT INTO consent_attempts" in said  # with every statement and its parameters

    kept = "\n".join(row for rows in (await database(world)).values() for row in rows)
    assert found(secrets, kept) == []
    assert NAME in kept

    assert found(secrets, await in_redis(world)) == []


async def in_redis(world: World) -> str:
    """Everything that the queue's server holds, as text."""
    async with Redis.from_url(world.settings.redis_url.reveal()) as redis:
        keys = await redis.keys()
        contents = [await redis.dump(key) for key in keys]
    assert any(b"read_fetch" in key for key in keys)
    return repr(keys) + "".join((content or b"").decode("latin-1") for content in contents)


async def test_the_search_would_find_a_secret_however_it_was_written_down(world: World) -> None:
    secret = world.key.reveal()
    for written in (
        f'{{"event": "{secret}"}}',
        secret[:20],
        "\\x" + secret.encode().hex(),
        base64.b64encode(secret.encode()).decode(),
        str(httpx2.URL("http://x/", params={"a": secret})),
    ):
        assert found({"API key": [secret]}, written) == ["API key"]
    assert found({"API key": [secret]}, secret[:6]) == []
