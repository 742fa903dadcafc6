"""The programme by the API: the same for everyone who is signed in, and nothing for others."""

import pytest
from django.conf import settings

from portal.submissions import terms
from tests import factories as make
from tests.api.calls import Caller
from tests.programme.changing import saved

pytestmark = pytest.mark.django_db
PATH = "programme/"


def test_everyone_reads_the_same_and_nobody_writes():
    office = make.coordinator()
    saved(
        office, name="Marzipan Access", target__attest_business_days="3", terms__purpose="To study marzipan."
    )
    people = [office, make.member(make.lab(), "viewer"), make.member(make.partner_organisation(), "member")]
    answers = [Caller(person).get(PATH).json() for person in people]
    first = answers[0]
    assert answers == [first] * 3
    targets = {row["name"]: (row["value"], row["unit"]) for row in first.pop("targets")}
    assert targets["attest_business_days"] == (3, "business days")
    assert {name: value for name, (value, _) in targets.items()} == {
        name: settings.PORTAL_TARGETS[name] for name in targets
    } | {"attest_business_days": 3}
    assert first == {
        "version": 1,
        "name": "Marzipan Access",
        "determining_authority": settings.PORTAL_DETERMINING_AUTHORITY,
        "terms": terms.STANDARD | {"purpose": "To study marzipan."},
    }
    assert Caller(office).post(PATH, {"name": "Nougat Access"}).status_code == 405
    assert Caller().get(PATH).status_code == 401
