"""Things with an id of their own."""

import strawberry


@strawberry.interface(description="Something with an id of its own, found again by `node`.")
class Node:
    """Something with an id of its own."""

    id: strawberry.ID = strawberry.field(description="Opaque id; keep it as it is.")
