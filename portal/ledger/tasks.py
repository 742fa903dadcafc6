from portal.ledger import sealing
from portal.tasks import task


@task(name="portal.ledger.tasks.seal", sees=("ledger",), expires=60)
def seal():
    """Seal the events written since the last run."""
    sealing.seal_new_events()
