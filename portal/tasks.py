"""The one way to define a Celery task."""

import functools

from celery import shared_task as _celery_task
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# The application is loaded with whatever can publish a task, so that it goes to the configured broker.
import portal.celery  # noqa: F401
from portal import clock, scope, work


def task(*, name: str, sees: tuple[str, ...], expires: float | None = None, queue: str = "celery"):
    """A task of one of ``settings.PORTAL_QUEUES`` that runs at least once and may run twice, late, or beside itself.

    Acknowledged only after it ran, so a killed worker's task is delivered again: its body must be idempotent. Results are
    not kept, because what happened stands in PostgreSQL. The clock is read once, so one run sees one present.
    """

    if queue not in settings.PORTAL_QUEUES:
        # Nothing would ever take it from there.
        raise ImproperlyConfigured(f"{name}: no worker serves a queue {queue!r}.")

    def wrap(function):
        @functools.wraps(function)
        def body(*args, **kwargs):
            with work.piece():
                clock.refresh()
                with scope.job(*sees):
                    return function(*args, **kwargs)

        return _celery_task(
            name=name,
            acks_late=True,
            reject_on_worker_lost=True,
            ignore_result=True,
            expires=expires,
            queue=queue,
        )(body)

    return wrap
