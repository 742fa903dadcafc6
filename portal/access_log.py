"""The web server's access log, without the secrets that some addresses are, and with who asked where a proxy stands between."""

from typing import Any

from gunicorn.glogging import Logger

from portal.logs import in_one_line, without_secrets


class AccessLogger(Logger):
    """Gunicorn's own, but that a path names no secret and fills no second line, and that an address is not the proxy's."""

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        # Gunicorn makes its logger before there are settings.
        from portal.limits import client_of

        found = super().atoms(resp, req, environ, request_time)
        paths = {name: in_one_line(without_secrets(found[name])) for name in ("U", "r") if found.get(name)}
        return found | paths | {"h": client_of(environ) or "-"}
