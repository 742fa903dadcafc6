from portal.tasks import task
from reviews import actions
from reviews.actions.inquiries import remind_of_waiting


@task(name="reviews.tasks.record_clock", sees=("deadlines", "submissions", "reviews"), expires=60)
def record_clock():
    """Record the seats that expired since the last run, and follow the staff with the reminders of waiting inquiries."""
    actions.record_clock()
    remind_of_waiting()
