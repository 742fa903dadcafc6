"""The Celery application. Its settings are Django's, those that begin with CELERY_."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def _refuse_unfit(**kwargs: object) -> None:
    from portal.operating.fitness import refuse_unfit

    try:
        refuse_unfit()
    except ImproperlyConfigured as error:
        # Celery logs what a signal's receiver raises, and goes on; this it does not catch.
        raise SystemExit(str(error)) from None


@worker_ready.connect
def _say_so(**kwargs: object) -> None:
    """Let /health/ready hear of a new worker at once instead of at beat's next round, and the operators' page of its queues."""
    for queue in app.amqp.queues.consume_from:
        app.send_task("portal.deadlines.tasks.pulse", args=[queue], queue=queue, expires=30)
        if queue == "mail":
            app.send_task("portal.deadlines.tasks.heartbeat", queue=queue, expires=30)
