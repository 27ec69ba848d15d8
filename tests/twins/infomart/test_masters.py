import pytest

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.chart import invent, starting_chart
from connector.twins.infomart.masters import Kind, Master, Masters, ObstacleError, Saved

TRAVEL = Master(Kind.ACCOUNT, ("620",), "旅費交通費", 5)
TRAIN = Master(Kind.SUB_ACCOUNT, ("620", "01"), "電車", 1)


def test_kinds_are_worked_on_in_the_order_in_which_they_depend_on_each_other() -> None:
    assert list(Kind) == ["accounts", "sub_accounts", "burden_secs", "journal_auxs"]


def test_saving_tells_whether_the_entry_is_new_and_what_changed() -> None:
    masters = Masters()

    assert masters.save(TRAVEL) == Saved(created=True, changed=("account_code", "account_name", "sort_no", "use_flg"))
    assert masters.save(TRAVEL) == Saved(created=False, changed=())
    assert masters.save(Master(Kind.ACCOUNT, ("620",), "旅費", 5, "0")) == Saved(
        created=False, changed=("account_name", "use_flg")
    )


def test_one_code_may_stand_in_several_kinds_and_under_several_accounts() -> None:
    masters = Masters.of([TRAVEL, Master(Kind.ACCOUNT, ("621",), "通信費"), TRAIN])
    masters.save(Master(Kind.SUB_ACCOUNT, ("621", "01"), "電話"))
    masters.save(Master(Kind.DEPARTMENT, ("620",), "営業部"))

    assert masters.name(Kind.SUB_ACCOUNT, ("620", "01")) == "電車"
    assert masters.name(Kind.SUB_ACCOUNT, ("621", "01")) == "電話"
    assert masters.name(Kind.DEPARTMENT, ("620",)) == "営業部"
    assert masters.name(Kind.ACCOUNT, ("620",)) == "旅費交通費"


def test_a_sub_account_needs_its_account() -> None:
    masters = Masters()

    with pytest.raises(ObstacleError) as refused:
        masters.save(TRAIN)

    assert refused.value.obstacles == ((Code.NOT_FOUND, "account_code"),)
    assert masters.listed(Kind.SUB_ACCOUNT) == []


def test_an_account_with_sub_accounts_stays_until_they_are_gone() -> None:
    masters = Masters.of([TRAIN, TRAVEL])  # in any order

    with pytest.raises(ObstacleError) as refused:
        masters.delete(Kind.ACCOUNT, ("620",))
    assert refused.value.obstacles == ((Code.IN_USE, "account_code"),)
    masters.delete(Kind.SUB_ACCOUNT, ("620", "01"))
    masters.delete(Kind.ACCOUNT, ("620",))

    assert list(masters.everything()) == []


def test_what_is_used_is_not_deleted_and_what_is_not_there_neither() -> None:
    masters = Masters.of([TRAVEL])

    with pytest.raises(ObstacleError) as used:
        masters.delete(Kind.ACCOUNT, ("620",), used={(Kind.ACCOUNT, ("620",))})
    with pytest.raises(ObstacleError) as missing:
        masters.delete(Kind.AUXILIARY, (1, "620"))

    assert used.value.obstacles == ((Code.IN_USE, "account_code"),)
    assert missing.value.obstacles == ((Code.NOT_FOUND, "aux_code"),)
    assert masters.find(Kind.ACCOUNT, ("620",)) == TRAVEL


def test_a_deleted_master_is_remembered_by_the_last_name_it_had() -> None:
    masters = Masters.of([TRAVEL])
    masters.save(Master(Kind.ACCOUNT, ("620",), "旅費"))
    masters.delete(Kind.ACCOUNT, ("620",))

    assert masters.find(Kind.ACCOUNT, ("620",)) is None
    assert masters.name(Kind.ACCOUNT, ("620",)) == "旅費"
    assert masters.name(Kind.ACCOUNT, ("999",)) is None


def test_a_list_is_in_the_order_of_sort_no_and_then_of_the_code() -> None:
    masters = Masters.of(
        [Master(Kind.DEPARTMENT, (code,), code, place) for code, place in (("b", 2), ("c", 1), ("a", 2))]
    )

    assert [master.name for master in masters.listed(Kind.DEPARTMENT)] == ["c", "a", "b"]


def test_the_starting_chart_has_every_kind_and_no_orphan() -> None:
    masters = Masters.of(starting_chart())

    assert {kind: len(masters.listed(kind)) for kind in Kind} == {
        Kind.ACCOUNT: 8,
        Kind.SUB_ACCOUNT: 6,
        Kind.DEPARTMENT: 4,
        Kind.AUXILIARY: 23,
    }
    assert masters.find(Kind.ACCOUNT, ("511",)) is not None
    assert {master.key[0] for master in masters.listed(Kind.AUXILIARY)} == {1, 2}


def test_a_seed_invents_the_same_masters_again_and_another_seed_others() -> None:
    counts = {Kind.ACCOUNT: 30, Kind.SUB_ACCOUNT: 90, Kind.DEPARTMENT: 20, Kind.AUXILIARY: 40}
    filled = [
        Masters.of(starting_chart()),
        Masters.of(starting_chart()),
        Masters.of(starting_chart()),
    ]
    for masters, seed in zip(filled, (1, 1, 2), strict=True):
        for master in invent(masters, counts, seed):
            masters.save(master)

    one, again, other = (list(masters.everything()) for masters in filled)
    assert one == again
    assert one != other
    assert len(one) == len(starting_chart()) + 180
    assert {master.use_flg for master in one} == {"0", "1"}


def test_sub_accounts_cannot_be_invented_without_an_account() -> None:
    with pytest.raises(ValueError, match="need an account"):
        list(invent(Masters(), {Kind.SUB_ACCOUNT: 1}, 1))
