from portal.submissions import actions
from portal.tasks import task


@task(name="portal.submissions.tasks.record_clock", expires=60)
def record_clock():
    """Record the windows that opened or ended since the last run."""
    actions.record_clock()
