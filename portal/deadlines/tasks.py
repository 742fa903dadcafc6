from portal import clock
from portal.deadlines import delivery, digests, following, planning
from portal.deadlines.models import Heartbeat
from portal.tasks import task

# Who is told what, and whether they may know it still, follows from everything that is known of cases.
CASES = ("ledger", "deadlines", "submissions", "reviews", "partners")


@task(name="portal.deadlines.tasks.tick", sees=CASES, expires=30, queue="mail")
def tick():
    """Plan the reminders due now, and say that it was done."""
    planning.plan(at=clock.now())
    _heard("tick")


@task(name="portal.deadlines.tasks.settle", sees=CASES, expires=60, queue="mail")
def settle():
    """After a change of the programme's settings, set right what steps that were under way set by the ones before."""
    following.settle_after_change(at=clock.now())


@task(name="portal.deadlines.tasks.deliver", sees=CASES, expires=30, queue="mail")
def deliver():
    """Send the messages due now."""
    delivery.deliver_due()


@task(name="portal.deadlines.tasks.digest", sees=CASES, expires=120, queue="mail")
def digest():
    """Make the day's mail of those who chose one, once its hour has come."""
    digests.make(at=clock.now())


@task(name="portal.deadlines.tasks.heartbeat", sees=(), expires=30, queue="mail")
def heartbeat():
    """Say that a worker takes mail; /health/ready reads it."""
    _heard("worker")


@task(name="portal.deadlines.tasks.pulse", sees=(), expires=30)
def pulse(queue):
    """Say that somebody serves this queue; it is sent into each, and belongs to none."""
    _heard(f"queue:{queue}")


def _heard(name: str) -> None:
    """Write a heartbeat, in the machine's time, which no demonstration moves."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": clock.machine()})
