"""Which passwords are taken: long ones of any characters, but for those that whoever guesses tries first."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from portal.accounts import actions
from portal.accounts.models import Kind, Role
from portal.accounts.passwords import WORDS
from tests import factories
from tests.accounts.doors import sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/account/password/change/"


@pytest.fixture
def ada():
    lab = factories.organisation(Kind.LAB, "Kestrel Marzipan Works", short_name="KMW")
    return factories.member(lab, Role.CONTRIBUTOR, "Ada")


def refused(password: str, user) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [
            re.findall("“(.*?)”", message)[0] if "“" in message else message for message in error.messages
        ]
    return []


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("my-Frontier-2026", "frontier"),
        ("sunny Fr0nt13r days", "frontier"),
        ("EARLY_access_2026!", "early access"),
        ("Voluntary frontier-model early-access programme", "frontier"),
        ("bread and kestrels", "Kestrel"),
        ("Kestrel Marzipan Works", "Kestrel Marzipan Works"),
        ("mÁrzipan in May 1987", "Marzipan"),
        ("l0calh0st-and-more", "localhost"),
    ],
)
def test_a_word_of_the_field_or_of_ones_house_is_named_and_refused(ada, password, word):
    assert refused(password, ada) == [word]


def test_a_name_of_the_programme_that_was_changed_counts(ada, settings):
    settings.PORTAL_PROGRAMME_NAME = "Velvet Lantern"
    assert refused("my velvet lantern 7", ada) == ["Velvet Lantern"]
    assert refused("my velvet curtain 7", ada) == []


def test_who_is_invited_uses_no_name_of_who_invites(ada):
    agency = factories.agency("Bureau of Lanterns")
    root = factories.person("Root", is_superuser=True)
    before = refused("lanterns over water", ada)
    actions.invite(actor=root, organisation=agency, email=ada.email, name=ada.name, role=Role.REVIEWER)
    assert (before, refused("lanterns over water", ada)) == ([], ["Lanterns"])


@pytest.mark.parametrize(
    "password",
    [
        "947201586614",
        "81059 22647 10394",
        "kmw is too short to count",
        "another house's falcon",
        "nearly everything is accessible",
        PASSWORD,
        "пароль из четырёх слов",
    ],
)
def test_others_of_twelve_characters_are_taken_digits_alone_too(ada, password):
    factories.organisation(Kind.LAB, "Falcon Laboratories")
    assert refused(password, ada) == []


def test_the_page_says_which_word_and_what_to_do_instead(ada):
    client = sign_in(ada)
    typed = {"oldpassword": PASSWORD, "password1": "kestrels in the fog", "password2": "kestrels in the fog"}
    said = client.post(PAGE, typed).context["form"].errors
    assert list(said) == ["password1"]
    [words] = said["password1"]
    assert words.startswith(
        "“Kestrel” is among what somebody who guesses tries first. Leave it out, and take words"
    )
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_the_words_are_documented():
    text = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text()
    part = text.partition("## Words that a password may not hold")[2].partition("\n## ")[0]
    assert re.findall("“(.*?)”", part) == list(WORDS)
