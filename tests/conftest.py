"""Fixtures of all tests. Importing this file brings the servers up, since settings must know them before Django loads."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import floor

IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_servers = None

if not IN_WORKER:
    from django.conf import settings as _settings

    if _settings.configured:
        raise pytest.UsageError(
            "Unset DJANGO_SETTINGS_MODULE and --ds: the tests make their own environment."
        )
    floor.clear_environment()
    _stack, _servers = floor.start_servers()
    os.environ.update(floor.environment(_stack, None))
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

import django  # noqa: E402

django.setup()


from allauth.account.internal.flows.login import record_authentication  # noqa: E402
from django.contrib.auth.signals import user_logged_in  # noqa: E402
from django.dispatch import receiver  # noqa: E402

from portal import scope  # noqa: E402

# Tests look at everything that a piece of work left; requests, tasks and commands set scopes of their own all the same.
scope.outside = scope.Scope(None, scope.EVERYTHING)


@receiver(user_logged_in)
def _with_both_factors(request, user, **kwargs) -> None:
    """``Client.force_login`` stands for a sign-in with password and code; a real one comes through allauth's middleware."""
    if not hasattr(request, "allauth"):
        record_authentication(request, user, "mfa", type="totp")


class Workers:
    """Gives each xdist worker a database, a broker and a folder of its own."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list) -> None:
        for number, spec in enumerate(specs):
            spec.env.update(floor.environment(_stack, number))


def pytest_configure(config: pytest.Config) -> None:
    if not IN_WORKER:
        config.pluginmanager.register(Workers(), "portal-workers")


def pytest_unconfigure(config: pytest.Config) -> None:
    if IN_WORKER:
        return
    shutil.rmtree(Path(os.environ["PORTAL_VAR"]).parent, ignore_errors=True)
    if _servers:
        _servers.stop()
    floor.release()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("committed_db"):
            item.fixturenames.insert(0, "committed_db")


@pytest.fixture(scope="session")
def template_database() -> str:
    """The name of the migrated database that others are cloned from."""
    return floor.template()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, template_database) -> Iterator[None]:
    """This process's database, cloned from the template. Tests reach it as ``portal_app``, as production does."""
    from django.db import connections

    with django_db_blocker.unblock():
        floor.clone(template_database)
        yield
        connections.close_all()
        floor.drop_own()


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker, template_database) -> Iterator[None]:
    """The database without a wrapping transaction, for threads and several connections; it is cloned anew afterwards.

    Cloned, never emptied: append-only tables refuse TRUNCATE and DELETE, from tests too.
    """
    from django.db import connections

    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connections.close_all()
            floor.clone(template_database)


@pytest.fixture
def owner_connection(request) -> Iterator:
    """A connection as ``portal_owner`` to this process's database, for what the application may not do.

    It is outside the test's transaction, so it sees only what ``committed_db`` committed.
    """
    import psycopg

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def mail_folder(settings, tmp_path) -> Path:
    """Mail goes into this folder, one .eml file a message, as in the local default."""
    settings.EMAIL_BACKEND = "portal.mail.FolderBackend"
    settings.PORTAL_MAIL_DIR = tmp_path / "mail"
    settings.PORTAL_MAIL_DIR.mkdir()
    return settings.PORTAL_MAIL_DIR


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Sign-in attempts and used codes of one test are not held against the next."""
    yield
    from django.core.cache import cache

    cache.clear()
