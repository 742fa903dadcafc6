"""What gunicorn reads by itself where it is started in this folder, by ./run and by an operator alike."""

# By themselves these make a request https, or put it at another path, for whoever is on this machine or comes by a socket of it.
# What of a proxy is believed is PORTAL_BEHIND_PROXY's alone (docs/settings.md).
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
