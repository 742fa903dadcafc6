"""What hangs on an assessment goes with it when security removes a spill: answers, retests, and logs with their results."""

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction

from portal.accounts.models import Role
from portal.submissions import actions as cases
from reviews import actions
from reviews.models import AgencyLog, AgencyScore, Assessment, AssessmentAnswer, Retest, RetestAnswer
from tests import factories as make
from tests import factories_reviews as desk
from tests.reviews.test_rubrics import answer

pytestmark = pytest.mark.django_db
NOW = make.NOW
TABLES = (Assessment, AssessmentAnswer, Retest, RetestAnswer, AgencyLog, AgencyScore)


class Spilled:
    """A shared assessment with all that can hang on one, each part with a word of its own; and one beside it."""

    def __init__(self):
        self.case = case = desk.Reviewed()
        desk.open_to(case, case.peer, case.lead)
        self.security = make.member(make.programme_office(), Role.SECURITY)
        draft = desk.draft(case, findings="The gianduja findings.")
        answer(case, draft, vulnerability_discovery=("studied", "The gianduja answer."))
        self.log = desk.logged(case, draft)
        AgencyLog.objects.filter(pk=self.log.pk).update(scan_detail="gianduja-scan")
        actions.ask_check(actor=case.reviewer, assessment=draft, at=NOW)
        actions.peer_check(actor=case.peer, assessment=draft, at=NOW)
        self.made = actions.share(actor=case.lead, assessment=draft, at=NOW)
        retest = desk.retested(case, self.made, what="The gianduja try.", text="The gianduja outcome.")
        actions.answer_retest(actor=case.contributor, retest=retest, text="The gianduja reply.", at=NOW)
        self.other = desk.draft(case, findings="Another one stands.")

    def words(self) -> list[str]:
        """The tables in which a word of the assessment still stands."""
        return [model.__name__ for model in TABLES if "gianduja" in str(list(model.objects.values()))]


@pytest.fixture
def spilled():
    return Spilled()


def test_nothing_of_it_is_left(spilled, django_capture_on_commit_callbacks):
    assert spilled.words() == ["Assessment", "AssessmentAnswer", "Retest", "RetestAnswer", "AgencyLog"]
    assert AgencyScore.objects.exists()
    name = spilled.log.file.name
    spill = cases.report_spill(actor=spilled.case.lead, subject=spilled.made, feared="classified", at=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        cases.remove_content(actor=spilled.security, spill=spill, at=NOW)
    assert spilled.words() == []
    assert not AgencyScore.objects.exists()
    assert not default_storage.exists(name)
    assert Assessment.objects.get(pk=spilled.other.pk).findings == "Another one stands."
    for person in (
        spilled.case.reviewer,
        spilled.case.lead,
        spilled.case.coordinator,
        spilled.case.contributor,
    ):
        assert not Assessment.objects.visible_to(person).filter(pk=spilled.made.pk).exists()
        assert not AgencyLog.objects.visible_to(person).exists()


def test_without_a_removal_the_database_lets_none_of_it_through(spilled):
    removed = "Removed after a spill."
    changes = (
        lambda: AssessmentAnswer.objects.update(text=removed),
        lambda: Retest.objects.update(what=removed, text=removed),
        lambda: RetestAnswer.objects.update(text=removed),
        lambda: AgencyLog.objects.update(task=removed, name="", model="", status=""),
        lambda: AgencyScore.objects.all()._raw_delete("default"),
    )
    for frozen in (False, True):
        if frozen:
            cases.report_spill(actor=spilled.case.lead, subject=spilled.made, feared="other", at=NOW)
        for change in changes:
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_a_removal_lets_only_its_own_words_through(spilled):
    spill = cases.report_spill(actor=spilled.case.lead, subject=spilled.made, feared="other", at=NOW)
    cases.remove_content(actor=spilled.security, spill=spill, at=NOW)
    for change in (
        lambda: AssessmentAnswer.objects.update(text="Anything."),
        lambda: AssessmentAnswer.objects.update(text="Removed after a spill.", covered="partly"),
        lambda: Retest.objects.update(text="Anything."),
        lambda: Retest.objects.update(text="Removed after a spill.", outcome="observed"),
        lambda: Retest.objects.all()._raw_delete("default"),
        lambda: AgencyLog.objects.update(task="Removed after a spill.", sha256="0" * 64),
        lambda: AgencyLog.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
