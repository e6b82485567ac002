"""The rows a spec and a plan expand to, and everything read off them: exact, without torch."""

from typing import TYPE_CHECKING, Any

from advisor.ledger.readings import Estimate
from advisor.ledger.scalar import estimate, parameter_roles, parameter_shapes

if TYPE_CHECKING:
    from advisor.ledger.columnar import Columns, columns

__all__ = ["Columns", "Estimate", "columns", "estimate", "parameter_roles", "parameter_shapes"]


def __getattr__(name: str) -> Any:
    """Columns need numpy, a single estimate must not wait for it."""
    if name in ("Columns", "columns"):
        from advisor.ledger import columnar as module

        return getattr(module, name)
    raise AttributeError(name)
