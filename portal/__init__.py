"""The portal: the site, and what all parties share.

Nothing is loaded with the package, so that a lab runs ``python -m portal.ledger.verify`` with Python and ``cryptography``
alone. ``portal.tasks`` loads the Celery application, so that whatever publishes a task does it to the configured broker.
"""
