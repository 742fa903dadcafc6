"""A case with access provided, and its contributor at the lab's pages."""

from tests import factories as make
from tests.lab.visitor import Visitor


def opened(make_case=make.with_access):
    """A case and its contributor's session."""
    case = make.Case(make_case)
    return case, Visitor(case.contributor)
