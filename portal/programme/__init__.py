"""What the programme is called, its targets, reminders, wording and standard terms: settings that its people change.

``current()`` is the one way to read them. What stands in no version is as delivered: the code's and the environment's.
"""

from portal.programme.versions import Programme, current, target

__all__ = ["Programme", "current", "target"]
