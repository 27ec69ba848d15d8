"""What one company has, every text of it marked, and what a stranger could send to get at it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type

from connector.domain.access import Partner, Scope, Tenant
from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.domain.fetch import FetchedPage, Window
from connector.domain.invoice import Counterparty, FetchedInvoice, IssuedStage, Journal, Place, Posting, Side
from connector.ids import InvoiceId, ProviderKey
from connector.secret import Secret
from connector.store.tables import MIRRORS, fetches
from graphql_schema import identity
from tests.graphql_schema.graph import Graph
from tests.graphql_schema.walk import Argument, Question
from tests.store.companies import a_line, an_invoice
from tests.store.databases import engine_as
from tests.world import ON_BOTH_SIDES

# How an id of each kind is written; a new kind of Node without a line here fails the walk by its name.
KINDS: Mapping[str, tuple[str, int]] = {
    "Tenant": (identity.TENANT, 1),
    "ProviderConnection": (identity.CONNECTION, 2),
    "ReceivedInvoice": (identity.RECEIVED_INVOICE, 2),
    "IssuedInvoice": (identity.ISSUED_INVOICE, 2),
    "Fetch": (identity.FETCH, 2),
}


@dataclass(frozen=True, slots=True)
class Belongings:
    """A tenant's things as the graph names them."""

    mark: str
    key: Secret
    things: Mapping[str, UUID]  # by kind
    cursors: tuple[tuple[str, str], ...]  # of each list, and the same place with another id
    issue_date: date

    @property
    def tenant(self) -> UUID:
        return self.things["Tenant"]

    def id(self, kind: str, *, of: "Belongings | None" = None, made_up: bool = False) -> str:
        """The id of our thing of this kind, under another's tenant if told so, or of one that never was."""
        code, parts = KINDS[kind]
        own = uuid4() if made_up else self.things[kind]
        if parts == 1:
            return identity.write(code, own)
        tenant = of.tenant if of is not None else uuid4() if made_up else self.tenant
        return identity.write(code, tenant, own)

    def marks(self) -> set[str]:
        """Everything that must not reach anybody else; what is written in the mark's letters is covered by it."""
        uuids = {text for thing in self.things.values() for text in (str(thing), thing.hex)}
        ids = {self.id(kind) for kind in self.things if kind in KINDS}
        return {self.mark, *uuids, *ids, *(real for real, _ in self.cursors)}

    def keys_own(self) -> set[str]:
        return {self.key.reveal().split("_")[2], self.key.reveal()}


def _invoice(mark: str, day: date, **told: Any) -> FetchedInvoice:
    side = Posting(*[f"{mark} {name}" for name in Posting.__dataclass_fields__])
    journal = Journal(slip_date=day, amount=None, summary=f"{mark} summary", debit=side, credit=side)
    texts = ("slip_number", "product_code", "name", "unit", "remarks")
    line = a_line(**{name: f"{mark} {name}" for name in texts}, journals=[journal])
    return an_invoice(
        f"{mark} key",
        number=f"{mark} number",
        subject=f"{mark} subject",
        issue_date=day,
        counterparty=Counterparty(*[f"{mark} {name}" for name in Counterparty.__dataclass_fields__]),
        lines=[line],
        answer={f"{mark} field": f"{mark} value"},
        **told,
    )


async def belongings(graph: Graph, partner: Partner, key: Secret, mark: str, day: date) -> Belongings:
    """A tenant of the partner with one of everything, each text of it marked."""
    tenant = await graph.joined(partner, f"{mark} tenant", ON_BOTH_SIDES)
    connection = await graph.connection_of(tenant.id)
    store, owner, invoice = graph.installation.store, uuid4(), _invoice(mark, day)
    issued = _invoice(mark, day, stage=IssuedStage.ISSUED, stage_code=22)
    asked = await graph.installation.flows.fetching.request(Scope.of_tenant(tenant.id), tenant.id)
    now = graph.clock.now()
    fact = Entitlement(ProviderKey(f"{mark} provider"), Flag.API_OPTION, Verdict.GRANTED, Source.DECLARED, now, None)
    async with store.within(Scope.of_tenant(tenant.id)) as work:
        await work.mirror.put(connection, [invoice], now)
        await work.mirror.put(connection, [issued], now, window=Window(day, day, Side.ISSUER))
        await work.entitlements.record(tenant.id, [fact])
        for fetch in asked:
            assert await work.fetches.claim(fetch.id, owner, now, now) is not None
            page = FetchedPage(1, [invoice.key], last=True, asked_at=now, answered_at=now)
            assert await work.fetches.turn_page(fetch.id, owner, page, now)
    async with engine_as(graph.database_url) as engine, engine.begin() as admin:
        await admin.execute(
            sa.update(fetches).where(fetches.c.tenant_id == tenant.id).values(problem=f"{mark} problem")
        )
        held = {
            side: (await admin.execute(sa.select(of.c.id).where(of.c.tenant_id == tenant.id))).scalar_one()
            for side, of in MIRRORS.items()
        }
    return Belongings(
        mark=mark,
        key=key,
        things={
            "Tenant": tenant.id,
            "ProviderConnection": connection.id,
            "ReceivedInvoice": held[Side.RECEIVER],
            "IssuedInvoice": held[Side.ISSUER],
            "Fetch": asked[0].id,
        },
        cursors=(*[_cursors(day, each) for each in held.values()], _moments(tenant)),
        issue_date=day,
    )


def _cursors(day: date, invoice: UUID) -> tuple[str, str]:
    real, other = (identity.write_place(Place(day, InvoiceId(each))) for each in (invoice, uuid4()))
    return real, other


def _moments(tenant: Tenant) -> tuple[str, str]:
    return identity.write_moment(tenant.created_at, tenant.id), identity.write_moment(tenant.created_at, uuid4())


@dataclass(frozen=True, slots=True)
class Try:
    """A value that belongs to someone else, and one of the same make that belongs to nobody."""

    real: Any
    made_up: Any


# What an argument or a field of an input is given: ours to begin with, and then everything foreign there is to try.
# One without a line here fails the walk by its name.
Giver = Callable[[Belongings, Belongings, Question], tuple[Any, list[Try]]]


def _ids(ours: Belongings, theirs: Belongings, question: Question) -> tuple[Any, list[Try]]:
    tries = [Try(theirs.id(kind), theirs.id(kind, made_up=True)) for kind in KINDS]
    tries += [
        Try(theirs.id(kind, of=ours), theirs.id(kind, of=ours, made_up=True))
        for kind, (_, parts) in KINDS.items()
        if parts > 1
    ]
    return ours.id(question.kind or "Tenant"), tries


def _text(ours: Belongings, theirs: Belongings, _: Question) -> tuple[Any, list[Try]]:
    del ours
    return None, [Try(f"{theirs.mark}{rest}", f"nobody{rest}") for rest in ("", " name", " number")]


def _of(base: Any, *tries: Any) -> Giver:
    return lambda _, __, ___: (base, [Try(each, each) for each in tries])


GIVERS: Mapping[str, Giver] = {
    "id": _ids,
    "first": _of(100),
    "after": lambda _, theirs, __: (None, [Try(real, made_up) for real, made_up in theirs.cursors]),
    "TenantFilter.name": _text,
    **{
        f"{kind}InvoiceFilter.{name}": giver
        for kind, stage in (("Received", "UNPROCESSED"), ("Issued", "ISSUED"))
        for name, giver in {
            "stages": _of(None, [stage]),
            "issuedFrom": _of(None, "0001-01-01"),
            "issuedTo": _of(None, "9999-12-31"),
            "dueFrom": _of(None, "0001-01-01"),
            "dueTo": _of(None, "9999-12-31"),
            "counterparty": _text,
            "totalFrom": _of(None, "0"),
            "totalTo": _of(None, "9999999"),
            "number": _text,
            "gone": _of(None, *(True, False)),
        }.items()
    },
    "CreateOnboardingLinkInput.tenantId": _ids,
    "CreateOnboardingLinkInput.provider": _of("infomart", "nowhere"),
    "RequestFetchInput.tenantId": _ids,
}


class NoGiverError(AssertionError):
    """An argument, an input's field or a kind that the walk does not know how to try."""


def given(argument: Argument, ours: Belongings, theirs: Belongings, question: Question) -> tuple[Any, list[Try]]:
    """The argument's own value, and every foreign one; an input object is tried field by field."""
    if question.kind is not None and question.kind not in KINDS:
        raise NoGiverError(f"{question.kind}: say in {__name__} how its ids are written")
    kind = get_named_type(argument.given.type)
    if not isinstance(kind, GraphQLInputObjectType):
        return _giver(argument.name, argument.coordinate)(ours, theirs, question)
    parts = {name: _giver(f"{kind.name}.{name}", f"{kind.name}.{name}")(ours, theirs, question) for name in kind.fields}
    own = {name: value for name, (value, _) in parts.items() if value is not None}
    tries = [
        Try({**own, name: each.real}, {**own, name: each.made_up})
        for name, (_, tried) in parts.items()
        for each in tried
    ]
    return own if own or isinstance(argument.given.type, GraphQLNonNull) else None, tries


def _giver(name: str, coordinate: str) -> Giver:
    if name not in GIVERS:
        raise NoGiverError(f"{coordinate}: say in {__name__} what a stranger could send there")
    return GIVERS[name]
