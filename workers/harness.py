"""Carries failures to the log, so that no work ends in silence and none is retried by the queue."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from connector.errors import ConnectorError

_log = structlog.get_logger("connector.workers")


@contextmanager
def reported(work: str) -> Iterator[None]:
    """What fails inside is written down and goes no further: the row says what is left, and the sweep asks again."""
    with structlog.contextvars.bound_contextvars(work=work):
        try:
            yield
        except ConnectorError as failure:
            _log.warning("stopped", failure=str(failure), remedy=failure.remedy.value)
        except Exception:  # noqa: BLE001 - logged whole; the row says what is left to do
            _log.exception("failed")
