"""The servers of a machine that has none: an embedded PostgreSQL and Valkey, and the supervisor that keeps all running.

Nothing here needs Django's settings: the stack comes first, and settings read what it wrote.
"""
