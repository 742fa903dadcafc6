import pytest
import time_machine

from tests.factories import NOW


@pytest.fixture(autouse=True)
def _at_now(request):
    """The machine's clock stands at the moment the factories build their cases at; the browser's tests have the real one."""
    if request.node.get_closest_marker("browser"):
        yield
        return
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def stored(settings, tmp_path):
    """The folder in which this test's uploads are stored."""
    folder = tmp_path / "files"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        }
    }
    return folder
