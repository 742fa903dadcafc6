"""``manage.py reseal_secrets``: seal every stored secret with the newest key, so that an older one can be taken out.

While it runs the portal goes on: whatever key of ``PORTAL_INSTRUCTIONS_KEYS`` sealed a secret opens it. Stopped at any instant it
is run again and goes on with what is left; two at once do each row once.
"""

from collections.abc import Iterator

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from portal import crypto

BATCH = 100


class Command(BaseCommand):
    help = "Seal every stored secret with the newest key of PORTAL_INSTRUCTIONS_KEYS; exit 1 while any needs an older one."

    def handle(self, *args, **options):
        done = sum(reseal(model, column) for model, column in crypto.PLACES)
        left = [pk for model, column in crypto.PLACES for pk in older(model, column)]
        self.stdout.write(f"{done} sealed anew, {len(left)} left.")
        if left:
            self.stderr.write(
                "Keep the older keys: some secrets need them, are being changed now, or open with no key."
            )
            raise SystemExit(1)


def reseal(model: str, column: str) -> int:
    """Seal one table's secrets anew, batch by batch; what another transaction holds is passed over."""
    rows = apps.get_model(model)._base_manager.filter(**{f"{column}__isnull": False}).order_by("pk")
    done, last = 0, None
    while True:
        with transaction.atomic():
            found = rows.filter(pk__gt=last) if last is not None else rows
            batch = list(found.select_for_update(skip_locked=True, of=("self",)).only("pk", column)[:BATCH])
            for row in batch:
                done += _one(row, column)
        if len(batch) < BATCH:
            return done
        last = batch[-1].pk


def _one(row, column: str) -> bool:
    sealed = getattr(row, column)
    if crypto.is_newest(sealed):
        return False
    try:
        fresh = crypto.reseal(sealed)
    except RuntimeError:
        return False
    type(row)._base_manager.filter(pk=row.pk).update(**{column: fresh})
    return True


def older(model: str, column: str) -> Iterator:
    """The keys of the rows whose secret the newest key does not open."""
    rows = apps.get_model(model)._base_manager.filter(**{f"{column}__isnull": False}).order_by()
    for pk, sealed in rows.values_list("pk", column).iterator(chunk_size=BATCH):
        if not crypto.is_newest(sealed):
            yield pk
