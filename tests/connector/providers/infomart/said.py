"""An answer of Infomart's without the wire in between, for tables and mutations by the thousand."""

from collections.abc import Mapping
from datetime import timedelta

from connector.domain.fetch import Window
from connector.domain.renewal import TokenReply
from connector.ports import InvoicePage
from connector.providers.infomart.client import InfomartClient
from connector.providers.manifest import Site
from connector.providers.transport import Answer, Transport
from connector.secret import Secret
from tests.listing import invoices_on

SITE = Site(auth_url="https://auth.invalid", api_url="https://api.invalid")


def answer(code: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(code=code, headers=headers or {}, body=body)


class Saying(Transport):
    """Has said its answer before it was asked."""

    def __init__(self, said: Answer) -> None:  # opens nothing
        self.said = said

    async def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:  # noqa: ARG002
        return self.said

    async def post_token(self, url: str, *, form: str, last_look: object = None) -> TokenReply:  # noqa: ARG002
        said = self.said
        return TokenReply(said.code, said.body, said.whole, said.wait(timedelta()) or None)


async def page_in(said: Answer, window: Window) -> InvoicePage:
    """What the client makes of the answer, every invoice of which can be read."""
    page = await InfomartClient(Saying(said), SITE).received_page(Secret("t"), window, 1, uses_workflow=True)
    invoices_on(page)  # as a look does with whatever it does not know
    return page
