"""Carries failures to the log, so that no job ends in silence and none is retried by the queue."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import structlog
from arq.typing import WorkerCoroutine

from connector.errors import ConnectorError

_log = structlog.get_logger("connector.workers")


def reported(job: Callable[..., Awaitable[None]]) -> WorkerCoroutine:
    """The job with its failures written down: the row it works on says what is left, and the sweep asks again."""

    @wraps(job)
    async def told(ctx: dict[Any, Any], *ids: Any, **_: Any) -> None:
        with structlog.contextvars.bound_contextvars(job=job.__name__):
            try:
                await job(ctx, *ids)
            except ConnectorError as failure:
                _log.warning("job stopped", code=failure.code, remedy=failure.remedy.value)
            except ValueError:
                _log.exception("a ring that names nothing", ids=ids)
            except Exception:  # noqa: BLE001 - logged whole; the row says what is left to do
                _log.exception("job failed")

    return told
