"""How the workbench writes instants, and what its base promises to every app's admin."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from portal.formats import instant
from portal.site.admin import site


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Kolkata"])
def test_instants_are_written_as_everywhere_else(zone):
    with timezone.override(ZoneInfo(zone)):
        for hours in range(0, 24 * 400, 5):
            value = datetime(2026, 1, 1, 0, 7, tzinfo=UTC) + timedelta(hours=hours)
            assert instant(value) == date_format(timezone.localtime(value), "DATETIME_FORMAT")


def test_every_admin_of_the_workbench_stands_on_the_base():
    from portal.admin import PortalAdmin

    for model, admin in site._registry.items():
        assert isinstance(admin, PortalAdmin), model
        assert not admin.show_full_result_count
        assert not admin.inlines


def test_buttons_name_verbs_of_the_state_table_or_say_when_they_are_offered():
    for model, admin in site._registry.items():
        verbs = set(admin.machine.verbs()) if admin.machine else set()
        for step in admin.steps:
            assert step.verb in verbs or step.available is not None, (model, step.verb)
            assert step.takes("actor"), (model, step.verb)
            assert step.takes(admin.subject), (model, step.verb)
