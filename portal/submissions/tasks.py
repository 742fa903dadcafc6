from portal.submissions import actions
from portal.tasks import task


@task(
    name="portal.submissions.tasks.record_clock",
    sees=("deadlines", "submissions", "reviews", "partners"),
    expires=60,
)
def record_clock():
    """Record the windows that opened or ended since the last run, finish removals that were begun, and follow the staff with
    the dates to confirm conflicts and ties.
    """
    actions.record_clock()
    actions.finish_removals()
    actions.end_renewals()


@task(
    name="portal.submissions.tasks.remove_orphans",
    sees=("submissions", "reviews", "partners"),
    expires=3600,
    queue="exports",
)
def remove_orphans():
    """Remove stored files of uploads that were rolled back or killed more than a day ago, and uploads nobody finished."""
    actions.remove_orphans()
    actions.remove_expired()


@task(
    name="portal.submissions.tasks.scan_waiting",
    sees=("submissions", "reviews", "partners"),
    expires=120,
    queue="scans",
)
def scan_waiting():
    """Ask the malware scanner, where one is set, about the files that wait for it."""
    actions.scan_waiting()


@task(
    name="portal.submissions.tasks.note_readings",
    sees=("ledger", "deadlines", "submissions", "reviews"),
    expires=1800,
)
def note_readings():
    """Note reading of the last days that differs from usual."""
    actions.note_readings()


@task(
    name="portal.submissions.tasks.remove_disposed",
    sees=("submissions", "reviews", "partners"),
    expires=300,
    queue="exports",
)
def remove_disposed():
    """Remove the stored files of versions that were disposed of."""
    actions.remove_disposed()
