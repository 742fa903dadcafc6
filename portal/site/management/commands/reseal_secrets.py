"""``manage.py reseal_secrets``: seal every stored secret with the newest key, so that an older one can be taken out.

While it runs the portal goes on: whatever key of ``PORTAL_INSTRUCTIONS_KEYS`` sealed a secret opens it. Stopped at any instant it
is run again and goes on with what is left; two at once do each row once.
"""

from collections.abc import Iterator

from django.db import transaction

from portal import crypto
from portal.commands import JobCommand

BATCH = 100


class Command(JobCommand):
    sees = ("submissions", "partners")
    help = "Seal every stored secret with the newest key of PORTAL_INSTRUCTIONS_KEYS; exit 1 while any needs an older one."

    def handle(self, *args, **options):
        done = sum(reseal(model, place) for model, place in crypto.PLACES)
        left = [pk for model, place in crypto.PLACES for pk in older(model, place)]
        self.stdout.write(f"{done} sealed anew, {len(left)} left.")
        if left:
            self.stderr.write(
                "Keep the older keys: some secrets need them, are being changed now, or open with no key."
            )
            raise SystemExit(1)


def reseal(model: str, place: str) -> int:
    """Seal one table's secrets anew, batch by batch; what another transaction holds is passed over."""
    rows = crypto.holders(model, place).order_by("pk")
    column = place.partition(".")[0]
    done, last = 0, None
    while True:
        with transaction.atomic():
            found = rows.filter(pk__gt=last) if last is not None else rows
            batch = list(found.select_for_update(skip_locked=True, of=("self",)).only("pk", column)[:BATCH])
            for row in batch:
                done += _one(row, place)
        if len(batch) < BATCH:
            return done
        last = batch[-1].pk


def _one(row, place: str) -> bool:
    column, _, key = place.partition(".")
    held = getattr(row, column)
    sealed = held[key].encode() if key else held
    if crypto.is_newest(sealed):
        return False
    try:
        fresh = crypto.reseal(sealed)
    except RuntimeError:
        return False
    value = held | {key: fresh.decode()} if key else fresh
    type(row)._base_manager.filter(pk=row.pk).update(**{column: value})
    return True


def older(model: str, place: str) -> Iterator:
    """The keys of the rows whose secret the newest key does not open."""
    return (pk for pk, sealed in crypto.stored(model, place) if not crypto.is_newest(sealed))
