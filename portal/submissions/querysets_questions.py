"""Every read of the questions on a case."""

from datetime import datetime

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, models
from django.db.models import FloatField, OuterRef, Prefetch, Q, Value
from django.db.models.functions import Left

from portal.lookups import OneOf
from portal.submissions.freezing import QUESTION, frozen
from portal.submissions.querysets import FACTS, names_shown, of_other_labs
from portal.submissions.states import RequestState


class InformationRequestQuerySet(models.QuerySet):
    # How much of a question's text a list shows.
    EXCERPT = 200

    def visible_to(self, user, *, at: datetime | None = None):
        """The questions on the cases whose facts this person sees: whoever reads those reads what is asked about them."""
        submissions = apps.get_model("submissions", "Submission").objects
        return self.filter(
            ~frozen(QUESTION),
            submission_id__in=submissions.visible_to(user, scope=FACTS, at=at).order_by().values("pk"),
        )

    def beyond(self, user):
        """Less those of labs the person belongs to: the workbench names agency people, whom a lab may know by alias only."""
        return of_other_labs(self, user, "submission__lab_id")

    def in_state(self, *states: str, at: datetime):
        """Questions whose state at an instant is one of these; the SQL of ``InformationRequest.state_at``."""
        over = Q(submission__closed_at__lte=at) | Q(submission__withdrawn_at__lte=at)
        going = Q()
        for column in ("submission__closed_at", "submission__withdrawn_at"):
            going &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": at})
        conditions = {
            RequestState.ASKED: Q(stored_state=RequestState.ASKED) & going,
            RequestState.LAPSED: Q(stored_state=RequestState.ASKED) & over,
        }
        wanted = Q(pk__in=[])
        for state in states:
            wanted |= conditions.get(RequestState(state), Q(stored_state=state))
        return self.filter(wanted)

    def serving(self, agencies):
        """The questions of these agencies, and those into which theirs were merged."""
        theirs = self.model.objects.filter(agency__in=agencies).order_by()
        return self.filter(
            Q(agency__in=agencies) | Q(OneOf("pk", theirs.exclude(merged_into=None).values("merged_into")))
        )

    def in_short(self):
        """For lists: the beginning of each text as ``excerpt``, and as ``also_asked`` the agencies whose questions were merged
        into it; long texts stay in the database."""
        others = self.model.objects.filter(merged_into=OuterRef("pk")).exclude(agency=OuterRef("agency"))
        return (
            self.select_related("agency", "merged_into")
            .defer("text", "merged_into__text")
            .annotate(
                excerpt=Left("text", self.EXCERPT),
                also_asked=ArraySubquery(others.order_by("agency__name").values("agency__name").distinct()),
            )
        )

    def whole(self):
        """For a page: with every answer and its files, every time it was asked again, the questions merged into it, and as
        ``names_shown`` whether the agreed terms let the lab read persons' names."""
        get = apps.get_model
        answers = get("submissions", "RequestAnswer").objects.select_related("answered_by")
        files = (
            get("submissions", "DocumentVersion")
            .objects.select_related("document__submission")
            .order_by("uploaded_at")
        )
        again = get("submissions", "RequestFollowUp").objects.select_related("agency", "asked_by")
        merged = self.model.objects.select_related("agency", "asked_by").order_by("number")
        merged = merged.annotate(is_frozen=frozen(QUESTION))
        return (
            self.select_related("submission__lab", "agency", "asked_by", "merged_into")
            .prefetch_related(
                Prefetch("answers", answers.prefetch_related(Prefetch("files", files))),
                Prefetch("follow_ups", again),
                Prefetch("merged", merged),
            )
            .annotate(names_shown=names_shown("submission"))
        )

    def like(self, text: str, *, trigrams: bool | None = None):
        """The most alike first, each with ``likeness`` (0 to 1); in order of number, with 0, on a server without pg_trgm.

        ``trigrams`` says whether the server has it; asked of it when not given.
        """
        if not (has_trigrams() if trigrams is None else trigrams):
            return self.annotate(likeness=Value(0.0, FloatField())).order_by("number")
        return self.annotate(likeness=TrigramSimilarity("text", text)).order_by("-likeness", "number")


def has_trigrams() -> bool:
    """Whether the server offers pg_trgm."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')")
        return cursor.fetchone()[0]
