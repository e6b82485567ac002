"""Declared search spaces: one declaration, read as columns for the sizer and as suggestions for a trial."""

from search_spaces.reader import load, names, parse
from search_spaces.space import Space

__all__ = ["Space", "load", "names", "parse"]
