"""The web server's access log, without the secrets that some addresses are."""

from typing import Any

from gunicorn.glogging import Logger

from portal.logs import in_one_line, without_secrets


class AccessLogger(Logger):
    """Gunicorn's own, but that a path names no secret and fills no second line."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        found = super().atoms(*args, **kwargs)
        return found | {
            name: in_one_line(without_secrets(found[name])) for name in ("U", "r") if found.get(name)
        }
