"""The tests' own floor: who they run as, and that one test leaves nothing to the next."""

import threading

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction


@pytest.mark.django_db
def test_runs_as_the_role_that_serves():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("portal_app", False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("_round", [1, 2])
def test_a_committed_row_is_seen_by_a_thread_and_gone_afterwards(committed_db, _round):
    assert not ContentType.objects.filter(app_label="trial").exists()
    with transaction.atomic():
        ContentType.objects.create(app_label="trial", model="trial")
    seen = []

    def look():
        seen.append(ContentType.objects.filter(app_label="trial").count())
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [1]


@pytest.mark.django_db
def test_a_wrapped_row_is_gone_afterwards():
    assert not ContentType.objects.filter(app_label="trial").exists()
    ContentType.objects.create(app_label="trial", model="trial")


def test_the_owner_can_do_what_the_application_cannot(committed_db, owner_connection):
    owner_connection.execute("CREATE TABLE trial (id int)")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO trial VALUES (1)")
        cursor.execute("SELECT count(*) FROM trial")
        assert cursor.fetchone() == (1,)
