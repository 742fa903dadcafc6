import pytest
import time_machine

from tests.factories import NOW


@pytest.fixture(autouse=True)
def _at_now():
    """The machine's clock stands at the moment the factories build their cases at."""
    with time_machine.travel(NOW, tick=False):
        yield
