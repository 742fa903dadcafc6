"""The results of both sides as a person may read them: the lab's rows of a case, and those of the logs with its assessments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from portal.submissions.evidence.metrics import with_errors
from portal.submissions.models import Evaluation
from reviews.evidence.chart import DRAWN, Chart, charts
from reviews.evidence.pairing import Compared, Measured, compare
from reviews.models import AgencyLog, Assessment


@dataclass(frozen=True, slots=True)
class Evidence:
    """An assessment's logs, compared with the lab's rows: each part as far as the reader may read it."""

    logs: list[AgencyLog]
    compared: Compared
    evaluations: list[Evaluation] = field(repr=False)

    @property
    def charts(self) -> list[Chart]:
        return charts(self.compared.pairs)

    @property
    def drawn(self) -> int:
        """How many pairs the charts draw, where that is not all of them; else 0."""
        return DRAWN if len(self.compared.pairs) > DRAWN else 0


def evidence_of(user, assessment: Assessment) -> Evidence:
    """That of one assessment which this person reads; three queries."""
    return evidence_for(user, [assessment])[assessment.pk]


def evidence_for(user, assessments: Sequence[Assessment]) -> dict[UUID, Evidence]:
    """That of several assessments of one case; three queries, however many they are."""
    ids, cases = [one.pk for one in assessments], {one.submission_id for one in assessments}
    logs = list(AgencyLog.objects.visible_to(user).filter(assessment__in=ids).with_scores())
    rows = Evaluation.objects.visible_to(user).filter(submission__in=cases, taken_back_at=None)
    evaluations = list(rows)
    found = {}
    for one in assessments:
        own = [log for log in logs if log.assessment_id == one.pk]
        theirs = [row for row in evaluations if row.submission_id == one.submission_id]
        found[one.pk] = Evidence(own, compare(of_lab(theirs), of_agency(own)), theirs)
    return found


def of_lab(rows: Iterable[Evaluation]) -> list[Measured]:
    """The results of a lab's confirmed rows."""
    return [
        Measured(
            row.task, score["name"], metric, float(value),
            None if stderr is None else float(stderr), row.samples, row.model, row.evaluated_at,
        )
        for row in rows
        for score in row.scores
        for metric, value, stderr in with_errors(score["metrics"])
    ]  # fmt: skip


def of_agency(logs: Iterable[AgencyLog]) -> list[Measured]:
    """The results of an agency's logs, of querysets ``with_scores``."""
    return [
        Measured(
            log.task, one.score, one.metric, one.value, one.stderr, log.samples, log.model, log.evaluated_at
        )
        for log in logs
        for one in log.scores.all()
    ]
