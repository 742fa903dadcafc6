"""The verbs that are tried, and by which name a try is counted."""

import functools
import inspect


def verbs_of(steps) -> list[str]:
    return sorted({t.verb for t in steps if t.who != "clock"})


def named(world: type) -> type:
    """What a method lets somebody try is known by its verb, or by its own name: ``trying`` says what was tried last."""

    def noting(method):
        names = inspect.signature(method).parameters

        @functools.wraps(method)
        def tried(self, *args, **how):
            given = dict(zip(names, (self, *args), strict=False)) | how
            self.trying = given.get("verb", method.__name__)
            return method(self, *args, **how)

        return tried if "actor" in names else method

    for name, method in list(vars(world).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(world, name, noting(method))
    return world
