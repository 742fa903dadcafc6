"""The world that is broken."""

import os
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection, transaction

from tests.machine.rich import Rich


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made by the owner of the tables, who may do what the application may not; undone at the end."""
    owner = urlsplit(os.environ["DATABASE_OWNER_URL"])
    with django_db_blocker.unblock():
        connection.close()
        before = connection.settings_dict
        connection.settings_dict = before | {"USER": owner.username, "PASSWORD": owner.password}
        try:
            with transaction.atomic(), time_machine.travel(Rich.BEGIN, tick=False):
                yield Rich()
                transaction.set_rollback(True)
        finally:
            connection.close()
            connection.settings_dict = before
