"""The retention schedule on the workbench: what of each case is due when, what keeps it, and the step that disposes of files."""

from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.template.defaultfilters import pluralize
from django.utils.html import format_html, format_html_join

from portal import clock
from portal.admin import PortalAdmin, Question, Step, StepForm, state_tag
from portal.formats import day, size
from portal.submissions import actions, looks, retention
from portal.submissions import policies_records as policies
from portal.submissions.models import LegalHold, Retention, Submission
from portal.submissions.querysets import oversees


class DisposeForm(StepForm):
    """No field: what would go stands above the button."""

    preface = "admin/case/to_dispose.html"

    @property
    def terms(self) -> Retention:
        """What the page shows before it asks."""
        return self.subject


def _past(rows, user, at):
    return rows.filter(ended__lte=retention.years_after(at, -retention.CONTENT.years))


def _held(rows, user, at):
    standing = LegalHold.objects.standing().order_by()
    of_lab = Q(lab__in=standing.filter(submission=None).values("lab"))
    return rows.filter(of_lab | Q(pk__in=standing.filter(lab=None).values("submission")))


class Due(Question):
    title = "what is due"
    parameter_name = "due"
    questions = {
        "past": ("Past its date", lambda rows, user, at: _past(rows, user, at).undisposed()),
        "hold": ("Under a legal hold", _held),
        "over": ("Closed or withdrawn", lambda rows, user, at: rows.over()),
        "disposed": ("Disposed of", lambda rows, user, at: rows.disposed()),
    }


class RetentionAdmin(PortalAdmin):
    list_display = ("case_number", "lab", "state_shown", "due", "content", "kept_by")
    keys_first = True
    list_filter = (Due,)
    search_fields = ("case_number__istartswith",)
    search_help_text = "A case number or how it begins."
    ordering = (Coalesce("closed_at", "withdrawn_at").asc(nulls_last=True), "case_number")
    singular, plural = "case under retention", "cases under retention"
    change_list_template = "admin/retention.html"
    subject = "submission"
    steps = (
        Step(
            "dispose",
            actions.dispose,
            form=DisposeForm,
            label="Dispose of the files",
            explain="The content of every version of every document of this case is removed for good from the portal's storage."
            " What was known of each file stays: SHA-256, name, size, dates, and who opened it. The lab is told.",
            done="Disposed of. The files leave the storage within minutes, and the lab has been told.",
            available=lambda user, case, at: (
                policies.may_keep_case(user, case)
                and not retention.kept_by([case], at=at)[case.pk]
                and bool(case.files)
            ),
            grave=True,
        ),
    )

    def may_open(self, user) -> bool:
        return oversees(user)

    # --- the list -----------------------------------------------------------------------------------------------------------
    def for_page(self, rows):
        return rows.with_content().select_related("lab")

    def for_list(self, rows):
        return self.for_page(rows).with_end()

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"schedule": retention.SCHEDULE} | (extra_context or {}))

    def listed(self, request, objects):
        # Of all rows of a page at once: what keeps a case is asked of several tables.
        kept = retention.kept_by(objects, at=clock.now())
        for case in objects:
            case.reasons = kept[case.pk]
        looks.listed(actor=request.user, submissions=map(_plain, objects))

    def exported(self, request, rows, sha256):
        looks.taken_along(actor=request.user, submissions=map(_plain, rows), sha256=sha256)

    @admin.display(description="State")
    def state_shown(self, case: Retention):
        return state_tag(case.state)

    @admin.display(description="Files due")
    def due(self, case: Retention):
        due = retention.due_at(case)
        return format_html('<span class="workbench-instant">{}</span>', day(due)) if due else None

    @admin.display(description="Content")
    def content(self, case: Retention):
        return in_words(case)

    @admin.display(description="Kept by")
    def kept_by(self, case: Retention):
        return format_html_join("", "{}<br>", ((words,) for words in case.reasons)) or None

    # --- one case -----------------------------------------------------------------------------------------------------------
    def get_fieldsets(self, request, obj=None):
        # The page is made of panels: nothing on it is a field.
        return []

    def panels(self, request, case):
        at = clock.now()
        rules = [(rule, retention.due_at(case, rule)) for rule in retention.SCHEDULE]
        context = {
            "case": case,
            "content": in_words(case),
            "over": retention.ended_at(case),
            "due": retention.due_at(case),
            "reasons": retention.kept_by([case], at=at)[case.pk],
        }
        return [
            ("Files of the lab", "admin/case/kept.html", context),
            ("What is due when", "admin/case/schedule.html", {"rules": rules}),
        ]

    def opened(self, request, case):
        looks.looked(actor=request.user, submission=_plain(case), verb="viewed_retention")


def _plain(case: Retention) -> Submission:
    """The case under the name that the ledger knows it by."""
    # As if read with no more than these: a new one would be given a number, and each default there is.
    return Submission.from_db(None, ("id", "lab_id"), (case.pk, case.lab_id))


def in_words(case: Retention) -> str:
    """How much content is left of a case's documents, and of how much it is gone."""
    told = []
    if case.files or not case.disposed_files:
        told.append(f"{case.files} file{pluralize(case.files)}, {size(case.bytes)}")
    if case.disposed_files:
        told.append(f"{case.disposed_files} disposed of")
    if case.waiting_files:
        told.append(f"{case.waiting_files} of these still in the storage")
    return "; ".join(told)
