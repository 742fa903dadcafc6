"""The sections of a case's page on the workbench. Each shows only what the person's scopes open, and says what it leaves out."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.urls import reverse

from portal import clock
from portal.admin.panels import CASE_PANELS
from portal.deadlines import registry
from portal.deadlines.models import Deadline
from portal.ledger.models import Event
from portal.prepared import looked_up
from portal.submissions import history, looks, markings, next_steps, timeline
from portal.submissions.admin import break_glass, disclosures, questions, readings, records
from portal.submissions.models import Audience, Document, Facts, Submission
from portal.submissions.querysets import DOCUMENTS, FACTS, INSTRUCTIONS, live

EVENTS_SHOWN = 15
# What each look is called, by the scope that shows it.
LOOKS = {FACTS: "viewed_facts", DOCUMENTS: "viewed_documents"}
# In these capacities a person reads who looked, and under which name the lab knows whom.
AUDIT = frozenset({"coordinator", "auditor"})
# In these, also which break-glass accesses were opened: who reads under one reads until when.
READS_ACCESSES = AUDIT | {"break_glass"}

Panel = tuple[str, str, dict]


@dataclass
class CasePage:
    """One person's view of one case at one instant."""

    request: object
    case: Submission
    at: datetime

    @classmethod
    def of(cls, request, case: Submission) -> "CasePage":
        """The page of this request, made once."""
        kept = request.__dict__.setdefault("_case_page", {})
        return kept.setdefault(case.pk, cls(request, case, clock.now()))

    @cached_property
    def _standing(self) -> list[tuple[str, str]]:
        rows = Audience.objects.filter(live(self.at), submission=self.case, user=self.request.user).order_by()
        return list(rows.values_list("capacity", "scope").distinct())

    @cached_property
    def capacities(self) -> frozenset[str]:
        return frozenset(capacity for capacity, _ in self._standing)

    @cached_property
    def scopes(self) -> frozenset[str]:
        return frozenset(scope for _, scope in self._standing)

    @cached_property
    def documents(self) -> list[Document]:
        """The documents open to the person now, with their versions."""
        if DOCUMENTS not in self.scopes:
            return []
        found = Document.objects.visible_to(self.request.user, at=self.at).filter(submission=self.case)
        return list(found.prefetch_related("versions"))

    @property
    def marking(self) -> markings.Marking | None:
        """The banner over the page: at least the strictest of the documents it shows."""
        return markings.derived(document.marks for document in self.documents)

    @property
    def next_steps(self) -> list[next_steps.NextStep]:
        return next_steps.next_steps(self.case, at=self.at)

    def record_looks(self) -> None:
        """One look for each part of the lab's material that the page shows."""
        for scope, verb in LOOKS.items():
            if scope in self.scopes:
                looks.looked(actor=self.request.user, submission=self.case, verb=verb)

    def panels(self) -> list[Panel]:
        """The page's sections in order; ``None`` from a section is left out."""
        own = [
            self._facts(),
            self._contacts(),
            self._evaluations(),
            self._documents(),
            self._terms(),
            self._instructions(),
            self._questions(),
            disclosures.panel(self.request, self.case, at=self.at),
            records.panel(self.request, self.case) if AUDIT & self.capacities else None,
            break_glass.panel(self.case, at=self.at) if READS_ACCESSES & self.capacities else None,
            self._readings(),
        ]
        upper = [make(self.request, self.case) for make in CASE_PANELS]
        return [
            panel
            for panel in (*own, *upper, self._deadlines(), self._names(), self._record())
            if panel is not None
        ]

    # --- the lab's material -------------------------------------------------------------------------------------------------
    def _facts(self) -> Panel:
        if FACTS not in self.scopes:
            return (
                "About the model",
                "admin/case/closed.html",
                {"words": "What the lab says about the model is not open to you now."},
            )
        facts = self.case.facts
        rows = [
            (Facts._meta.get_field(name).verbose_name.capitalize(), value)
            for name in Facts.TEXTS
            if (value := facts.get_access_mode_display() if name == "access_mode" else getattr(facts, name))
        ]
        return "About the model", "admin/case/facts.html", {"facts": facts, "rows": rows}

    def _contacts(self) -> Panel | None:
        found = list(self.case.contacts.standing()) if FACTS in self.scopes else []
        return ("Contacts of the lab", "admin/case/contacts.html", {"contacts": found}) if found else None

    def _evaluations(self) -> Panel | None:
        rows = history.evaluations_of(self.case) if FACTS in self.scopes else []
        return ("Evaluations", "admin/case/evaluations.html", {"evaluations": rows}) if rows else None

    def _documents(self) -> Panel:
        if DOCUMENTS not in self.scopes:
            return (
                "Documents",
                "admin/case/closed.html",
                {"words": "The lab's documents are not open to you now."},
            )
        return "Documents", "admin/case/documents.html", {"documents": self.documents}

    def _terms(self) -> Panel | None:
        if FACTS not in self.scopes:
            return None
        versions = list(self.case.terms.all())
        return (
            "Access terms",
            "admin/case/terms.html",
            {"newest": versions[0] if versions else None, "earlier": versions[1:]},
        )

    def _instructions(self) -> Panel | None:
        if FACTS not in self.scopes:
            return None
        context = {
            "open": INSTRUCTIONS in self.scopes and self.case.access_provided_at is not None,
            "provided_at": self.case.access_provided_at,
            "url": reverse("admin:submissions_submission_reveal_instructions", args=[self.case.pk]),
        }
        return "Access instructions", "admin/case/instructions.html", context

    def _questions(self) -> Panel | None:
        return questions.panel(self.request, self.case, at=self.at) if FACTS in self.scopes else None

    # --- what the programme does about it -----------------------------------------------------------------------------------
    def _deadlines(self) -> Panel:
        deadlines = looked_up(
            Deadline.objects.visible_to(self.request.user, case_id=self.case.pk)
            .select_related("person")
            .order_by("due_at")
        )
        government = registry.government_kinds()
        for deadline in deadlines:
            deadline.label = registry.label(deadline.kind)
            deadline.shown = deadline.state
            if deadline.shown == "overdue" and deadline.kind not in government:
                # The lab owes nobody a date: what has passed has passed.
                deadline.shown = "passed"
        return "Deadlines", "admin/case/deadlines.html", {"deadlines": deadlines}

    def _names(self) -> Panel | None:
        if not AUDIT & self.capacities:
            return None
        aliases = self.case.aliases.select_related("user").order_by("label")
        return (
            ("Names that the lab reads", "admin/case/names.html", {"aliases": aliases}) if aliases else None
        )

    def _readings(self) -> Panel | None:
        if not (AUDIT | {"lead"}) & self.capacities:
            return None
        return readings.panel(self.request, self.case, names=bool(AUDIT & self.capacities))

    def _record(self) -> Panel:
        url = reverse("admin:submissions_submission_history", args=[self.case.pk])
        told = history.tell(history.changes(self.case).select_related("actor")[:EVENTS_SHOWN])
        people = dict(self._people_of(told))
        return (
            "Record",
            "admin/case/record.html",
            {"told": [(row, people.get(row.actor_id)) for row in told], "url": url},
        )

    def _people_of(self, told):
        events = history.changes(self.case).filter(
            actor_id__in={row.actor_id for row in told if row.actor_id}
        )
        if not AUDIT & self.capacities:
            # Who a partner is, is not a reviewer's to know; a grant's start shows in the record all the same.
            events = events.exclude(capacity="partner")
        return events.order_by("actor_id").values_list("actor_id", "actor__name").distinct()

    @property
    def events(self):
        """Every event for those who audit; for the rest what was done to the case itself."""
        if AUDIT & self.capacities:
            return Event.objects.visible_to(self.request.user).filter(case_id=self.case.pk)
        return history.changes(self.case).exclude(capacity="partner")

    @property
    def window_story(self) -> timeline.Story | None:
        return timeline.story(self.case, at=self.at)
