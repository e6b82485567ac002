"""Specs and plans as plain data, TOML and JSON: strict keys, errors with the field's path."""

import dataclasses
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

from advisor.errors import InputError, UnknownError
from advisor.spec import check
from advisor.spec.bdh import BDH
from advisor.spec.blocks import MoE
from advisor.spec.decoder import Decoder
from advisor.spec.encoder import Encoder
from advisor.spec.model import Model
from advisor.spec.plan import Plan
from advisor.spec.seq2seq import Seq2Seq

PRESETS = Path(__file__).with_name("presets")
FAMILIES: dict[str, type[Model]] = {"decoder": Decoder, "encoder": Encoder, "bdh": BDH, "seq2seq": Seq2Seq}
MAX_FILE = 2**20  # [bytes] of a model file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A named model: where its numbers come from and, where one is published, its parameter count."""

    name: str
    model: Model
    source: str
    published_parameters: int | None
    note: str


def model_to_data(model: Model) -> dict[str, Any]:
    """Plain nested values that `model_from_data` reads back."""
    family = next(name for name, kind in FAMILIES.items() if type(model) is kind)
    return {"family": family, **dataclasses.asdict(model)}


def model_from_data(data: Any, path: str = "model") -> Model:
    """The spec that plain values declare. Raises InputError or UnknownError with the path of the value."""
    values = dict(_table(data, path))
    family = values.pop("family", "decoder")
    check.choice(f"{path}.family", family, list(FAMILIES))
    return _build(FAMILIES[family], values, path)  # type: ignore[no-any-return]


def plan_from_data(data: Any, path: str = "plan") -> Plan:
    """The plan that plain values declare. Raises InputError or UnknownError with the path of the value."""
    return _build(Plan, data, path)  # type: ignore[no-any-return]


def _build(kind: Any, data: Any, path: str) -> Any:
    values = dict(_table(data, path))
    fields = {f.name: f for f in dataclasses.fields(kind)}
    check.known_keys(path, list(values), list(fields))
    for name, field in fields.items():
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if no_default and name not in values:
            raise InputError(f"{path}.{name}", expected="a value", got=None)
        blocks = _blocks(field.type)
        if blocks and values.get(name) is not None:
            values[name] = _build(_kind(blocks, values[name]), values[name], f"{path}.{name}")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _blocks(hint: Any) -> list[type]:
    """The blocks that may stand in a field of this type."""
    return [kind for kind in get_args(hint) or (hint,) if isinstance(kind, type) and dataclasses.is_dataclass(kind)]


def _kind(blocks: list[type], data: Any) -> type:
    """An MLP that names its number of experts is a mixture of them."""
    return MoE if MoE in blocks and isinstance(data, dict) and "experts" in data else blocks[0]


def _table(data: Any, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InputError(path, expected="a table of names and values", got=data)
    return data


def read_model(path: Path) -> Preset:
    """A model file: `[model]`, optionally `source`, `note` and `published_parameters`; TOML, or JSON by its suffix."""
    data = _table(parse(path), str(path))
    check.known_keys("", list(data), ["model", "source", "note", "published_parameters"])
    if "model" not in data:
        raise InputError(str(path), expected="a [model] table", got=list(data))
    return Preset(
        name=path.stem,
        model=model_from_data(data["model"]),
        source=str(data.get("source", "")),
        published_parameters=data.get("published_parameters"),
        note=str(data.get("note", "")),
    )


def parse(path: Path) -> Any:
    """The values of a TOML file, or of a JSON file by its suffix. Raises InputError."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise InputError(str(path), expected=f"a model file of at most {MAX_FILE} bytes", got=path.stat().st_size)
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(str(path), expected="a readable model file", got=error.strerror) from error
    except (ValueError, RecursionError) as error:  # JSON, TOML and Unicode errors are ValueErrors
        raise InputError(str(path), expected="valid TOML or JSON", got=str(error)) from error


@cache
def preset_names() -> tuple[str, ...]:
    """Names of the models that ship with the advisor."""
    return tuple(sorted(p.stem for p in PRESETS.glob("*.toml")))


@cache
def _preset(name: str) -> Preset:
    return read_model(PRESETS / f"{name}.toml")


def find_model(name: str) -> Preset:
    """A preset by name, or a model file by path. Raises UnknownError with the presets nearest to the name."""
    if name in preset_names():
        return _preset(name)
    if name.endswith((".toml", ".json")):
        return read_model(Path(name))
    raise UnknownError("model", name, preset_names())
