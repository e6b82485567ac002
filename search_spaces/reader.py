"""Reads a search space from TOML; every error names the path of the key."""

import contextlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from advisor.errors import InputError, UnknownError
from advisor.spec import Plan, check
from advisor.spec.plan import PRECISIONS
from advisor.spec.recipe import MAX_STEPS, Recipe
from search_spaces.families import FAMILIES
from search_spaces.knob_reader import read_knob, table_at, value_at
from search_spaces.space import KNOBS, MORE_KNOBS, SHAPE_KNOBS, Space

FOLDER = Path(__file__).parent
MAX_FILE_BYTES = 2**20
MAX_SHAPES = 4096  # each one is checked against the memory

SIZES = {"max_depth": 1024, "context": check.MAX_CONTEXT}
OPTIONAL = {"vocab": check.MAX_VOCAB, "eval_every": MAX_STEPS, "eval_batches": check.MAX_BATCH, "max_parameters": 2**40}
TF32 = "tf32"  # a precision to the user: fp32 in memory
# Fields of the plan and of the recipe that [fixed] may name.
PLAN = (
    "sequence", "target_sequence", "accumulation", "optimizer", "optimizer_implementation", "attention_kernel",
    "checkpointing", "checkpoint_every", "loss", "loss_chunks", "compile", "ema", "parametrization",
)  # fmt: skip
RECIPE = tuple(sorted(set(Recipe.__dataclass_fields__) - {*KNOBS, "tf32"}))


def names() -> list[str]:
    """The spaces that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name_or_path: str | Path) -> Space:
    """The space of that name, or in that TOML file. Raises InputError or UnknownError."""
    name = str(name_or_path)
    if name not in names() and not name.endswith(".toml") and "/" not in name:
        raise UnknownError("search space", name, names())
    path = FOLDER / f"{name}.toml" if name in names() else Path(name)
    return parse(document_of(path), path.stem)


def document_of(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises InputError."""
    what = f"search space file {path}"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise InputError(what, expected=f"at most {MAX_FILE_BYTES} bytes", got="more")
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise InputError(what, expected="UTF-8", got=f"byte {content[error.start]:#04x}") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError, as is a null byte in the path
        raise InputError(what, expected="TOML", got=str(error)) from None
    except OSError as error:
        raise InputError(what, expected="a readable file", got=error.strerror) from None


def parse(document: dict[str, Any], name: str) -> Space:
    """A space from the document that its TOML file holds. Raises InputError or UnknownError."""
    check.known_keys(name, list(document), ("family", "summary", "fixed", "vary"))
    check.choice(f"{name}.family", document.get("family"), tuple(FAMILIES))
    if not isinstance(document.get("summary", ""), str):
        raise InputError(f"{name}.summary", expected="text", got=document["summary"])
    fixed, vary = (
        table_at(f"{name}.fixed", document.get("fixed", {})),
        table_at(f"{name}.vary", document.get("vary", {})),
    )
    check.known_keys(f"{name}.fixed", list(fixed), (*KNOBS, *SIZES, *OPTIONAL, *PLAN, *RECIPE, "precision"))
    check.known_keys(f"{name}.vary", list(vary), (*KNOBS, *MORE_KNOBS))
    precision = read_precision(f"{name}.fixed", fixed)
    sizes: dict[str, Any] = {size: _size(f"{name}.fixed", fixed, size) for size in SIZES}
    sizes |= {size: _size(f"{name}.fixed", fixed, size) if size in fixed else None for size in OPTIONAL}
    space = Space(
        name=name,
        family=str(document["family"]),
        knobs={knob: read_knob(name, knob, fixed, vary) for knob in (*KNOBS, *(k for k in MORE_KNOBS if k in vary))},
        plan=_plan(f"{name}.fixed", fixed) | ({"precision": precision.replace(TF32, "fp32")} if precision else {}),
        recipe=read_recipe(f"{name}.fixed", fixed, tf32=precision == TF32),
        document=document,
        **sizes,
    )
    _check_together(space)
    return space


def _size(path: str, fixed: Mapping[str, Any], name: str) -> int:
    highest = (SIZES | OPTIONAL)[name]
    value = value_at(f"{path}.{name}", fixed, name, f"a whole number from 1 to {highest}")
    check.whole(f"{path}.{name}", value, highest)
    return value  # type: ignore[no-any-return]


def read_precision(path: str, fixed: Mapping[str, Any]) -> str:
    """What the space says; "" where that is the device's."""
    if "precision" not in fixed:
        return ""
    check.choice(f"{path}.precision", fixed["precision"], (*PRECISIONS, TF32))
    return str(fixed["precision"])


def _plan(path: str, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a plan that are right together."""
    value_at(f"{path}.sequence", fixed, "sequence", f"a whole number from 1 to {check.MAX_CONTEXT}")
    values = {name: fixed[name] for name in PLAN if name in fixed}
    with _at(path):
        Plan(**{"precision": "fp32", **values})
    return values


def read_recipe(path: str, fixed: Mapping[str, Any], tf32: bool) -> Recipe:
    """What [fixed] names of a recipe."""
    values = {name: fixed[name] for name in RECIPE if name in fixed}
    with _at(path):
        return Recipe(learning_rate=1.0, tf32=tf32, **values)


@contextlib.contextmanager
def _at(path: str) -> Iterator[None]:
    """An InputError about a field names the key of the space instead."""
    try:
        yield
    except InputError as error:
        key = error.what.rpartition(".")[2]
        raise InputError(f"{path}.{key}", expected=error.expected, got=error.got, nearest=error.nearest) from None


def _check_together(space: Space) -> None:
    """Raises InputError for values that are fine alone, but not with each other."""
    path = space.name
    check.at_most(f"{path}.fixed.sequence", space.plan["sequence"], f"{path}.fixed.context", space.context)
    shapes = math.prod(len(space.knobs[name].values) for name in SHAPE_KNOBS)
    if shapes > MAX_SHAPES:
        raise InputError(path, expected=f"at most {MAX_SHAPES} combinations of {', '.join(SHAPE_KNOBS)}", got=shapes)
    for head_size in space.knobs["head_size"].values:
        for d_model in space.knobs["d_model"].values:
            check.divides(f"{path}: head_size", int(head_size), f"{path}: d_model", int(d_model))
