"""Access instructions under a key that changes: read all the while, sealed anew, and in the end without the old key."""

import threading
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection, transaction

from partners import actions
from partners.models import Grant
from portal import crypto
from portal.submissions.models import AccessInstructions
from tests import factories as make
from tests.factories import DAY, NOW
from tests.factories_partners import GRANT_INSTRUCTIONS, GrantCase

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
AT = NOW + 21 * DAY


@pytest.fixture
def case(settings):
    settings.PORTAL_INSTRUCTIONS_KEYS = [OLD]
    with time_machine.travel(AT, tick=False):
        made = GrantCase()
        made.agree()
        yield made


def stored() -> list[bytes]:
    rows = [bytes(row.sealed) for row in AccessInstructions.objects.all()]
    return rows + [
        bytes(row.instructions_sealed) for row in Grant.objects.filter(instructions_sealed__isnull=False)
    ]


def partner_reads(case) -> str:
    return actions.reveal_grant_instructions(actor=case.partner.member, grant=case.grant_again(), at=AT)


def run() -> str:
    out = StringIO()
    call_command("reseal_secrets", stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_both_are_read_before_while_and_after_the_key_changes(case, settings):
    before = stored()
    assert len(before) == 2
    assert partner_reads(case) == GRANT_INSTRUCTIONS
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW, OLD]
    assert partner_reads(case) == GRANT_INSTRUCTIONS
    assert run() == f"{2 + Authenticator.objects.count()} sealed anew, 0 left.\n"
    assert partner_reads(case) == GRANT_INSTRUCTIONS
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW]
    assert partner_reads(case) == GRANT_INSTRUCTIONS
    assert {crypto.unseal(sealed) for sealed in stored()} == {GRANT_INSTRUCTIONS, make.INSTRUCTIONS}
    assert set(stored()).isdisjoint(before)
    settings.PORTAL_INSTRUCTIONS_KEYS = [OLD]
    for sealed in stored():
        with pytest.raises(RuntimeError):
            crypto.unseal(sealed)


@pytest.mark.django_db
def test_again_it_changes_nothing_and_what_is_given_meanwhile_is_sealed_with_the_new_key(case, settings):
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW, OLD]
    run()
    once = stored()
    assert run() == "0 sealed anew, 0 left.\n"
    assert stored() == once
    actions.set_instructions(
        actor=case.contributor, grant=case.grant_again(), instructions="Key two of caramel.", at=AT
    )
    assert run() == "0 sealed anew, 0 left.\n"
    assert partner_reads(case) == "Key two of caramel."


@pytest.mark.django_db
def test_a_secret_that_no_key_opens_is_told_and_stops_nothing(case, settings):
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW, OLD]
    Grant.objects.update(instructions_sealed=b"no secret of ours")
    with pytest.raises(SystemExit):
        run()
    assert [crypto.is_newest(row.sealed) for row in AccessInstructions.objects.all()] == [True]
    assert bytes(Grant.objects.get().instructions_sealed) == b"no secret of ours"


@pytest.mark.django_db
def test_secrets_of_authenticator_apps_and_recovery_codes_are_sealed_anew(settings):
    settings.PORTAL_INSTRUCTIONS_KEYS = [OLD]
    person = make.person("Ada Viewer")
    RecoveryCodes.activate(person)
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes()
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW, OLD]
    assert run() == "2 sealed anew, 0 left.\n"
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW]
    app, recovery = Authenticator.objects.filter(user=person).order_by("-type")
    assert crypto.unseal(app.data["secret"].encode()) == make.TOTP_SECRET
    assert RecoveryCodes(recovery).generate_codes() == codes
    assert set(recovery.data) == {"seed", "used_mask"}


@pytest.mark.committed_db
def test_a_row_that_is_being_changed_is_left_for_the_next_run(case, settings):
    settings.PORTAL_INSTRUCTIONS_KEYS = [NEW, OLD]
    held, free = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Grant.objects.select_for_update().get()
                held.set()
                free.wait(30)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(30)
    with pytest.raises(SystemExit):
        run()
    free.set()
    other.join()
    assert run() == "1 sealed anew, 0 left.\n"
