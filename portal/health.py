"""Is the portal alive, is it ready, and what a page answers while the database is away.

Nothing here needs a session: a person who cannot be looked up still gets an answer.
"""

import logging
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.api.problem import CONTENT_TYPE, problem
from portal.deadlines.models import Heartbeat

logger = logging.getLogger("portal.health")

WORKER_SILENCE = timedelta(seconds=60)
RETRY_SECONDS = "5"
# SQLSTATE classes that say the server is gone or going, as opposed to a statement it refused.
AWAY = ("08", "53300", "57P")


@require_safe
@never_cache
@transaction.non_atomic_requests
def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@transaction.non_atomic_requests
def ready(request: HttpRequest) -> JsonResponse:
    """Database, broker, worker and storage were each really asked just now; 503 while any of them does not answer.

    Says which one, never why: the reason is in the log, since anybody may ask.
    """
    checks: dict[str, str] = {}
    for name, check in CHECKS.items():
        # The worker speaks through the database; waiting for that one a second time would tell nothing.
        unknowable = name == "worker" and checks["database"] != "ok"
        checks[name] = "unavailable" if unknowable else _outcome(name, check)
    good = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse(
        {"status": "ok" if good else "unavailable", "checks": checks}, status=200 if good else 503
    )


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:
        logger.warning("Not ready, %s: %s", name, error)
        return "unavailable"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry=None
    )
    try:
        client.ping()
    finally:
        client.close()


def _worker() -> None:
    # The machine's time, not the demo's: moving the clock does not make a worker silent.
    beat = Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first()
    if beat is None or datetime.now(UTC) - beat > WORKER_SILENCE:
        raise RuntimeError(f"the worker was last heard at {beat}")


def _storage() -> None:
    name = default_storage.save(f"health/{uuid.uuid4().hex}", ContentFile(b"ready"))
    try:
        with default_storage.open(name) as file:
            if file.read() != b"ready":
                raise RuntimeError("storage returned something else than was stored")
    finally:
        default_storage.delete(name)


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "worker": _worker,
    "storage": _storage,
}


def database_is_away(error: BaseException | None) -> bool:
    """Whether this error means that the database cannot be reached, not that it refused something."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            state = getattr(error.__cause__, "sqlstate", None)
            # 57014 is a statement that took too long: the database is there.
            return state is None or (state.startswith(AWAY) and state != "57014")
        error = error.__cause__ or error.__context__
    return False


def _note(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None and database_is_away(sys.exc_info()[1]):
        request.portal_database_away = True  # type: ignore[attr-defined]


class DatabaseDownMiddleware:
    """Turns the 500 of any layer within, sessions included, into a 503 where the database could not be reached.

    Each layer of middleware turns its own exceptions into a 500 before an outer one could catch them; Django's signal for
    such exceptions is the one place that hears of all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response
        got_request_exception.connect(_note, dispatch_uid="portal.health")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 500 and getattr(request, "portal_database_away", False):
            return _unavailable(request)
        return response


def _unavailable(request: HttpRequest) -> HttpResponse:
    response: HttpResponse
    if request.path.startswith("/api/"):
        body = problem(
            503, "unavailable", "The portal is briefly unavailable; nothing of this request was stored."
        )
        response = JsonResponse(body, status=503, content_type=CONTENT_TYPE)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = RETRY_SECONDS
    return response
