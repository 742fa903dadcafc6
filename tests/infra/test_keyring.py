"""The keyring: what is sealed for one person opens for no other and nowhere else, and who was erased stays so."""

import json
from datetime import UTC, datetime

import pytest

from portal.stack import keyring, people
from portal.stack.keyring import Keyring
from portal.stack.layout import StackError

AT = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)
PIA, QUILLON = "6f0c1b1e-8a55-4a54-9a2c-3f1a3f0f7a11", "aa0c1b1e-8a55-4a54-9a2c-3f1a3f0f7a22"
VALUES = {"name": "Quillon Marzipan", "at": "2026-09-14T14:00:00+00:00", "data": {"n": [1, None]}}


def ring() -> Keyring:
    return Keyring(AT, {PIA: b"p" * 32, QUILLON: b"q" * 32})


def test_what_is_sealed_opens_with_its_key_for_its_person_and_table_alone():
    mine = ring()
    sealed = mine.seal("accounts_user", QUILLON, VALUES)
    assert "Quillon" not in sealed
    assert mine.unseal("accounts_user", QUILLON, sealed) == VALUES
    assert sealed != mine.seal("accounts_user", QUILLON, VALUES)
    for table, person in (("accounts_user", PIA), ("accounts_otheraddress", QUILLON)):
        with pytest.raises(StackError, match="does not open"):
            mine.unseal(table, person, sealed)
    with pytest.raises(StackError, match="does not open"):
        Keyring(AT, {QUILLON: b"x" * 32}).unseal("accounts_user", QUILLON, sealed)


def test_for_whom_there_is_no_key_nobody_opens_it():
    """Erased between the snapshot and the drawing of keys: what the snapshot has of them is written for nobody."""
    without = Keyring(AT, {PIA: b"p" * 32}, {QUILLON: AT})
    sealed = without.seal("accounts_user", QUILLON, VALUES)
    assert without.unseal("accounts_user", QUILLON, sealed) is None
    for key in (b"p" * 32, b"q" * 32, bytes(32)):
        with pytest.raises(StackError):
            Keyring(AT, {QUILLON: key}).unseal("accounts_user", QUILLON, sealed)


def test_it_is_written_in_place_of_the_one_before_for_its_owner_alone(tmp_path):
    path = tmp_path / "keyring.json"
    assert keyring.write(ring(), path) == []
    assert keyring.read(path) == ring()
    erased = Keyring(AT, {PIA: b"p" * 32}, {QUILLON: AT})
    assert keyring.write(erased, path) == []
    assert keyring.read(path) == erased
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["keyring.json"]


def test_a_database_that_was_set_back_brings_nobodys_key_back(tmp_path):
    path = tmp_path / "keyring.json"
    keyring.write(Keyring(AT, {PIA: b"p" * 32}, {QUILLON: AT}), path)
    back = keyring.write(ring(), path)
    assert back == [QUILLON]
    assert keyring.read(path) == Keyring(AT, {PIA: b"p" * 32}, {QUILLON: AT})
    assert keyring.told(ring(), path, back) == (
        f"{path}: the keys of 1 people; 1 were erased. 1 of these stand in the database again, which was set back: erase them"
        f" there too ({QUILLON})."
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        json.dumps({"format": 1, "written_at": "yesterday", "keys": {}, "erased": {}}),
        json.dumps(
            {"format": 1, "written_at": "2026-09-15T14:00:00+00:00", "keys": {PIA: "???"}, "erased": {}}
        ),
    ],
)
def test_what_is_no_keyring_is_refused_and_not_written_over(tmp_path, content):
    path = tmp_path / "keyring.json"
    path.write_text(content)
    with pytest.raises(StackError):
        keyring.read(path)
    with pytest.raises(StackError):
        keyring.write(ring(), path)
    assert path.read_text() == content


def test_who_is_neither_known_nor_erased_is_found_before_anything_is_made():
    lines = [json.dumps({"person": one}).encode() for one in (PIA, QUILLON, "other")]
    assert people.without_key(Keyring(AT, {PIA: b"p" * 32}, {QUILLON: AT}), lines) == {"other"}
