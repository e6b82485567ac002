"""How each group of trials looks, in every figure: color is never alone in carrying meaning."""

from dataclasses import dataclass

from reports.theme import LIGHT


@dataclass(frozen=True, kw_only=True)
class Group:
    """Marks of one group of trials."""

    label: str
    color: str
    symbol: str
    size: int = 8  # [px]
    dash: str = "solid"
    width: float = 1.2  # [px]


# drawn in this order: what matters most lies on top
GROUPS: dict[str, Group] = {
    "running": Group(label="running", color=LIGHT.muted, symbol="circle-open", dash="dot"),
    "failed": Group(label="failed", color=LIGHT.failed, symbol="x", dash="dot"),
    "pruned": Group(label="pruned", color=LIGHT.pruned, symbol="triangle-down", dash="solid"),
    "short": Group(label="short run", color=LIGHT.muted, symbol="circle-open", size=6, width=1),
    "complete": Group(label="complete", color=LIGHT.complete, symbol="circle"),
    "default": Group(label="untuned default", color=LIGHT.default, symbol="diamond", size=10, dash="dash", width=2.2),
    "rerun": Group(label="re-run", color=LIGHT.rerun, symbol="square", size=9, dash="dashdot", width=2.2),
    "best": Group(label="best", color=LIGHT.best, symbol="star", size=13, width=3),
}
