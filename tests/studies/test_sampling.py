"""From a study to a text."""

from collections.abc import Callable
from pathlib import Path

import pytest

import studies
from advisor import files
from advisor.errors import AdvisorError, InputError, UnknownError
from studies import sampling
from studies.job import Sampling
from studies.store.shelf import Shelf
from tests.cli.command import advisor
from tests.studies.examples import TINY, settings

TEXT = "to be, or not to be: that is the question.\n" * 50
HOW = Sampling(tokens=30, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a finished study of a small text, spelled in characters."""
    path = tmp_path_factory.mktemp("sampling")
    (path / "text.txt").write_text(TEXT)
    space = Path(TINY).read_text().replace("vocab = 256\n", "").replace("batch = 4\n", "batch = 4\nema = true\n")
    (path / "space.toml").write_text(space)
    studies.run(
        settings(
            path, name="hamlet", space=str(path / "space.toml"), data=str(path / "text.txt"), tokenizer="characters",
            budget_seconds=180.0, max_trials=1,
        )
    )  # fmt: skip
    return path


@pytest.fixture
def write(folder: Path) -> Callable[..., str]:
    return lambda prompt="to be", how=HOW: sampling.sample(
        "hamlet", store=str(folder / "store.db"), prompt=prompt, sampling=how
    )


def test_only_the_best_trials_model_is_kept(folder: Path) -> None:
    with studies.open_store(str(folder / "store.db")) as store:
        best = store.load("hamlet").best
    assert best is not None
    assert [path.name for path in (folder / "hamlet").iterdir()] == [f"trial-{best.number}"]


def test_one_seed_one_text_in_the_letters_of_the_data(write: Callable[..., str]) -> None:
    text = write()
    assert text == write()
    assert len(text) == 30
    assert set(text) <= set(TEXT)
    assert text != write(how=Sampling(tokens=30, seed=4))


def test_the_command_prints_it(folder: Path, write: Callable[..., str]) -> None:
    how = ["--prompt", "to be", "--tokens", "30", "--seed", "3"]
    shown = advisor("sample", "hamlet", "--store", str(folder / "store.db"), *how)
    assert shown.stdout == sampling.printable(write()) + "\n"


@pytest.mark.parametrize(("prompt", "message"), [("", "at least one token"), ("to bee §", "got '§'")])
def test_a_prompt_that_cannot_be_read_is_refused(write: Callable[..., str], prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write(prompt)


def test_a_study_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UnknownError, match="near: hamlet"):
        sampling.sample("hamlett", store=str(folder / "store.db"), prompt="a", sampling=HOW)


def test_what_is_damaged_or_has_changed_is_said_in_one_line(
    folder: Path, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [model] = (folder / "hamlet").glob("*/last.safetensors")
    content = model.read_bytes()
    damaged: list[tuple[bytes | None, str]] = [(content[:-9], "cannot read checkpoint"), (None, "no file")]
    for changed, message in damaged:
        files.write_atomic(model, changed) if changed else model.unlink()
        with pytest.raises(AdvisorError, match=message) as caught:
            write()
        assert "\n" not in str(caught.value)
    files.write_atomic(model, content)
    (folder / "text.txt").write_text(TEXT + "Or is it?")
    sampling.data.dataset.read.cache_clear()
    with pytest.raises(InputError, match="another content"):
        write()
    (folder / "text.txt").write_text(TEXT)
    sampling.data.dataset.read.cache_clear()


def test_nothing_that_steers_a_terminal_gets_through() -> None:
    nasty = "a\x1b[31mb\x00\x07\r\u202ec\u2028é\t\n"
    assert sampling.printable(nasty) == "a\\x1b[31mb\\x00\\x07\\r\\u202ec\\u2028é\t\n"


def test_two_studies_never_share_a_folder(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    folders = [Shelf(store, name).of(0) for name in ("a b", "a-b", "A-B", "../a-b")]
    assert len(set(folders)) == 4
    assert all(folder.is_relative_to(tmp_path) and ".." not in folder.parts for folder in folders)
