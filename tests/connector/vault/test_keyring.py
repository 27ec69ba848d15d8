"""The keyring: a key per tenant, made once, open for minutes, and dead when it is destroyed."""

from dataclasses import replace
from uuid import uuid4

import pytest

from connector.domain.sealing import TRUSTED_FOR, DataKey, Seat, WrappedKey
from connector.errors import CannotOpen, Misconfigured, SealFault
from connector.ids import DataKeyId, TenantId
from connector.secret import Secret
from connector.vault.keyring import OPEN_FOR, OVERTIME_TO, Keyring
from tests.contract.keys import PretendKeyService, PretendShelf

A, B = TenantId(uuid4()), TenantId(uuid4())
TOKEN = Secret("a-refresh-token")


def seat(tenant: TenantId) -> Seat:
    return Seat(tenant, "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())


class Seconds:
    """A clock that stands still until it is pushed."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_sealed_for_a_tenant_opens_for_it() -> None:
    ring = await Keyring.opened(PretendKeyService(), PretendShelf())
    place = seat(A)
    assert await ring.open(await ring.seal(TOKEN, place), place) == TOKEN


async def test_each_tenant_has_one_key_of_its_own() -> None:
    shelf = PretendShelf()
    ring = await Keyring.opened(PretendKeyService(), shelf)
    for tenant in (A, A, B, B, A):
        await ring.seal(TOKEN, seat(tenant))
    assert sorted(tenant for tenant, _ in shelf.rows) == sorted([A, B])


async def test_a_row_of_one_tenant_never_opens_under_another() -> None:
    shelf = PretendShelf()
    ring = await Keyring.opened(PretendKeyService(), shelf)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    await ring.seal(TOKEN, seat(B))
    with pytest.raises(CannotOpen):
        await ring.open(sealed, replace(place, tenant_id=B))
    # Not even when somebody copies A's key to B's shelf along with the row.
    for (_, key), wrapped in list(shelf.rows.items()):
        shelf.rows[B, key] = wrapped
    with pytest.raises(CannotOpen):
        await ring.open(sealed, replace(place, tenant_id=B))


async def test_a_key_put_on_another_tenants_shelf_neither_opens_nor_seals_there() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    await (await Keyring.opened(service, shelf)).seal(TOKEN, seat(A))
    [((_, key), wrapped)] = shelf.rows.items()
    await shelf.keep_primary(B, key, wrapped)
    with pytest.raises(CannotOpen):
        await Keyring(service, shelf, b"pepper").seal(TOKEN, seat(B))


async def test_a_lost_key_is_put_back_under_the_key_that_wraps_now_and_opens_what_it_sealed() -> None:
    before, now, shelf, restored = PretendKeyService("before"), PretendKeyService("now"), PretendShelf(), PretendShelf()
    place = seat(A)
    sealed = await Keyring(before, shelf, b"pepper").seal(TOKEN, place)
    [((_, own), wrapped)] = shelf.rows.items()
    now._wrapped.update(before._wrapped)  # noqa: SLF001 - reaches both keys, as a process with a key file of two does
    ring = Keyring(now, restored, b"pepper")
    with pytest.raises(CannotOpen):
        await ring.open(sealed, place)

    assert await ring.put_back(DataKey(A, own, wrapped))
    assert await ring.open(sealed, place) == TOKEN
    assert restored.rows[A, own].kek_id == "now"
    assert not await ring.put_back(DataKey(A, own, wrapped))


async def test_what_its_key_service_does_not_unwrap_for_this_tenant_is_not_put_back() -> None:
    service, shelf, restored = PretendKeyService(), PretendShelf(), PretendShelf()
    await Keyring(service, shelf, b"pepper").seal(TOKEN, seat(A))
    [((_, own), wrapped)] = shelf.rows.items()
    ring = Keyring(service, restored, b"pepper")
    for forged in (
        DataKey(B, own, wrapped),
        DataKey(A, DataKeyId(uuid4()), wrapped),
        DataKey(A, own, WrappedKey("pretended", b"made up")),
    ):
        with pytest.raises(CannotOpen):
            await ring.put_back(forged)
    assert restored.rows == {}


async def test_a_key_made_ready_seals_without_its_service_and_without_its_shelf() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    ring = Keyring(service, shelf, b"pepper")
    await ring.prepare(A)
    shelf.rows.clear()
    service.forget()
    place = seat(A)
    assert await ring.open(await ring.seal(TOKEN, place), place) == TOKEN
    with pytest.raises(CannotOpen):
        await ring.prepare(B)


async def test_a_destroyed_key_opens_and_seals_nothing_five_seconds_later_though_it_is_in_memory() -> None:
    service, shelf, seconds = PretendKeyService(), PretendShelf(), Seconds()
    ring = Keyring(service, shelf, b"pepper", seconds=seconds)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    shelf.rows.clear()

    seconds.now += TRUSTED_FOR.total_seconds() - 1
    assert await ring.open(sealed, place) == TOKEN
    seconds.now += 1
    with pytest.raises(CannotOpen) as refusal:
        await ring.open(sealed, place)
    assert (refusal.value.purpose, refusal.value.fault) == ("refresh_token", SealFault.KEY_MISSING)
    with pytest.raises(CannotOpen):
        await ring.seal(TOKEN, place)
    assert shelf.rows == {}  # a key in memory makes no other
    with pytest.raises(CannotOpen):
        await Keyring(service, shelf, b"pepper").open(sealed, place)


async def test_a_key_that_was_found_while_it_was_being_destroyed_is_not_trusted_from_then_on_but_from_before() -> None:
    shelf, seconds = PretendShelf(), Seconds()

    class SlowShelf(PretendShelf):
        async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None:
            found = shelf.rows.get((tenant, key))
            seconds.now += 3  # the answer is on its way, and what it says may be over
            return found

    service, place = PretendKeyService(), seat(A)
    sealed = await Keyring(service, shelf, b"pepper", seconds=seconds).seal(TOKEN, place)
    slow = Keyring(service, SlowShelf(), b"pepper", seconds=seconds)
    assert await slow.open(sealed, place) == TOKEN
    shelf.rows.clear()
    seconds.now += 2  # five since it was asked
    with pytest.raises(CannotOpen):
        await slow.open(sealed, place)


async def test_why_a_value_does_not_open_is_told_apart() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    place = seat(A)
    sealed = await Keyring(service, shelf, b"pepper").seal(TOKEN, place)
    faults = {}
    for name, ring, envelope in (
        ("damaged", Keyring(service, shelf, b"pepper"), sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("another service", Keyring(PretendKeyService(), shelf, b"pepper"), sealed),
        ("no key", Keyring(service, PretendShelf(), b"pepper"), sealed),
    ):
        with pytest.raises(CannotOpen) as failure:
            await ring.open(envelope, place)
        faults[name] = failure.value.fault
    assert faults == {
        "damaged": SealFault.DAMAGED,
        "another service": SealFault.KEY_NOT_UNWRAPPED,
        "no key": SealFault.KEY_MISSING,
    }


async def test_a_start_proves_one_data_key_of_each_key_encryption_key_and_names_those_that_do_not_open() -> None:
    shelf = PretendShelf()
    one, two = PretendKeyService("kek-1"), PretendKeyService("kek-2")
    await Keyring(one, shelf, b"pepper").seal(TOKEN, seat(A))
    await Keyring(two, shelf, b"pepper").seal(TOKEN, seat(B))
    samples = [(wrapped.kek_id, tenant, key) for (tenant, key), wrapped in shelf.rows.items()]
    with pytest.raises(Misconfigured) as refusal:
        await Keyring(two, shelf, b"pepper").prove(samples)
    [problem] = refusal.value.problems
    assert "key-encryption key kek-1 (tried with data key" in problem
    assert "kek-2" not in problem

    await Keyring(two, shelf, b"pepper").prove(samples[1:])
    shelf.rows.clear()  # destroyed between the choice and the trial
    await Keyring(two, shelf, b"pepper").prove(samples)


async def test_keys_nobody_asks_for_are_dropped_from_memory_all_the_same() -> None:
    seconds = Seconds()
    ring = Keyring(PretendKeyService(), PretendShelf(), b"pepper", seconds=seconds)
    for tenant in (A, B):
        await ring.seal(TOKEN, seat(tenant))
    seconds.now += OVERTIME_TO
    await ring.seal(TOKEN, seat(B))
    assert [tenant for tenant, _ in ring._open._kept] == [B]  # noqa: SLF001 - its memory is the claim


async def test_an_open_key_stays_for_a_quarter_of_an_hour_and_no_longer() -> None:
    service, seconds = PretendKeyService(), Seconds()
    ring = Keyring(service, PretendShelf(), b"pepper", seconds=seconds)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    for _ in range(3):
        await ring.open(sealed, place)
        seconds.now += OPEN_FOR / 4
    assert service.unwrapped == 1
    seconds.now += OPEN_FOR / 4
    await ring.open(sealed, place)
    assert service.unwrapped == 2


async def test_open_keys_are_bounded_in_number_and_the_one_used_longest_ago_goes_first() -> None:
    service = PretendKeyService()
    ring = Keyring(service, PretendShelf(), b"pepper", most=3)
    seats = [seat(TenantId(uuid4())) for _ in range(4)]
    sealed = [await ring.seal(TOKEN, each) for each in seats[:3]]
    await ring.open(sealed[0], seats[0])
    sealed.append(await ring.seal(TOKEN, seats[3]))
    assert service.unwrapped == 4

    for still_open in (0, 2, 3):
        await ring.open(sealed[still_open], seats[still_open])
    assert service.unwrapped == 4
    await ring.open(sealed[1], seats[1])
    assert service.unwrapped == 5


async def test_a_digest_depends_on_its_purpose_its_text_and_the_installation() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    one, again = await Keyring.opened(service, shelf), await Keyring.opened(service, shelf)
    other = await Keyring.opened(service, PretendShelf())
    text = Secret("cx_live_key")

    assert one.digest("api_key", text) == again.digest("api_key", text)
    assert len({each.digest(why, text) for each in (one, other) for why in ("api_key", "link")}) == 4
    assert one.digest("a", Secret("b")) != one.digest("ab", Secret(""))
    assert len(one.digest("api_key", text)) == 32
