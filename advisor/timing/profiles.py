"""Profiles by name: one JSON file each, in a folder of the user's or among those that ship with the advisor."""

import os
from pathlib import Path

from advisor.errors import InputError, StoreError, UnknownError
from advisor.files import slug, write_atomic
from advisor.gpus import GPU
from advisor.timing import profile
from advisor.timing.profile import Profile

SHIPPED = Path(__file__).with_name("profiles")  # made on other machines, each with its source


def user_folder() -> Path:
    """Where this user's profiles lie: $ADVISOR_PROFILES, else where the system keeps data of applications."""
    named = os.environ.get("ADVISOR_PROFILES")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path("transformer-advisor", appauthor=False) / "profiles"


def save(measured: Profile, folder: Path) -> Path:
    """Writes the profile, whole or not at all, over an older one of its name. Raises StoreError."""
    return write_atomic(path_of(measured.name, folder), profile.to_json(measured))


def prepare(folder: Path) -> None:
    """Makes the folder, before anything is measured that could not be kept. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK):
        raise StoreError(f"cannot write to {folder}")


def path_of(name: str, folder: Path) -> Path:
    """The file of the profile of this name."""
    return folder / f"{slug(name)}.json"


def names(folder: Path) -> list[str]:
    """Names of the folder's files and of the shipped ones, without reading any."""
    return sorted({path.stem for place in (folder, SHIPPED) for path in place.glob("*.json")})


def find(name: str, folder: Path) -> Profile:
    """The profile of this name; the user's own hides a shipped one. Raises UnknownError with the nearest names."""
    for place in (folder, SHIPPED):
        if path_of(name, place).is_file():
            return profile.read(path_of(name, place))
    raise UnknownError("profile", name, names(folder))


def chosen(gpu: GPU, named: Profile | None) -> Profile | None:
    """The one that is named, else `made_on`. Raises InputError when the named one was made on another device."""
    if named is not None and named.device != gpu.name:
        raise InputError("--profile", expected=f"one made on {gpu.name}", got=f"{named.name}, of {named.device}")
    return named or made_on(gpu)


def made_on(gpu: GPU) -> Profile | None:
    """The fitted profile of this device, which bears its name: the user's own before a shipped one; None without."""
    return _fitted(gpu, user_folder()) or shipped(gpu)


def shipped(gpu: GPU) -> Profile | None:
    """The fitted profile of this device that comes with the advisor, whatever this user has measured; None without."""
    return _fitted(gpu, SHIPPED)


def _fitted(gpu: GPU, folder: Path) -> Profile | None:
    path = path_of(gpu.name, folder)
    found = profile.read(path) if path.is_file() else None
    return found if found and found.device == gpu.name and found.coefficients else None
