"""The one way to define a command that reads or writes what is under row-level security."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import scope


class JobCommand(BaseCommand):
    """A command in a scope of its own: ``sees`` names the rooms (``scope.ROOMS``) whose rows it may see and write."""

    sees: tuple[str, ...]

    def execute(self, *args: Any, **options: Any) -> Any:
        with scope.job(*self.sees):
            return super().execute(*args, **options)
