"""Views of a list that a person keeps: their own alone, of filters the list offers, and no more statements on any page."""

import pytest
from django.db import transaction

from portal.accounts import actions
from portal.accounts.models import Role, SavedView
from portal.errors import AlreadyDone, Invalid, Missing, NotAllowed
from portal.ledger.models import Event
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASES, Desk
from tests.api.calls import counted

pytestmark = pytest.mark.django_db
NOW = make.NOW
PAGE = "submissions.submission"


def keep(desk: Desk, name: str, query: str):
    return desk.client.post(f"/admin/submissions/submission/views/save/?{query}", {"name": name})


def kept(user) -> list[tuple]:
    return list(SavedView.objects.filter(user=user).values_list("page", "name", "query"))


@pytest.fixture
def desk():
    return Desk(make.coordinator())


def test_a_view_is_kept_shown_used_and_removed(desk):
    assert "Your views" not in desk.text(CASES)
    answer = keep(desk, "  My   week ", "window=closing&q=Zabaglione")
    assert (answer.status_code, answer["Location"]) == (
        303,
        "/admin/submissions/submission/?q=Zabaglione&window=closing",
    )
    assert kept(desk.user) == [(PAGE, "My week", "q=Zabaglione&window=closing")]
    page = desk.get(CASES).content.decode()
    assert '<a href="?q=Zabaglione&amp;window=closing">My week</a>' in page
    chosen = desk.client.get(answer["Location"]).content.decode()
    assert 'class="is-chosen" aria-current="true">My week</a>' in chosen
    assert "Keep this view" not in chosen
    view = SavedView.objects.get()
    assert desk.client.post(f"/admin/submissions/submission/views/{view.pk}/remove/").status_code == 303
    assert kept(desk.user) == []
    assert [(e.verb, e.data) for e in Event.objects.filter(verb__endswith="_view").order_by("seq")] == [
        ("saved_view", {"page": PAGE}),
        ("removed_view", {"page": PAGE}),
    ]


def test_it_is_of_one_list_and_of_one_person(desk):
    keep(desk, "Marzipan", "window=open")
    assert "Marzipan" in desk.text(CASES)  # and the message that it was kept has been read
    other = Desk(make.coordinator())
    assert "Marzipan" not in other.text(CASES)
    assert "Marzipan" not in desk.text("reviews_assessment_changelist")
    view = SavedView.objects.get()
    for who, page, status in (
        (other, "submissions/submission", 404),
        (desk, "reviews/assessment", 404),
        (Desk(make.member(make.lab(), Role.ADMIN)), "submissions/submission", 404),
        (Desk(), "submissions/submission", 302),
    ):
        assert who.client.post(f"/admin/{page}/views/{view.pk}/remove/").status_code == status
    assert actions.remove_view(actor=other.user, page=PAGE, view_id=view.pk) is None
    with pytest.raises(NotAllowed):
        actions.save_view(actor=make.member(make.lab(), Role.ADMIN), page=PAGE, name="A", query="q=x", at=NOW)
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_only_what_the_list_offers_is_kept(desk):
    keep(desk, "Odd", "window=open&p=3&e=1&facts__summary__contains=secret&lab__name=X&waits=")
    assert kept(desk.user) == [(PAGE, "Odd", "window=open")]


@pytest.mark.parametrize(
    ("name", "query", "error"),
    [
        ("", "window=open", Missing),
        ("   ", "window=open", Missing),
        ("x" * 61, "window=open", Invalid),
        ("Long", "q=" + "x" * 600, Invalid),
        ("Nothing", "", Invalid),
    ],
)
def test_what_is_refused_and_in_words(desk, name, query, error):
    with pytest.raises(error), transaction.atomic():
        actions.save_view(actor=desk.user, page=PAGE, name=name, query=query, at=NOW)
    answer = keep(desk, name, query)
    assert answer.status_code == 303
    assert kept(desk.user) == []


def test_a_name_stands_once_whatever_its_case_and_twenty_at_most(desk):
    for number in range(20):
        keep(desk, f"View {number}", "window=open")
    with pytest.raises(Invalid):
        actions.save_view(actor=desk.user, page=PAGE, name="One more", query="window=open", at=NOW)
    SavedView.objects.filter(name="View 3").delete()
    with pytest.raises(AlreadyDone):
        actions.save_view(actor=desk.user, page=PAGE, name="VIEW 1", query="window=open", at=NOW)
    actions.save_view(actor=desk.user, page="reviews.assessment", name="View 1", query="q=x", at=NOW)


def test_a_name_is_text_and_no_markup(desk):
    keep(desk, "<b>bold</b>", "window=open")
    page = desk.get(CASES).content.decode()
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_a_view_of_a_filter_that_is_gone_leads_to_the_list(desk):
    SavedView.objects.create(user=desk.user, page=PAGE, name="Old", query="colour=blue&window=open")
    assert '<a href="?window=open">Old</a>' in desk.get(CASES).content.decode()


@pytest.mark.parametrize("number", [0, 20])
def test_no_page_costs_a_statement_more(number):
    case = reviews.Reviewed()
    desk = Desk(case.coordinator)
    for one in range(number):
        keep(desk, f"View {one}", "window=open")
    desk.get(CASES)
    with counted(8):
        desk.get(CASES)
