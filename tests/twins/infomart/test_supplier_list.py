from typing import Any

import pytest

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.masters import ObstacleError, Saved
from connector.twins.infomart.supplier_list import Invited, SupplierList, Way, on_the_platform
from connector.twins.infomart.suppliers import every_supplier

ADDRESS = {"zip": "999-0101", "address2": "白樺台1-2-3"}
HARBOUR = {"company_name": "港紙業株式会社", **ADDRESS}
REACHABLE = {Way.EMAIL: {"user_email": "k@minato.example.jp"}, Way.FAX: {"fax": "03-0000-0001"}, Way.PAPER: {}}


def listed(**facts: Any) -> SupplierList:
    suppliers = SupplierList()
    suppliers.save("S9", HARBOUR | facts)
    return suppliers


def test_a_new_supplier_is_listed_and_has_never_been_invited() -> None:
    suppliers = SupplierList()

    assert suppliers.save("S9", HARBOUR | {"section": None}) == Saved(
        created=True, changed=("company_name", "zip", "address2")
    )
    [only] = suppliers
    assert only.as_json() == {
        "private_cust_cd_s": "S9",
        "company_name": "港紙業株式会社",
        "section": None,
        "user_name": None,
        "zip": "999-0101",
        "address1": None,
        "address2": "白樺台1-2-3",
        "phone": None,
        "fax": None,
        "user_email": None,
        "tax_corp_id": None,
        "biz_type": None,
        "biz_regist_no": None,
        "banks": [],
        "invite_status": "0",
    }


@pytest.mark.parametrize(
    ("facts", "lacking"),
    [
        ({}, ["company_name", "zip", "address1"]),
        (ADDRESS, ["company_name"]),
        ({"company_name": "港紙業", "zip": "999-0101"}, ["address1"]),
        ({"company_name": "港紙業", "address1": "東京都"}, ["zip"]),
    ],
)
def test_a_new_supplier_needs_a_name_and_an_address(facts: dict[str, Any], lacking: list[str]) -> None:
    suppliers = SupplierList()

    with pytest.raises(ObstacleError) as refused:
        suppliers.save("S9", facts)

    assert refused.value.obstacles == tuple((Code.REQUIRED, name) for name in lacking)
    assert list(suppliers) == []


def test_a_known_supplier_takes_what_is_given_and_keeps_the_rest() -> None:
    suppliers = listed(fax="03-0000-0001", section="経理部")

    saved = suppliers.save("S9", {"section": "総務部", "fax": None})

    assert saved == Saved(created=False, changed=("section", "fax"))
    [only] = suppliers
    assert only.facts == HARBOUR | {"section": "総務部"}


def test_saving_the_same_again_changes_nothing() -> None:
    suppliers = listed()
    before = list(suppliers)

    assert suppliers.save("S9", HARBOUR) == Saved(created=False, changed=())
    assert list(suppliers) == before


def test_the_name_of_a_known_supplier_cannot_be_cleared() -> None:
    suppliers = listed()

    with pytest.raises(ObstacleError) as refused:
        suppliers.save("S9", {"company_name": None, "section": "総務部"})

    assert refused.value.obstacles == ((Code.REQUIRED, "company_name"),)
    assert [each.facts for each in suppliers] == [HARBOUR]


@pytest.mark.parametrize("way", [Way.EMAIL, Way.FAX, Way.PAPER])
def test_a_supplier_who_can_be_reached_is_invited_and_may_be_invited_again(way: Way) -> None:
    suppliers = listed(**REACHABLE[way])

    assert suppliers.invite("S9", way) is Invited.INVITED
    assert suppliers.invite("S9", way) is Invited.INVITED


@pytest.mark.parametrize(("way", "lacking"), [(Way.EMAIL, "user_email"), (Way.FAX, "fax")])
def test_an_invitation_needs_an_address_of_its_kind(way: Way, lacking: str) -> None:
    suppliers = listed()

    with pytest.raises(ObstacleError) as refused:
        suppliers.invite("S9", way)

    assert refused.value.obstacles == ((Code.NOT_INVITABLE, lacking),)
    assert [each.invited for each in suppliers] == [Invited.NEVER]


def test_a_company_that_works_on_the_platform_already_is_not_invited() -> None:
    suppliers = listed(user_email="k@minato.example.jp")
    suppliers.invite("S9", Way.EMAIL)
    suppliers.stand("S9", Invited.CONNECTED)

    with pytest.raises(ObstacleError) as refused:
        suppliers.invite("S9", Way.EMAIL)

    assert refused.value.obstacles == ((Code.NOT_INVITABLE, "invite_type"),)
    assert [each.invited for each in suppliers] == [Invited.CONNECTED]


def test_those_who_issue_invoices_here_are_listed_as_connected() -> None:
    suppliers = SupplierList.of(map(on_the_platform, every_supplier()))

    told = [each.as_json() for each in suppliers]
    assert len(told) == 20
    assert {each["invite_status"] for each in told} == {"2"}
    assert all(each["banks"] for each in told)
    first = suppliers.find("S00001")
    assert first is not None
    assert first.facts["company_name"] == "株式会社汐ノ瀬フーズ"
    assert first.facts["biz_regist_no"] == "T" + first.facts["tax_corp_id"]
