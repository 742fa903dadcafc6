"""How the delivery of reminders stands, for Prometheus: the same numbers as on the operators' page."""

import math
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from portal import clock
from portal.deadlines.status import Status, status


@csrf_exempt
@never_cache
@transaction.non_atomic_requests
def page(request: HttpRequest) -> HttpResponse:
    """The metrics, to whoever brings the token; to anybody else this address is none."""
    if request.method not in ("GET", "HEAD") or not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Delivery(status(clock.now())))
    response = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    token = settings.PORTAL_METRICS_TOKEN
    return bool(token) and constant_time_compare(given, f"Bearer {token}")


class Delivery(Collector):
    """One reading as gauges. What is unknown has no sample, but for a part that was never heard: its age has no end."""

    def __init__(self, found: Status):
        self.found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self.found
        yield _gauge(
            "portal_reminder_lag_seconds",
            "By how much the oldest reminder is late that is due and was neither planned nor tried.",
            found.lag,
        )
        yield _gauges(
            "portal_messages",
            "Messages by state; of sent, kept and dropped ones those of the last 24 hours.",
            "state",
            found.states,
        )
        yield _gauge("portal_messages_due", "Messages that wait and may be sent now.", found.due)
        yield _gauge("portal_mail_sent_last_hour", "Mails sent in the last hour.", found.sent_last_hour)
        yield _gauges(
            "portal_mail_failures",
            "Messages whose last attempt failed, those tried again and those given up, by reason.",
            "reason",
            {row.reason: row.trying + row.given_up for row in found.failures},
        )
        yield _gauge(
            "portal_mailboxes_bouncing", "Mailboxes that take no mail, as a mail server said.", found.bouncing
        )
        yield _gauges(
            "portal_heartbeat_age_seconds",
            "How long ago a part was heard last.",
            "name",
            {beat.name: math.inf if beat.age is None else beat.age for beat in found.beats},
        )
        yield _gauges(
            "portal_queue_depth",
            "Tasks that wait in a queue of the broker.",
            "queue",
            {depth.queue: depth.waiting for depth in found.queues if depth.waiting is not None},
        )


def _gauge(name: str, said: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, value=value)


def _gauges(name: str, said: str, label: str, values: dict) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, said, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge
