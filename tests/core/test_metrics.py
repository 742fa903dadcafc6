"""What /metrics says, to whom, and that docs/alerts.yml asks for nothing else."""

import re
from pathlib import Path

import pytest
import redis
import time_machine
import yaml
from django.conf import settings as project
from prometheus_client.parser import text_string_to_metric_families

from portal.deadlines.models import Bounce, Heartbeat, Message
from tests import factories as make
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW, HOUR = make.NOW, make.DAY / 24
TOKEN = "a token of the tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
ALERTS = [rule for group in RULES for rule in group["rules"]]
# Told for a picture over time; no value of theirs is bad.
NOT_ALERTED = {"portal_messages", "portal_mail_sent_last_hour"}

TEXT = """\
# HELP portal_reminder_lag_seconds By how much the oldest reminder is late that is due and was neither planned nor tried.
# TYPE portal_reminder_lag_seconds gauge
portal_reminder_lag_seconds 3600.0
# HELP portal_messages Messages by state; of sent, kept and dropped ones those of the last 24 hours.
# TYPE portal_messages gauge
portal_messages{state="waiting"} 2.0
portal_messages{state="held"} 0.0
portal_messages{state="kept"} 0.0
portal_messages{state="sent"} 1.0
portal_messages{state="dropped"} 0.0
portal_messages{state="failed"} 1.0
# HELP portal_messages_due Messages that wait and may be sent now.
# TYPE portal_messages_due gauge
portal_messages_due 1.0
# HELP portal_mail_sent_last_hour Mails sent in the last hour.
# TYPE portal_mail_sent_last_hour gauge
portal_mail_sent_last_hour 1.0
# HELP portal_mail_failures Messages whose last attempt failed, those tried again and those given up, by reason.
# TYPE portal_mail_failures gauge
portal_mail_failures{reason="outage"} 1.0
portal_mail_failures{reason="later"} 0.0
portal_mail_failures{reason="refused"} 1.0
portal_mail_failures{reason="mailbox"} 0.0
portal_mail_failures{reason="error"} 0.0
portal_mail_failures{reason="unknown"} 0.0
# HELP portal_mailboxes_bouncing Mailboxes that take no mail, as a mail server said.
# TYPE portal_mailboxes_bouncing gauge
portal_mailboxes_bouncing 1.0
# HELP portal_heartbeat_age_seconds How long ago a part was heard last.
# TYPE portal_heartbeat_age_seconds gauge
portal_heartbeat_age_seconds{name="tick"} 3600.0
portal_heartbeat_age_seconds{name="worker"} +Inf
portal_heartbeat_age_seconds{name="queue:mail"} +Inf
portal_heartbeat_age_seconds{name="queue:scans"} +Inf
portal_heartbeat_age_seconds{name="queue:exports"} +Inf
portal_heartbeat_age_seconds{name="queue:celery"} +Inf
# HELP portal_queue_depth Tasks that wait in a queue of the broker.
# TYPE portal_queue_depth gauge
portal_queue_depth{queue="mail"} 0.0
portal_queue_depth{queue="scans"} 2.0
portal_queue_depth{queue="exports"} 0.0
portal_queue_depth{queue="celery"} 0.0
"""


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def opened(settings):
    settings.PORTAL_METRICS_TOKEN = TOKEN
    with redis.Redis.from_url(project.REDIS_URL) as client:
        client.flushdb()
        client.rpush("scans", "a", "b")
        yield
        client.flushdb()


def situation(rows: int = 1) -> None:
    for number in range(rows):
        person = make.person()
        values = {"recipient": person, "created_at": NOW, "kind": "submit", "link": "/", "try_at": NOW + HOUR}
        Message.objects.create(key=f"{number}a", **values | {"try_at": NOW - HOUR})
        Message.objects.create(key=f"{number}b", reason="outage", **values)
        Message.objects.create(key=f"{number}c", state="failed", reason="refused", **values)
        Message.objects.create(key=f"{number}d", state="sent", sent_at=NOW, **values)
        Bounce.objects.create(person=person, address=person.email, at=NOW, said="550")
    Heartbeat.objects.create(name="tick", at=NOW - HOUR)


def test_the_whole_text(client, opened):
    situation()
    answer = client.get("/metrics", headers=BEARER)
    assert (answer.status_code, answer.content.decode()) == (200, TEXT)
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.cookies == {}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer tökén"},
    ],
)
def test_without_the_token_there_is_no_such_address(client, opened, headers):
    strange = client.get("/no/such/page", headers=headers)
    for answer in (client.get("/metrics", headers=headers), client.post("/metrics", headers=headers)):
        assert (answer.status_code, answer.content) == (404, strange.content)
        assert answer.cookies == {}


def test_a_signed_in_superuser_needs_the_token_too(client, opened):
    client.force_login(make.person(is_superuser=True), backend=project.AUTHENTICATION_BACKENDS[0])
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, BEARER])
def test_a_portal_without_a_token_has_no_such_address(client, settings, headers):
    settings.PORTAL_METRICS_TOKEN = ""
    assert client.get("/metrics", headers=headers).status_code == 404


def test_only_reading(client, opened):
    assert client.head("/metrics", headers=BEARER).status_code == 200
    assert client.post("/metrics", headers=BEARER).status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_the_same_with_one_row_and_with_thirty(client, opened, rows):
    situation(rows)
    client.get("/metrics", headers=BEARER)
    # The clock, and the six of how delivery stands: no session, no person.
    with counted(7):
        client.get("/metrics", headers=BEARER)


def test_without_a_broker_all_but_the_queues_is_told(client, opened, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    situation()
    answer = client.get("/metrics", headers=BEARER)
    whole = "".join(f"{line}\n" for line in TEXT.splitlines() if not line.startswith("portal_queue_depth{"))
    assert (answer.status_code, answer.content.decode()) == (200, whole)


# --- alerting rules ---------------------------------------------------------------------------------------------------------
def exposed() -> dict[str, dict[str, set[str]]]:
    """Gauge -> label -> its values, as in the text above."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(TEXT):
        labels = found.setdefault(family.name, {})
        for sample in family.samples:
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    return found


def asked(expr: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(gauge, [(label, how it is compared, with what)]) of each that an expression names."""
    selectors = re.findall(r"\b(portal_\w+)(?:\{([^}]*)\})?", expr)
    return [(name, re.findall(r'(\w+)(=~|=)"([^"]*)"', inside)) for name, inside in selectors]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_is_there_and_says_what_to_do(rule):
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"] in ({"severity": "warning"}, {"severity": "critical"})
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(rule["annotations"].values())
    selectors = asked(rule["expr"])
    assert selectors
    for name, matchers in selectors:
        labels = exposed()[name]
        for label, how, value in matchers:
            assert set(value.split("|") if how == "=~" else [value]) <= labels[label]


def test_a_rule_says_labels_that_it_has():
    for rule in ALERTS:
        [(name, _)] = asked(rule["expr"])
        said = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
        assert set(said) <= set(exposed()[name])


def test_each_gauge_is_alerted_on_or_said_not_to_be():
    alerted = {name for rule in ALERTS for name, _ in asked(rule["expr"])}
    assert alerted | NOT_ALERTED == set(exposed())
    assert not alerted & NOT_ALERTED
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_each_part_and_each_reason_is_watched():
    """But for what a label's values are not compared by, a rule is over all of them."""
    for gauge, label in (("portal_heartbeat_age_seconds", "name"), ("portal_mail_failures", "reason")):
        watched = {
            value
            for rule in ALERTS
            for name, matchers in asked(rule["expr"])
            if name == gauge
            for _, _, values in matchers
            for value in values.split("|")
        }
        assert watched == exposed()[gauge][label]


def test_what_a_rule_refers_to_is_in_the_docs():
    for rule in ALERTS:
        page, _, place = rule["annotations"]["runbook_url"].partition("#")
        headings = re.findall(r"^#+ (.*)$", (DOCS.parent / page).read_text(), re.MULTILINE)
        assert place in [heading.lower().replace(" ", "-") for heading in headings]
