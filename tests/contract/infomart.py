"""A company at Infomart that issues and receives: our client on one side, the twin's own account on the other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connector.domain.bookkeeping import BookChange, BookKind
from connector.domain.draft import CustomerDraft, InvoiceDraft, LineDraft, Method, Registration, SupplierDraft, Update
from connector.domain.fetch import Window
from connector.domain.finding import Checked
from connector.domain.invoice import Side
from connector.domain.tax import Bucket, TaxSummary
from connector.domain.totals import Figures
from connector.ports import InvoicePage, Prepared
from connector.providers.infomart.client import InfomartClient
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret
from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Fault, Kind
from connector.twins.infomart.members import Member
from connector.twins.infomart.outbox import Issued, Stage
from tests.listing import invoices_on
from tests.world import TwinServer

PFID = "minato@example.co.jp"
CLIENT = Client("connector", "secret", ("https://connector.example.jp/callback",))
SCOPE = "openid profile email qualified"

CUSTOMER = CustomerDraft(code="C0001", name="株式会社汐ノ瀬フーズ", postal_code="100-0001", address1="東京都青凪区1-1")
LINES = [
    LineDraft(
        name="米 10kg",
        day=date(2026, 10, 2),
        quantity=Decimal("4.5"),
        unit="袋",
        unit_price=Decimal("4444.4444"),
        net=Decimal(20000),
        tax=Decimal(1600),
        gross=Decimal(21600),
        bucket=Bucket.REDUCED_8,
    ),
    LineDraft(name="配送料", net=Decimal(10000), tax=Decimal(1000), gross=Decimal(11000), bucket=Bucket.STANDARD_10),
]


def an_invoice(**changes: Any) -> InvoiceDraft:
    """A qualified invoice that adds up."""
    proper: dict[str, Any] = {
        "number": "2026-10-001",
        "subject": "2026年10月分",
        "method": Method.QUALIFIED,
        "total": Figures(Decimal(30000), Decimal(2600), Decimal(32600)),
        "tax_summary": [
            TaxSummary(Bucket.STANDARD_10, Decimal(10000), Decimal(1000), Decimal(11000)),
            TaxSummary(Bucket.REDUCED_8, Decimal(20000), Decimal(1600), Decimal(21600)),
        ],
        "lines": LINES,
    }
    return InvoiceDraft(**{**proper, **changes})


def a_registration(customer: CustomerDraft | None = CUSTOMER, **changes: Any) -> Registration:
    """The same for a customer that comes with it."""
    return Registration(customer=customer, invoice=an_invoice(**changes))


def fit(*checked: Checked[Prepared]) -> list[Prepared]:
    """What was checked and may be sent."""
    ready = []
    for each in checked:
        assert each.value is not None, each.findings
        ready.append(each.value)
    return ready


@dataclass(frozen=True, slots=True)
class Office:
    """One company's view of the platform, in one generation."""

    client: InfomartClient
    access: Secret
    twin: TwinServer

    @property
    def member(self) -> Member:
        found = self.twin.world.members.find(PFID)
        assert found is not None
        return found

    def has(self, **flags: object) -> None:
        self.twin.world.members.save({"pfid": PFID, **flags})

    def suffers(self, operation: str, kind: Kind, count: int = 1, seconds: float = 0.0) -> None:
        self.twin.world.faults.add(Fault(operation, kind, count=count, seconds=seconds))

    def issued(self) -> list[Issued]:
        """What was really registered."""
        return list(self.twin.world.issuers.of(self.member).outbox)

    def days(self, side: Side) -> Window:
        today = self.twin.world.clock.today()
        return Window(today - timedelta(days=90), today, side)

    def calls(self, operation: str) -> int:
        """How often the call was heard, whether it was answered or struck by a fault."""
        heard = self.twin.ledger("api_called", "fault_struck")
        return sum(each["operation"] == operation for each in heard)

    async def register(self, *asked: Registration) -> Sequence[Any]:
        return await self.client.register(self.access, fit(*map(self.client.check_registration, asked)))

    async def update(self, *asked: Update) -> Sequence[Any]:
        return await self.client.update(self.access, fit(*map(self.client.check_update, asked)))

    async def change(self, *asked: BookChange) -> Sequence[Any]:
        return await self.client.change_books(self.access, fit(*map(self.client.check_book_change, asked)))

    async def save(self, *asked: SupplierDraft) -> Sequence[Any]:
        return await self.client.save_suppliers(self.access, fit(*map(self.client.check_supplier, asked)))

    async def returned(self, **changes: Any) -> str:
        """The key of an invoice that its receiver sent back."""
        [done] = await self.register(a_registration(**changes))
        next(each for each in self.issued() if each.mng_num == int(done.key)).stage = Stage.RETURNED
        return str(done.key)


@asynccontextmanager
async def opened_office(
    generation: str, twin: TwinServer, limit: timedelta, transport: Transport | None = None
) -> AsyncIterator[Office]:
    """The company, signed in; `limit`: how long our side waits for an answer."""
    twin.world.register(CLIENT)
    flags: Mapping[str, object] = {"seller_paid": True, "journal_free": True, "spread_days": 30}
    twin.add_member(PFID, invoices=12, **flags)
    tokens = twin.world.grants.mint(PFID, client_id=CLIENT.id, scope=SCOPE)
    way = transport or Transport("infomart", limit)
    client = InfomartClient(way, Site(auth_url=twin.url, api_url=twin.url), generation)
    try:
        yield Office(client, Secret(tokens.access), twin)
    finally:
        await way.close()


async def whole(page: Awaitable[InvoicePage]) -> InvoicePage:
    """The page, every invoice of which can be read."""
    told = await page
    invoices_on(told)
    return told


# Every call, and something proper to ask it: what the twin names it -> how to make it.
READS: Mapping[str, Callable[[Office], Awaitable[Any]]] = {
    "issued": lambda office: whole(office.client.issued_page(office.access, office.days(Side.ISSUER), 1)),
    "invoices": lambda office: whole(
        office.client.received_page(office.access, office.days(Side.RECEIVER), 1, uses_workflow=True)
    ),
    "masters": lambda office: office.client.books(office.access),
}
WRITES: Mapping[str, Callable[[Office], Awaitable[Any]]] = {
    "register": lambda office: office.register(a_registration()),
    "update": lambda office: office.update(Update(key="4100000001", invoice=InvoiceDraft(subject="訂正"))),
    "save_masters": lambda office: office.change(BookChange(BookKind.DEPARTMENT, "9000", name="新店")),
    "suppliers": lambda office: office.save(
        SupplierDraft("S90001", name="株式会社新", postal_code="100-0001", address1="東京都")
    ),
}
