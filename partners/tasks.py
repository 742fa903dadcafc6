from partners import actions
from portal.tasks import task


@task(name="partners.tasks.record_clock", expires=60)
def record_clock():
    """Record the grants that became active or expired since the last run."""
    actions.record_clock()
