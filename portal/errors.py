"""What an action can refuse, in words a person can act on. Doors turn these into form errors and problem+json."""


class Refused(Exception):  # noqa: N818 (it is an answer, not a fault)
    """An action did nothing; ``message`` says why, ``code`` is stable for programs."""

    code = "refused"
    status = 409

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None):
        super().__init__(message)
        self.message = message
        self.field = field
        if code:
            self.code = code


class NotAllowed(Refused):
    """The policy says no. Doors answer 403 when the subject is visible to the person, 404 when it is not."""

    code = "not_allowed"
    status = 403


class WrongState(Refused):
    """The state table has no such step from here."""

    code = "wrong_state"


class AlreadyDone(WrongState):
    """This very step was taken before; a double click or a repeated call, nothing was done twice."""

    code = "already_done"


class Stale(Refused):
    """The subject changed since the person's page was made; ``changes`` lists what happened meanwhile."""

    code = "stale"

    def __init__(self, message: str, *, changes: list[str] | None = None):
        super().__init__(message)
        self.changes = changes or []


class Invalid(Refused):
    """A value is wrong; ``field`` names it."""

    code = "invalid"
    status = 400


class Missing(Invalid):
    """A reason, date or text that this step needs was not given."""

    code = "missing"
