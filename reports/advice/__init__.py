"""The guides' rules, read off a study's real curves."""

from reports.advice.finding import Finding
from reports.advice.rules import RULES, diagnose

__all__ = ["RULES", "Finding", "diagnose"]
