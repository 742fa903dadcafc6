"""Sign-in by an organisation's own OpenID Connect provider: a real one, over HTTP, on loopback (docs/adr/0027)."""

import re

import pytest
import requests
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from portal import clock
from portal.accounts import actions
from portal.accounts.models import Membership, ProviderLink, Role
from portal.deadlines import delivery
from portal.deadlines.models import Message
from portal.ledger.models import Event
from tests import factories as make
from tests.accounts import providers as provider
from tests.accounts.doors import code, is_signed_in, sign_in
from tests.accounts.oidc_server import CLIENT, PEOPLE, SECRET
from tests.accounts.providers import NAME, PAGE, at_provider, come_by, sent_to

pytestmark = pytest.mark.django_db
CODE_PAGE = "/account/2fa/authenticate/"
STRONG = (("amr", ("mfa",)),)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    with provider.real_provider(tmp_path_factory.mktemp("provider")) as issuer:
        yield issuer


@pytest.fixture
def kestrel():
    return make.lab("Kestrel Laboratory")


@pytest.fixture
def ines(kestrel):
    user = make.member(kestrel, Role.CONTRIBUTOR, "Ines")
    user.email = "ines@kestrel.example"
    user.save()
    return user


@pytest.fixture
def set_up(settings, issuer, kestrel):
    """Configures the provider, with what a test adds."""

    def done(**more):
        settings.PORTAL_SIGN_IN_PROVIDERS = (provider.configured(issuer, kestrel, **more),)
        return settings.PORTAL_SIGN_IN_PROVIDERS[0]

    return done


def subject(name: str) -> str:
    """What the provider calls its people: their number, in the order of its list."""
    return str([*PEOPLE].index(name) + 1)


def link(user, configured, name: str) -> ProviderLink:
    return actions.link_provider(actor=user, provider=configured, subject=subject(name))


def verbs(user) -> list[tuple]:
    return list(Event.objects.filter(actor=user).order_by("seq").values_list("verb", "data"))


def words(answer) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', "", answer.content.decode())


def is_refused(answer, client: Client) -> bool:
    shown = [one.name for one in answer.templates][:1]
    assert (answer.status_code, shown) == (403, ["account/provider_refused.html"])
    return not is_signed_in(client)


# --- the way in --------------------------------------------------------------------------------------------------------


def test_a_linked_person_signs_in_with_their_own_second_factor_after_it(ines, set_up):
    link(ines, set_up(), "ines")
    client = Client()
    answer = come_by(client, "ines", next="/notices/")
    assert answer["Location"] == CODE_PAGE
    assert not is_signed_in(client)
    assert client.post(CODE_PAGE, {"code": code()})["Location"] == "/notices/"
    assert client.get("/account/profile/").wsgi_request.user == ines
    assert verbs(ines) == [
        ("linked_provider", {"provider": "kestrel"}),
        ("signed_in", {"factors": ["socialaccount", "totp"], "provider": "kestrel"}),
    ]
    assert ProviderLink.objects.get().last_used_at is not None
    assert "portal_device" in client.cookies


def test_wrong_codes_are_counted_after_a_provider_as_after_a_password(ines, set_up):
    link(ines, set_up(), "ines")
    client = Client()
    come_by(client, "ines")
    for _ in range(5):
        client.post(CODE_PAGE, {"code": "000000"})
    answer = client.post(CODE_PAGE, {"code": code()})
    assert answer.context["form"].errors["code"] == ["Too many attempts. Wait a few minutes, then try again."]
    assert not is_signed_in(client)


def test_sessions_say_how_each_was_begun(ines, set_up):
    link(ines, set_up(), "ines")
    sign_in(ines)
    client = Client()
    come_by(client, "ines")
    client.post(CODE_PAGE, {"code": code(steps=1)})
    page = client.get("/account/sessions/")
    assert [row.begun_by for row in page.context["sessions"]] == [
        f"{NAME}, authenticator app",
        "Password, authenticator app",
    ]
    assert "Kestrel&#x27;s own sign-in, authenticator app" in page.content.decode()


def test_a_session_begun_by_a_provider_ends_as_all_do(ines, set_up):
    link(ines, set_up(), "ines")
    client = Client()
    come_by(client, "ines")
    client.post(CODE_PAGE, {"code": code()})
    with time_machine.travel(clock.machine().timestamp() + 3601, tick=False):
        assert not is_signed_in(client)


def test_somebody_who_is_signed_in_stays_who_they_are(ines, set_up, kestrel):
    link(ines, set_up(), "ines")
    client = Client()
    back = at_provider(sent_to(client), "ines")
    other = make.member(kestrel, Role.VIEWER, "Otto")
    client.force_login(other)
    assert client.get(back).status_code in (302, 403)
    assert client.get("/account/profile/").wsgi_request.user == other


# --- who gets the one answer -------------------------------------------------------------------------------------------


def ended(ines, **more) -> None:
    Membership.objects.filter(user=ines).update(ended_at=clock.now())


def closed(ines, **more) -> None:
    ines.is_active = False
    ines.save()


def superuser(ines, **more) -> None:
    ines.is_superuser = True
    ines.save()


def elsewhere(ines, **more) -> None:
    ended(ines)
    Membership.objects.create(user=ines, organisation=make.lab(), role=Role.ADMIN)


def unlinked(ines, **more) -> None:
    ProviderLink.objects.all().delete()


def another_issuer(ines, **more) -> None:
    ProviderLink.objects.update(issuer="https://other.example")


def test_all_who_may_not_come_get_one_answer(ines, set_up):
    """Unlinked, unknown, closed, a role that ended, a superuser: the same page, the same status, nobody signed in."""
    configured = set_up(domains=("kestrel.example",))
    link(ines, configured, "ines")
    answers = {}
    for spoil in (ended, closed, superuser, elsewhere, unlinked, another_issuer):
        kept = transaction.savepoint()
        spoil(ines)
        client = Client()
        # Without a link the address would help: there the provider does not say that it verified it.
        answer = come_by(client, "unverified" if spoil is unlinked else "ines")
        assert is_refused(answer, client), spoil
        answers[spoil.__name__] = words(answer)
        transaction.savepoint_rollback(kept)
    client = Client()
    answer = come_by(client, "stranger")
    assert is_refused(answer, client)
    answers["stranger"] = words(answer)
    assert len(set(answers.values())) == 1, answers.keys()


def test_what_ends_while_the_second_factor_is_looked_for_counts(ines, set_up):
    link(ines, set_up(), "ines")
    client = Client()
    come_by(client, "ines")
    Membership.objects.filter(user=ines).update(ended_at=clock.now())
    assert is_refused(client.post(CODE_PAGE, {"code": code()}), client)


def test_an_answer_works_once_and_in_the_browser_that_asked(ines, set_up):
    link(ines, set_up(second_factor=STRONG), "ines")
    client, other = Client(), Client()
    back = at_provider(sent_to(client), "ines")
    assert is_refused(other.get(back), other)
    assert client.get(back)["Location"] == CODE_PAGE
    again = Client()
    again.cookies = client.cookies
    assert again.get(back).status_code == 403


def test_a_code_that_was_used_is_not_taken_with_another_state(ines, set_up):
    link(ines, set_up(), "ines")
    first, second = Client(), Client()
    back = at_provider(sent_to(first), "ines")
    used = re.search(r"code=([^&]+)", back)[1]
    assert first.get(back)["Location"] == CODE_PAGE
    state = provider.asked_for(sent_to(second))["state"]
    assert is_refused(second.get(f"{PAGE}callback/?code={used}&state={state}"), second)


def test_a_code_that_was_stolen_unused_is_of_no_use_in_another_browser(ines, set_up):
    """PKCE: the thief's browser was sent off with another verifier."""
    link(ines, set_up(), "ines")
    victim, thief = Client(), Client()
    stolen = re.search(r"code=([^&]+)", at_provider(sent_to(victim), "ines"))[1]
    state = provider.asked_for(sent_to(thief))["state"]
    assert is_refused(thief.get(f"{PAGE}callback/?code={stolen}&state={state}"), thief)


def test_who_cancels_or_comes_unasked_gets_the_same_answer(ines, set_up):
    set_up()
    client = Client()
    state = provider.asked_for(sent_to(client))["state"]
    assert is_refused(client.get(f"{PAGE}callback/?error=access_denied&state={state}"), client)
    assert is_refused(client.get(f"{PAGE}callback/?code=1&state=none"), client)
    assert is_refused(client.get(f"{PAGE}callback/"), client)


def test_a_provider_that_is_away_is_no_fault_of_the_portal(settings, kestrel):
    settings.PORTAL_SIGN_IN_PROVIDERS = (provider.configured("http://127.0.0.1:9/none", kestrel),)
    client = Client()
    assert is_refused(client.post(PAGE), client)


def test_the_provider_is_a_real_one(set_up, issuer):
    """It takes no other redirect address, no code without its verifier, and no wrong secret."""
    set_up()
    client = Client()
    to = sent_to(client)
    asked = provider.asked_for(to)
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == provider.callback()
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 16
    other = requests.get(to.replace("callback%2F", "elsewhere%2F"), allow_redirects=False)
    assert other.status_code == 400 or "/login/" in other.headers["Location"]
    given = re.search(r"code=([^&]+)", at_provider(to, "ines"))[1]
    form = {
        "grant_type": "authorization_code",
        "code": given,
        "redirect_uri": provider.callback(),
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    assert requests.post(f"{issuer}/token/", form).status_code == 400
    wrong = requests.post(f"{issuer}/token/", form | {"client_secret": "wrong"})
    assert wrong.json() == {"error": "invalid_client"}


# --- the second factor -------------------------------------------------------------------------------------------------


def test_two_factors_at_the_provider_count_where_the_operator_says_which_words_mean_them(ines, set_up):
    link(ines, set_up(second_factor=STRONG), "strong")
    client = Client()
    assert come_by(client, "strong")["Location"] == "/"
    assert is_signed_in(client)
    assert client.get("/account/sessions/").context["sessions"][0].begun_by == NAME


def test_acr_is_asked_for_and_looked_for_in_the_answer(ines, set_up):
    configured = set_up(second_factor=(("acr", ("urn:invented:two",)),))
    link(ines, configured, "strong")
    client = Client()
    to = sent_to(client)
    assert provider.asked_for(to)["acr_values"] == "urn:invented:two"
    assert client.get(at_provider(to, "strong"))["Location"] == "/"
    ProviderLink.objects.update(subject=subject("weak"))
    client = Client()
    assert come_by(client, "weak")["Location"] == CODE_PAGE


@pytest.mark.parametrize("person", ["weak", "ines"])
def test_less_than_two_factors_at_the_provider_are_not_enough(ines, set_up, person):
    link(ines, set_up(second_factor=STRONG), person)
    client = Client()
    assert come_by(client, person)["Location"] == CODE_PAGE
    assert not is_signed_in(client)


def test_without_the_setting_two_factors_at_the_provider_are_none(ines, set_up):
    link(ines, set_up(), "strong")
    assert come_by(Client(), "strong")["Location"] == CODE_PAGE


def test_who_belongs_to_another_organisation_too_is_asked_for_their_own(ines, set_up):
    link(ines, set_up(second_factor=STRONG), "strong")
    Membership.objects.create(user=ines, organisation=make.partner_organisation(), role=Role.MEMBER)
    client = Client()
    assert come_by(client, "strong")["Location"] == CODE_PAGE
    assert not is_signed_in(client)


def test_no_provider_stands_for_an_agencys_passkey(settings, issuer):
    settings.PORTAL_AGENCY_PASSKEYS = True
    agency = make.agency()
    agent = make.member(agency, Role.REVIEWER)
    configured = provider.configured(issuer, agency, second_factor=STRONG)
    settings.PORTAL_SIGN_IN_PROVIDERS = (configured,)
    link(agent, configured, "strong")
    client = Client()
    assert come_by(client, "strong")["Location"] == CODE_PAGE
    client.post(CODE_PAGE, {"code": code()})
    assert client.get("/account/profile/")["Location"] == "/account/2fa/"


def test_two_factors_at_the_provider_confirm_nothing_here(ines, set_up):
    """Before secrets are shown the portal asks for its own, however lately the provider's were used."""
    link(ines, set_up(second_factor=STRONG), "strong")
    client = Client()
    come_by(client, "strong")
    answer = client.post("/account/providers/kestrel/link/")
    assert answer.status_code == 303
    assert answer["Location"].startswith("/account/2fa/reauthenticate/")


def test_who_has_no_second_factor_here_sets_one_up(ines, set_up):
    link(ines, set_up(second_factor=STRONG), "strong")
    ines.authenticator_set.all().delete()
    client = Client()
    come_by(client, "strong")
    assert client.get("/notices/")["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")


# --- by a verified address ---------------------------------------------------------------------------------------------


def test_a_verified_address_of_the_organisations_own_domain_links_after_the_second_factor(ines, set_up):
    set_up(domains=("kestrel.example",), second_factor=STRONG)
    before = ines.password
    client = Client()
    assert come_by(client, "ines")["Location"] == CODE_PAGE
    assert not ProviderLink.objects.exists()
    client.post(CODE_PAGE, {"code": code()})
    assert is_signed_in(client)
    assert list(ProviderLink.objects.values_list("user", "subject")) == [(ines.pk, subject("ines"))]
    assert [verb for verb, _ in verbs(ines)] == ["signed_in", "linked_provider"]
    assert list(ines.notices.values_list("kind", flat=True)) == ["sign_in_changed"]
    ines.refresh_from_db()
    assert ines.password == before


def other_house(ines) -> None:
    Membership.objects.create(user=ines, organisation=make.partner_organisation(), role=Role.MEMBER)


def no_factor(ines) -> None:
    ines.authenticator_set.all().delete()


def invited_only(ines) -> None:
    admin = make.member(ines.memberships.get().organisation, Role.ADMIN)
    Membership.objects.filter(user=ines).update(ended_at=clock.now())
    actions.invite(
        actor=admin,
        organisation=ines.memberships.get().organisation,
        email=ines.email,
        name="",
        role=Role.VIEWER,
    )


@pytest.mark.parametrize("spoil", [other_house, no_factor, invited_only, closed, superuser])
def test_the_address_opens_nothing_more_than_the_providers_own_people(ines, set_up, spoil):
    set_up(domains=("kestrel.example",))
    spoil(ines)
    client = Client()
    assert is_refused(come_by(client, "ines"), client)
    assert not ProviderLink.objects.exists()


@pytest.mark.parametrize(
    ("person", "domains"), [("unverified", ("kestrel.example",)), ("ines", ()), ("ines", ("osprey.example",))]
)
def test_an_address_that_is_merely_said_opens_nothing(ines, set_up, person, domains):
    set_up(domains=domains)
    client = Client()
    assert is_refused(come_by(client, person), client)


def test_who_is_linked_with_another_subject_is_not_found_by_the_address(ines, set_up):
    link(ines, set_up(domains=("kestrel.example",)), "stranger")
    client = Client()
    assert is_refused(come_by(client, "ines"), client)


def test_a_provider_makes_no_account_and_changes_none(ines, set_up):
    set_up(domains=("kestrel.example",))
    before = list(type(ines).objects.order_by("pk").values())
    come_by(Client(), "stranger")
    assert list(type(ines).objects.order_by("pk").values()) == before


# --- linking -----------------------------------------------------------------------------------------------------------


def test_linking_is_ones_own_on_record_and_told(ines, set_up):
    set_up()
    client = sign_in(ines)
    back = at_provider(sent_to(client, "/account/providers/kestrel/link/"), "ines")
    answer = client.get(back, follow=True)
    assert [str(one) for one in answer.context["messages"]] == [f"Your account is linked with {NAME}."]
    assert list(ProviderLink.objects.values_list("user", "provider", "subject")) == [
        (ines.pk, "kestrel", subject("ines"))
    ]
    assert verbs(ines)[-1] == ("linked_provider", {"provider": "kestrel"})
    delivery.deliver_due()
    assert [message.to for message in mail.outbox] == [[ines.email]]
    assert Message.objects.get().link == "/account/providers/"
    assert is_signed_in(client)


def test_linking_asks_for_the_second_factor_at_both_ends(ines, set_up, settings):
    settings.PORTAL_STEP_UP_MINUTES = 5
    set_up()
    now = clock.machine().timestamp()
    client = sign_in(ines)
    to = sent_to(client, "/account/providers/kestrel/link/")
    back = at_provider(to, "ines")
    with time_machine.travel(now + 301, tick=False):
        for answer in (client.get(back), client.post("/account/providers/kestrel/link/")):
            assert answer.status_code == 303
            assert answer["Location"].startswith("/account/2fa/reauthenticate/")
    assert not ProviderLink.objects.exists()


def test_a_subject_of_somebody_else_is_not_linked_and_stays_theirs(ines, set_up, kestrel):
    configured = set_up()
    other = make.member(kestrel, Role.VIEWER)
    theirs = link(other, configured, "ines")
    client = sign_in(ines)
    answer = client.get(at_provider(sent_to(client, "/account/providers/kestrel/link/"), "ines"), follow=True)
    assert [str(one) for one in answer.context["messages"]] == [
        f"This account of {NAME} cannot be linked with yours."
    ]
    assert list(ProviderLink.objects.values_list("pk", "user")) == [(theirs.pk, other.pk)]


def test_a_second_subject_is_not_linked(ines, set_up):
    configured = set_up()
    link(ines, configured, "strong")
    client = sign_in(ines)
    client.get(at_provider(sent_to(client, "/account/providers/kestrel/link/"), "ines"))
    assert list(ProviderLink.objects.values_list("subject", flat=True)) == [subject("strong")]


def test_what_one_person_began_another_does_not_end(ines, set_up, kestrel):
    set_up()
    other = make.member(kestrel, Role.VIEWER, "Otto")
    client = sign_in(ines)
    back = at_provider(sent_to(client, "/account/providers/kestrel/link/"), "ines")
    states = client.session["socialaccount_states"]
    theirs = sign_in(other)
    session = theirs.session
    session["socialaccount_states"] = states
    session.save()
    assert theirs.get(back).status_code == 403
    assert not ProviderLink.objects.exists()


def test_only_people_of_the_organisation_link(set_up):
    set_up()
    other = sign_in(make.member(make.lab(), Role.ADMIN))
    assert other.post("/account/providers/kestrel/link/").status_code == 404
    assert other.get("/account/providers/").context["rows"] == []


def test_unlinking_ends_the_other_sessions_and_the_way_in(ines, set_up):
    made = link(ines, set_up(second_factor=STRONG), "strong")
    by_it = Client()
    come_by(by_it, "strong")
    client = sign_in(ines)
    assert is_signed_in(by_it)
    answer = client.post(f"/account/providers/links/{made.pk}/end/")
    assert answer["Location"] == "/account/providers/"
    assert (is_signed_in(client), is_signed_in(by_it)) == (True, False)
    assert verbs(ines)[-1] == ("unlinked_provider", {"provider": "kestrel"})
    back_again = Client()
    assert is_refused(come_by(back_again, "strong"), back_again)


def test_unlinking_asks_for_the_second_factor_and_is_ones_own(ines, set_up, kestrel):
    made = link(ines, set_up(), "ines")
    other = sign_in(make.member(kestrel, Role.ADMIN))
    assert other.post(f"/account/providers/links/{made.pk}/end/").status_code == 404
    now = clock.machine().timestamp()
    client = sign_in(ines)
    with time_machine.travel(now + 601, tick=False):
        answer = client.post(f"/account/providers/links/{made.pk}/end/")
    assert answer["Location"].startswith("/account/2fa/reauthenticate/")
    assert ProviderLink.objects.filter(pk=made.pk).exists()


def test_the_database_holds_one_person_to_a_subject_and_one_subject_to_a_person(ines, set_up, kestrel):
    configured = set_up()
    link(ines, configured, "ines")
    other = make.member(kestrel, Role.VIEWER)
    again = {"provider": "kestrel", "issuer": configured.issuer}
    for fields in (
        {"user": other, "subject": subject("ines"), **again},
        {"user": ines, "subject": "another", **again},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ProviderLink.objects.create(**fields)


# --- pages -------------------------------------------------------------------------------------------------------------


def test_the_sign_in_page_names_a_provider_only_where_it_is_to(set_up):
    set_up()
    assert PAGE not in Client().get("/account/login/").content.decode()
    set_up(on_sign_in_page=True)
    page = Client().get("/account/login/?next=/notices/").content.decode()
    assert (PAGE in page, "Kestrel&#x27;s own sign-in" in page) == (True, True)
    set_up(on_sign_in_page=True, faults=("client_secret is missing",))
    assert PAGE not in Client().get("/account/login/").content.decode()
    assert Client().get(PAGE).status_code == 404


def test_only_a_form_sends_off_to_a_provider(set_up):
    set_up()
    assert Client().get(PAGE).status_code == 200
    assert Client(enforce_csrf_checks=True).post(PAGE).status_code == 403


def test_a_browser_cannot_say_what_the_provider_is_asked(set_up):
    set_up()
    client = Client()
    said = "auth_params=nonce%3Dmine%26prompt%3Dnone&scope=admin&process=connect&action=x"
    to = client.post(f"{PAGE}?{said}").context["to"]
    asked = provider.asked_for(to)
    assert (asked["scope"], "prompt" in asked, asked["nonce"] == "mine") == ("openid", False, False)


def test_the_page_of_ones_own_takes_as_many_statements_with_more_links(
    ines, set_up, kestrel, django_assert_num_queries
):
    configured = set_up()
    client = sign_in(ines)
    client.get("/account/providers/")
    with django_assert_num_queries(7):
        client.get("/account/providers/")
    link(ines, configured, "ines")
    ProviderLink.objects.create(user=ines, provider="gone", issuer="https://gone.example", subject="1")
    with django_assert_num_queries(7):
        page = client.get("/account/providers/")
    assert [one["name"] for one in page.context["left"]] == ["gone"]
