from portal.ledger import seals
from portal.tasks import task


@task(name="portal.ledger.tasks.seal", expires=60)
def seal():
    """Seal the events written since the last run."""
    seals.seal_new_events()
