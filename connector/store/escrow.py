"""An escrow in a second database: tables of its own making."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connector.domain.certificate import Certificate
from connector.domain.renewal import TokenAnswer
from connector.domain.sealing import DataKey, WrappedKey
from connector.errors import Misconfigured, Unavailable
from connector.ids import ConnectionId, DataKeyId, GrantId, ProviderKey, TenantId

_AT_ONCE = 500
_MAKING = 7_270_931  # the lock that lets one process at a time make the tables

escrowed_answers = sa.Table(
    "escrowed_answers",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("tenant_id", sa.Uuid, nullable=False),
    sa.Column("connection_id", sa.Uuid, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("escrowed_answers_by_moment", "answered_at", "id"),
)

escrowed_certificates = sa.Table(
    "escrowed_certificates",
    escrowed_answers.metadata,
    sa.Column("tenant_id", sa.Uuid, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)

escrowed_keys = sa.Table(
    "escrowed_keys",
    escrowed_answers.metadata,
    sa.Column("tenant_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kek_id", sa.Text, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)


class DatabaseEscrow:
    """Keeps sealed answers in a database that does not fail together with ours."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._made = False

    @classmethod
    def opened(cls, address: str) -> "DatabaseEscrow":
        """The escrow at `address`, connected on first use; raises Misconfigured when that is no address."""
        try:
            url = make_url(address).set(drivername="postgresql+asyncpg")
        except (sa.exc.ArgumentError, ValueError):
            raise Misconfigured(problems=["CONNECTOR_ESCROW: is not the address of a database"]) from None
        engine = create_async_engine(
            url,
            pool_size=2,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"timeout": 10, "server_settings": {"application_name": "connector-escrow"}},
        )
        return cls(engine)

    async def keep(self, answers: Sequence[TokenAnswer]) -> None:
        """Returns when the answers are committed there; raises Unavailable when it does not take them."""
        async with self._begun() as connection:
            for start in range(0, len(answers), _AT_ONCE):
                rows = [_row(answer) for answer in answers[start : start + _AT_ONCE]]
                await connection.execute(insert(escrowed_answers).values(rows).on_conflict_do_nothing())

    async def entries(self, since: datetime) -> AsyncIterator[TokenAnswer]:
        """Every answer given since then, once each, oldest first; raises Unavailable when it cannot be read."""
        of = escrowed_answers.c
        reached: sa.ColumnElement[bool] = of.answered_at >= since
        while True:
            statement = sa.select(escrowed_answers).where(reached).order_by(of.answered_at, of.id).limit(_AT_ONCE)
            async with self._begun() as connection:
                rows = (await connection.execute(statement)).all()
            for row in rows:
                yield _answer(row)
            if len(rows) < _AT_ONCE:
                return
            reached = sa.tuple_(of.answered_at, of.id) > sa.tuple_(rows[-1].answered_at, rows[-1].id)

    async def forget(self, before: datetime) -> None:
        """Removes answers given before `before`; raises Unavailable when it cannot."""
        async with self._begun() as connection:
            await connection.execute(sa.delete(escrowed_answers).where(escrowed_answers.c.answered_at < before))

    async def count(self, tenant: TenantId) -> int:
        """How many answers of the tenant are in it; raises Unavailable when it cannot be read."""
        of = escrowed_answers.c
        async with self._begun() as connection:
            counted = await connection.execute(sa.select(sa.func.count(of.id)).where(of.tenant_id == tenant))
        return int(counted.scalar_one())

    async def keep_keys(self, keys: Sequence[DataKey]) -> None:
        """Keeps wrapped keys until they are destroyed; the last wrapping of each stands. Raises Unavailable."""
        kept = insert(escrowed_keys)
        kept = kept.on_conflict_do_update(
            index_elements=["tenant_id", "id"],
            set_={"kek_id": kept.excluded.kek_id, "wrapped": kept.excluded.wrapped},
        )
        async with self._begun() as connection:
            for key in sorted(keys, key=lambda each: (each.tenant_id, each.id)):  # no two wait for each other
                row = {"tenant_id": key.tenant_id, "id": key.id, "kek_id": key.wrapped.kek_id}
                await connection.execute(kept, {**row, "wrapped": key.wrapped.blob})

    async def keys(self) -> Sequence[DataKey]:
        """Every wrapped key; raises Unavailable when they cannot be read."""
        of = escrowed_keys.c
        async with self._begun() as connection:
            rows = await connection.execute(sa.select(escrowed_keys).order_by(of.tenant_id, of.id))
            return [
                DataKey(TenantId(row.tenant_id), DataKeyId(row.id), WrappedKey(row.kek_id, bytes(row.wrapped)))
                for row in rows
            ]

    async def destroy_keys(self, tenant: TenantId) -> None:
        """Destroys every wrapped key of the tenant; raises Unavailable when it cannot."""
        async with self._begun() as connection:
            await connection.execute(sa.delete(escrowed_keys).where(escrowed_keys.c.tenant_id == tenant))

    async def keep_certificate(self, certificate: Certificate) -> None:
        """Keeps a certificate for ever; the first of a tenant stands. Raises Unavailable when it is not taken."""
        row = {
            "tenant_id": certificate.tenant_id,
            "document": certificate.document,
            "digest": certificate.digest,
        }
        async with self._begun() as connection:
            await connection.execute(insert(escrowed_certificates).values(row).on_conflict_do_nothing())

    async def certificates(self) -> Sequence[Certificate]:
        """Every certificate; raises Unavailable when they cannot be read."""
        of = escrowed_certificates.c
        async with self._begun() as connection:
            rows = (await connection.execute(sa.select(of.document, of.digest).order_by(of.tenant_id))).all()
        return [Certificate(document=row.document, digest=bytes(row.digest)) for row in rows]

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[AsyncConnection]:
        """A transaction in which the tables are there; whatever this database fails by, nothing of ours is at fault."""
        try:
            async with self._engine.begin() as connection:
                if not self._made:
                    # Two that make a table at the same moment disturb each other, `if not exists` or not.
                    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
                    await connection.run_sync(escrowed_answers.metadata.create_all)
                yield connection
            self._made = True
        except (OSError, sa.exc.TimeoutError, DBAPIError) as cause:
            self._made = False  # the next time may meet a database made anew
            raise Unavailable from cause


def _row(answer: TokenAnswer) -> dict[str, object]:
    return {
        "id": answer.id,
        "tenant_id": answer.tenant_id,
        "connection_id": answer.connection_id,
        "provider": answer.provider,
        "parent_id": answer.parent_id,
        "answered_at": answer.answered_at,
        "sealed": answer.sealed,
    }


def _answer(row: sa.Row[tuple[object, ...]]) -> TokenAnswer:
    return TokenAnswer(
        id=GrantId(row.id),
        tenant_id=TenantId(row.tenant_id),
        connection_id=ConnectionId(row.connection_id),
        provider=ProviderKey(row.provider),
        parent_id=None if row.parent_id is None else GrantId(row.parent_id),
        answered_at=row.answered_at,
        sealed=bytes(row.sealed),
    )
