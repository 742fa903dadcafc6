"""Where root's servers live when its own folder is closed to the user they run as."""

import os

import pytest

from portal.stack import home
from portal.stack.layout import Layout

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(home, "ELSEWHERE", tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def test_a_closed_folder_keeps_its_servers_elsewhere_and_finds_them_again(tmp_path, elsewhere):
    layout = Layout(tmp_path / "closed")
    first, second = home._elsewhere(layout), home._elsewhere(layout)
    assert first == second
    assert first.parent == elsewhere
    assert first.stat().st_mode & 0o777 == 0o711


def test_what_a_deleted_folder_left_is_swept(tmp_path, elsewhere):
    gone, kept = Layout(tmp_path / "gone"), Layout(tmp_path / "kept")
    left, stays = home._elsewhere(gone), home._elsewhere(kept)
    (gone.folder / "servers.location").unlink()
    new = home._elsewhere(gone)
    assert sorted(elsewhere.iterdir()) == sorted([stays, new])
    assert new != left
