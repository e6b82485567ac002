"""The generator and its fake device change torch for the whole process: they are no tests and must not be imported."""

from pathlib import Path

collect_ignore = ["fakecuda", *(path.name for path in Path(__file__).parent.glob("generate*.py"))]
