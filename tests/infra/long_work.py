"""A task of the exports queue that takes as long as a test wants; a worker is told to load it by ``--include``."""

import redis
from django.conf import settings

from portal.tasks import task

BEGUN, GO_ON = "test:begun", "test:go_on"


@task(name="tests.long_work", sees=(), queue="exports")
def long_work():
    """Says that it has begun, and waits to be told to go on."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.rpush(BEGUN, "yes")
        client.blpop(GO_ON, timeout=120)
