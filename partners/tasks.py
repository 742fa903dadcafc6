from partners import actions
from partners.actions import findings
from portal.tasks import task


@task(name="partners.tasks.record_clock", sees=("deadlines", "submissions", "partners"), expires=60)
def record_clock():
    """Record the grants that became active or expired since the last run."""
    actions.record_clock()


@task(name="partners.tasks.follow_findings", sees=("deadlines", "submissions", "partners"), expires=3600)
def follow_findings():
    """Follow the staff with the reminders of findings whose disclosure clock runs."""
    findings.follow_staff()
