"""What policies take for granted: a case that was never offered has neither seats nor grants, whoever writes them."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from partners.models import Grant
from portal import scope
from portal.submissions.models import Submission
from reviews.models import Assignment
from tests import factories as make
from tests import factories_reviews as reviewing
from tests.factories_partners import GrantCase

pytestmark = pytest.mark.django_db


def moved(row, draft) -> None:
    type(row).objects.filter(pk=row.pk).update(submission=draft)


def made(row, draft) -> None:
    row.pk, row._state.adding, row.submission = uuid4(), True, draft
    row.save(force_insert=True)


@pytest.mark.parametrize("write", [moved, made])
@pytest.mark.parametrize("model", [Assignment, Grant])
def test_what_overseers_see_of_every_case_is_of_no_draft(model, write):
    case = reviewing.Reviewed() if model is Assignment else GrantCase()
    if isinstance(case, GrantCase):
        case.propose()
    draft = make.draft(actor=case.contributor, lab=case.lab)
    with pytest.raises(IntegrityError, match="never offered"), transaction.atomic():
        write(model.objects.filter(submission=case.submission)[0], draft)
    with pytest.raises(IntegrityError, match="no draft again"), transaction.atomic():
        Submission.objects.filter(pk=case.submission.pk).update(submitted_at=None)
    every = model.objects.count()
    assert every > 0
    with scope.as_person(case.coordinator.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
        assert cursor.fetchone() == (every,)
