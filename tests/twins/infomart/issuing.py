"""A seller's system that registers, updates and lists invoices, and a person at the screen beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.twins.infomart.visitor import PFID, Visitor

SELLER = "/v1/invoice/seller/invoices"
SPAN = {"send_date_from": "2026-01-01", "send_date_to": "2026-12-31"}
ADDRESS = {"zip": "100-0001", "address1": "東京都青凪区1-1"}
CUSTOMER = {"private_cust_cd": "C0001", "company_name": "株式会社汐ノ瀬フーズ", **ADDRESS}
BANK = {
    "transfer_code": "B900",
    "fncl_inst_code": "9801",
    "fncl_inst_name": "翠ヶ淵銀行",
    "branch_code": "101",
    "branch_name": "本店営業部",
    "deposit_sec": "1",
    "account_num": "1234567",
    "depositor_kana": "ﾏﾁｱｲ",
}
PUBLISHER = {
    "publisher_mng_num": "E01",
    "publisher_company_name": "東日本支店",
    "publisher_zip": "100-0002",
    "publisher_address1": "東京都青凪区2-2",
    "publisher_phone": "03-0000-0000",
    "biz_regist_no": "T8700110005901",
}


def invoice(**changes: Any) -> dict[str, Any]:
    """A proper element for a customer of its own, with changes; a change to None leaves the key out."""
    proper = {"customer": CUSTOMER, "inv_no": "2026-11-001", "inv_name": "11月分", "inv_show_amount": 1100}
    return {name: value for name, value in (proper | changes).items() if value is not None}


@dataclass(frozen=True, slots=True)
class System:
    visitor: Visitor
    access_token: str

    async def call(
        self, method: str, body: Mapping[str, Any], path: str = SELLER, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        said = {"Accept": "application/json", "Authorization": f"Bearer {self.access_token}", **(headers or {})}
        asked = {"response_type": "json", **body}
        if method == "GET":
            return await self.visitor.http.get(path, params=asked, headers=said)
        return await self.visitor.http.request(method, path, json=asked, headers=said)

    async def register(self, *elements: Any, **more: Any) -> httpx2.Response:
        return await self.call("POST", {"invoices": list(elements), **more})

    async def update(self, *elements: Any) -> httpx2.Response:
        return await self.call("PUT", {"invoices": list(elements)})

    async def listed(self, **conditions: Any) -> list[dict[str, Any]]:
        answer = await self.call("GET", {**SPAN, **conditions})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["invoices"]
        return found

    async def number(self, **changes: Any) -> int:
        """The number of a fresh invoice."""
        answer = await self.register(invoice(**changes))
        assert answer.status_code == 200, answer.text
        mng_num: int = answer.json()["invoices"][0]["invoice_mng_num"]
        return mng_num

    async def returned(self, **changes: Any) -> int:
        """The number of an invoice that the receiving side sent back."""
        mng_num = await self.number(**changes)
        await self.screen("issued", {"return": [mng_num]})
        return mng_num

    async def screen(self, what: str, body: Mapping[str, Any]) -> Any:
        return await self.visitor.sim(f"members/{PFID}/{what}", body)

    async def truth(self) -> list[dict[str, Any]]:
        """What was really issued."""
        found: list[dict[str, Any]] = (await self.visitor.http.get(f"/_sim/members/{PFID}/issued")).json()["issued"]
        return found

    async def masters(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.visitor.http.get(f"/_sim/members/{PFID}/masters")).json()
        return found

    async def events(self, *names: str) -> list[dict[str, Any]]:
        return await self.visitor.events(*names)


async def system_of(visitor: Visitor) -> System:
    """The system of a member that may issue."""
    await visitor.sim("members", {"pfid": PFID, "seller_paid": True})
    return System(visitor, (await visitor.tokens())["access_token"])


def faults(answer: httpx2.Response) -> list[tuple[str, str | None, int | None]]:
    """Code, item and index of each refusal, in order."""
    body = answer.json()
    assert body["result"] == "1"
    return [(each["error_code"], each["error_item"], each["error_index"]) for each in body["error_list"]]
