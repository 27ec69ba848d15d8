"""Adds to a line of grants: the next one, sealed for its own row."""

from connector.domain.connection import Connection, Grant, SealedGrant, access_seat, refresh_seat
from connector.domain.renewal import TokenAnswer
from connector.ids import GrantId
from connector.ports import Sealer
from connector.secret import Secret


def next_grant(
    connection: Connection, grant: Grant, refresh: Secret, answer: TokenAnswer, parent: SealedGrant, sealer: Sealer
) -> SealedGrant:
    """The grant as it may be stored; a provider that gave no new refresh token keeps the old one alive."""
    own = GrantId(answer.id)
    return SealedGrant(
        id=own,
        parent_id=parent.id,
        access_sealed=None if grant.access is None else sealer.seal(grant.access, access_seat(connection, own)),
        refresh_sealed=sealer.seal(refresh, refresh_seat(connection, own)),
        access_ends_at=grant.access_ends_at,
        refresh_ends_at=grant.refresh_ends_at if grant.refresh is not None else parent.refresh_ends_at,
        obtained_at=answer.answered_at,
    )
