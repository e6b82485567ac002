"""Where a study keeps the models of its trials: a folder beside the store, of which only the best trial's stays."""

import shutil
from pathlib import Path

from advisor.files import unique_slug
from studies.store.database import parse_url

FOLDER = Path("runs")  # of stores that are no file


class Shelf:
    """The folder of one study; a trial of it has a folder of its own, with best.safetensors and last.safetensors."""

    def __init__(self, store: str, study: str) -> None:
        url = parse_url(store)
        beside = Path(str(url.database)).parent if url.drivername == "sqlite" else FOLDER
        self._folder = beside / unique_slug(study)

    def of(self, trial: int) -> Path:
        """The folder of a trial."""
        return self._folder / f"trial-{trial}"

    def trunk(self, trial: int) -> Path:
        """The file with what a longer trial may go on from."""
        return self._folder / f"trunk-{trial}.safetensors"

    def cut_trunks(self) -> None:
        """Remove those files: no trial will go on from them."""
        for file in self._folder.glob("trunk-*"):
            file.unlink(missing_ok=True)

    def keep_only(self, *trials: int) -> None:
        """Remove the models of all others."""
        kept = {self.of(trial) for trial in trials}
        for folder in set(self._folder.glob("trial-*")) - kept:
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove all."""
        self.keep_only()
        self.cut_trunks()
