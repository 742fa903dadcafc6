"""Documents that are made from the code say what the code says."""

from django.conf import settings

from portal.programme.words import forbidden_in
from portal.site import states_doc
from tests.matrix.test_matrix import TABLE


def test_the_page_of_states_is_the_tables():
    written = (settings.BASE_DIR / "docs" / "states.md").read_text()
    assert written == states_doc.text(), "run manage.py write_states"


def test_no_room_with_states_is_missing():
    found = {
        ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)
        for path in settings.BASE_DIR.glob("**/states.py")
        if not {".venv", "build", "node_modules", "var"} & set(path.relative_to(settings.BASE_DIR).parts)
    }
    assert found == set(states_doc.ROOMS)


def test_no_word_of_a_permission_in_states_steps_or_addresses():
    """Invariant 1: nothing here means that a release is let, refused or kept back."""
    words = states_doc.text() + TABLE.read_text().replace("_", " ")
    assert forbidden_in(words) == []
