"""Fixtures of the tests of the stack."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_folder():
    """A folder that another user can pass into, as a checkout's usually is; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="portal-run-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
