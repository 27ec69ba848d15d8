"""What one request carries: who asks, what may be asked, and loaders that live no longer than it does."""

from dataclasses import dataclass

from strawberry.types import Info as StrawberryInfo

from connector.bootstrap import Flows
from connector.domain.access import Viewer
from graphql_schema.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """One request."""

    flows: Flows
    viewer: Viewer
    loaders: Loaders
    request_id: str


Info = StrawberryInfo[Context, None]
