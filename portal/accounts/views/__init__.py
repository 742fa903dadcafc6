"""One's own account, the people of one's organisation, and a lab's services."""

from portal.accounts.views import own, people, services

__all__ = ["own", "people", "services"]
