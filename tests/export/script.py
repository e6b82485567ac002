"""Exported scripts as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from advisor.export import export
from advisor.spec import Model, Plan
from advisor.spec.proposal import Stored
from advisor.spec.recipe import Recipe


def script(model: Model, plan: Plan, recipe: Recipe | None = None, tokens: float | None = None) -> str:
    """Its text."""
    return export(Stored(name="it", model=model, plan=plan, recipe=recipe, tokens=tokens), "torch").text


def load(text: str, folder: Path) -> ModuleType:
    """The script, imported."""
    path = folder / "exported_script.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
