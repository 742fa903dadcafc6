"""What the workbench's list of findings is asked."""

from datetime import timedelta

from partners.findings_states import CLOCK_RUNS, OVER
from partners.findings_states import FindingState as F
from partners.models import Finding
from portal.admin import Question

SOON = timedelta(days=7)


class Waits(Question):
    title = "what it waits for"
    parameter_name = "waits"
    questions = {
        "triage": ("Triage", lambda rows, user, at: rows.in_state(F.REPORTED)),
        "validation": ("Validation", lambda rows, user, at: rows.in_state(F.TRIAGED)),
        "notice": ("The notice to its owner", lambda rows, user, at: rows.in_state(F.VALIDATED)),
        "owner": ("Its owner's answer", lambda rows, user, at: rows.in_state(F.OWNER_NOTIFIED)),
        "fix": ("The fix", lambda rows, user, at: rows.in_state(F.REMEDIATING)),
        "publication": ("Publication", lambda rows, user, at: rows.in_state(F.FIXED)),
    }


class Clock(Question):
    title = "its disclosure date"
    parameter_name = "clock"
    questions = {
        "passed": ("Has passed", lambda rows, user, at: rows.overdue(at=at)),
        "soon": (
            "Within 7 days",
            lambda rows, user, at: rows.filter(
                state__in=CLOCK_RUNS, disclosure_due_at__gt=at, disclosure_due_at__lte=at + SOON
            ),
        ),
    }


class Which(Question):
    title = "which"
    parameter_name = "which"
    questions = {
        "exploited": ("Exploited", lambda rows, user, at: rows.filter(exploited=True)),
        "open": ("Not over", lambda rows, user, at: rows.exclude(state__in=OVER)),
        **{
            value: (label, lambda rows, user, at, value=value: rows.filter(kind=value))
            for value, label in Finding.What.choices
        },
    }
