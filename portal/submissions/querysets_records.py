"""Every read of what is kept of a case, and of the agencies' logs of requests for records."""

from django.apps import apps
from django.db import models
from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from portal.accounts.models import Kind, Role
from portal.lookups import Among
from portal.prepared import Given
from portal.submissions.querysets import SubmissionQuerySet, VersionQuerySet, no_conflict, oversees


class LegalHoldQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the cases and labs that a person oversees: the programme office's coordinators and auditors. A lab reads that
        its records are kept, and since when, on its case (``with_kept_since``), and nothing else of it.
        """
        if not user.is_authenticated or not user.is_active or not oversees(user):
            return self.none()
        cases = apps.get_model("submissions", "Submission").objects.visible_to(user).order_by().values("pk")
        of_labs = Q(submission=None) & no_conflict(user, case="submission_id", lab="lab_id")
        return self.filter(Q(submission_id__in=cases) | of_labs)

    def beyond(self, user):
        """Less those about one's own lab, on the workbench."""
        own = user.organisations_as(Kind.LAB)
        return self.exclude(Q(submission__lab_id__in=own) | Q(lab_id__in=own))

    def standing(self):
        return self.filter(lifted_at=None)

    def over(self, case):
        """Those that keep a case: its own, and those of everything of its lab."""
        return self.filter(Q(submission=case.pk) | Q(lab=case.lab_id))

    def over_any(self, cases: Given, labs: Given):
        """Those that keep any of several cases, which are of these labs; by lists of ids."""
        return self.filter(Among("submission", cases) | Among("lab", labs))


class DocumentVersionQuerySet(VersionQuerySet):
    def to_remove(self):
        """Those that were disposed of and whose file is still in the storage."""
        return self.filter(disposed_at__isnull=False, file_removed_at=None)


class RetentionQuerySet(SubmissionQuerySet):
    def with_content(self):
        """With ``files`` and ``bytes``, the content that is left of each case's documents; ``disposed_files``, of how many it is
        gone; and ``waiting_files``, those of them that still lie in the storage.
        """
        content = apps.get_model("submissions", "Content").objects
        mine = content.filter(submission=OuterRef("pk")).order_by().values("submission")
        there, gone = mine.filter(disposed_at=None), mine.filter(disposed_at__isnull=False)

        def of(rows, total):
            return Coalesce(
                Subquery(rows.annotate(total=total).values("total")), 0, output_field=BigIntegerField()
            )

        return self.annotate(
            files=of(there, Count("pk")),
            bytes=of(there, Sum("size")),
            disposed_files=of(gone, Count("pk")),
            waiting_files=of(gone.filter(file_removed_at=None), Count("pk")),
        )

    def over(self):
        """Closed or withdrawn."""
        return self.with_end().filter(ended__isnull=False)

    def disposed(self):
        """Those of whose documents some content is gone."""
        gone = apps.get_model("submissions", "Content").objects.filter(disposed_at__isnull=False)
        return self.filter(pk__in=gone.order_by().values("submission"))

    def undisposed(self):
        """Those of whose documents some content is left."""
        left = apps.get_model("submissions", "Content").objects.filter(disposed_at=None)
        return self.filter(Exists(left.filter(submission=OuterRef("pk")).order_by()))

    def with_end(self):
        """With ``ended``, when the periods began; None for those that go on."""
        return self.annotate(ended=Coalesce("closed_at", "withdrawn_at"))


class RecordsRequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those in the log of one's own agency, for its coordinators; every agency's, for the programme office's coordinators and
        auditors. What a request has to do with a lab is told by its notices, each to who may read it (``notices_seen``).
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self if oversees(user) else self.kept_by(user)

    def kept_by(self, user):
        """Those that a person logs, extends and answers for an agency: its coordinators do."""
        return self.filter(agency_id__in=user.organisations_as(Kind.AGENCY, Role.COORDINATOR))

    def waiting(self):
        return self.exclude(stored_state="answered")


def notices_seen(request, user):
    """The disclosure notices linked to a records request that a person may read: a conflict hides even that there is one."""
    notices = apps.get_model("submissions", "DisclosureNotice").objects.visible_to(user).beyond(user)
    return notices.filter(records_requests=request)


def with_kept_since(cases):
    """Cases with ``kept_since``: when the earliest legal hold was placed that stands over each; None for none."""
    since = Func(F("pk"), F("lab_id"), function="portal_kept_since", output_field=DateTimeField())
    return cases.annotate(kept_since=since)
