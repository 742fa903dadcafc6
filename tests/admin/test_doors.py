"""Who comes in at all: the agencies' people, superusers for accounts, and for everyone else there is nothing here."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from portal.accounts.models import Role
from portal.site.admin import site
from tests import factories as make
from tests import factories_reviews as reviews
from tests.admin.desk import CASE, CASES, Desk, address, words

pytestmark = pytest.mark.django_db

LISTS = [f"{model._meta.app_label}_{model._meta.model_name}_changelist" for model in site._registry]
OWN_LISTS = [
    "submissions_submission_changelist",
    "submissions_conflict_changelist",
    "deadlines_deadline_changelist",
    "deadlines_message_changelist",
    "ledger_event_changelist",
]


def _superuser():
    return make.person("Sasha Sysadmin", is_superuser=True)


@pytest.mark.parametrize("page", ["index", *LISTS])
def test_a_stranger_is_led_to_the_front_door_and_back(page):
    answer = Desk().client.get(address(page), follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('account_login')}?next={address(page)}"


@pytest.mark.parametrize("page", ["index", *LISTS, "login", "logout", "password_change", "jsi18n"])
def test_people_of_labs_and_partners_find_nothing(page):
    for person in (
        make.member(make.lab(), Role.ADMIN),
        make.member(make.partner_organisation(), Role.ADMIN),
        make.person(),
    ):
        assert Desk(person).get(page).status_code == 404


def test_one_case_answers_the_same_for_absent_and_for_hidden():
    case = reviews.Reviewed()
    other = reviews.Reviewed()
    for person in (case.contributor, other.reviewer, other.agency_coordinator, _superuser()):
        desk = Desk(person)
        for page in (
            "change",
            "history",
            "delete",
            "acknowledge",
            "accept_terms",
            "close",
            "reveal_instructions",
        ):
            hidden = desk.get(f"submissions_submission_{page}", case.submission.pk)
            absent = desk.get(f"submissions_submission_{page}", "00000000-0000-4000-8000-000000000000")
            assert (hidden.status_code, absent.status_code) == (404, 404), page
            assert desk.post(f"submissions_submission_{page}", case.submission.pk).status_code == 404, page


def test_an_id_that_is_none_is_not_found_and_not_repeated():
    answer = Desk(make.coordinator()).get(CASE, "marzipan")
    assert answer.status_code == 404
    assert "marzipan" not in words(answer)


def test_a_superuser_sees_no_case_and_nothing_that_names_one():
    case = reviews.Reviewed()
    desk = Desk(_superuser())
    assert desk.get("index").status_code == 200
    for page in ("index", *LISTS):
        answer = desk.get(page)
        assert answer.status_code in (200, 403), page
        for secret in (case.submission.case_number, "Kestrel", "marzipan"):
            assert secret not in answer.content.decode(), (page, secret)
    assert desk.get(CASES).status_code == 403
    assert desk.get("deadlines_deadline_changelist").status_code == 403


def test_being_a_superuser_opens_accounts_and_nothing_else():
    boss, case = _superuser(), reviews.Reviewed()
    perms = ("view", "change", "delete", "add")
    assert all(boss.has_perm(f"accounts.{perm}_user") for perm in perms)
    for app, model in (
        ("submissions", "submission"),
        ("reviews", "assessment"),
        ("partners", "grant"),
        ("ledger", "event"),
    ):
        assert [perm for perm in perms if boss.has_perm(f"{app}.{perm}_{model}", case.submission)] == []
        assert not boss.has_module_perms(app)
    assert case.coordinator.has_perm("submissions.view_submission", case.submission)
    assert not case.coordinator.has_perm("submissions.change_submission", case.submission)
    assert not case.coordinator.has_perm("submissions.view_submission")
    boss.is_active = False
    assert not boss.has_perm("accounts.view_user")


@pytest.mark.parametrize("page", OWN_LISTS)
def test_nothing_is_added_changed_or_deleted_by_the_stock_forms(page):
    name = page.removesuffix("_changelist")
    model = next(m for m in site._registry if f"{m._meta.app_label}_{m._meta.model_name}" == name)
    case = reviews.Reviewed()
    desk = Desk(case.coordinator)
    Desk(case.reviewer).post("submissions_conflict_add", organisation=str(case.lab.pk))
    row = site.get_model_admin(model).get_queryset(_Asking(case.coordinator)).first()
    before = model.objects.count()
    assert desk.post(f"{name}_change", row.pk, _save="Save").status_code == 403
    assert desk.get(f"{name}_delete", row.pk).status_code == 403
    assert desk.post(f"{name}_delete", row.pk, post="yes").status_code == 403
    if name != "submissions_conflict":
        assert desk.get(f"{name}_add").status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "index": "0"}
    desk.post(page, **chosen)
    assert model.objects.count() >= before
    assert model.objects.filter(pk=row.pk).exists()
    assert LogEntry.objects.count() == 0


class _Asking:
    def __init__(self, user):
        self.user = user


def test_the_front_doors_pages_are_used_and_not_djangos():
    desk = Desk(make.coordinator())
    assert desk.get("login")["Location"] == address("index")
    assert desk.get("logout")["Location"] == reverse("account_logout")
    assert desk.get("password_change")["Location"] == reverse("account_change_password")
    assert desk.get("/admin/nowhere/").status_code == 404


def test_columns_a_list_does_not_show_cannot_be_asked_about():
    case = reviews.Reviewed()
    for question in ("facts__summary__contains", "stored_state", "released_at__isnull", "created_by"):
        assert Desk(case.coordinator).get(CASES, **{question: "x"}).status_code == 400
    assert Desk(case.coordinator).get("ledger_event_changelist", digest="x").status_code == 400
