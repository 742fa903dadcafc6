from portal import clock
from portal.deadlines import delivery, digests, following, planning
from portal.deadlines.models import Heartbeat
from portal.tasks import task


@task(name="portal.deadlines.tasks.tick", expires=30)
def tick():
    """Plan the reminders due now."""
    planning.plan(at=clock.now())


@task(name="portal.deadlines.tasks.settle", expires=60)
def settle():
    """After a change of the programme's settings, set right what steps that were under way set by the ones before."""
    following.settle_after_change(at=clock.now())


@task(name="portal.deadlines.tasks.deliver", expires=30)
def deliver():
    """Send the messages due now."""
    delivery.deliver_due()


@task(name="portal.deadlines.tasks.digest", expires=120)
def digest():
    """Make the day's mail of those who chose one, once its hour has come."""
    digests.make(at=clock.now())


@task(name="portal.deadlines.tasks.heartbeat", expires=30)
def heartbeat():
    """Say that a worker runs; /health/ready reads it. In the machine's time, which no demo moves."""
    from datetime import UTC, datetime

    Heartbeat.objects.update_or_create(name="worker", defaults={"at": datetime.now(UTC)})
