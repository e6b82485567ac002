"""A PostgreSQL server for the tests that kill processes."""

from tests.studies.conftest import postgresql

__all__ = ["postgresql"]
