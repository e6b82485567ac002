"""What one rule finds in a study."""

from dataclasses import dataclass

# what the rules were read from; advisor.explain checks what the same guides say of memory and speed
GUIDE = "Transformer hyperparameter guide"
BDH_GUIDE = "BDH configuration guide"
STEP_LAW = "Step Law (Li et al. 2025), 1,911 pretraining runs"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the curves show, the trials that show it, and what to do; without `advice` all is well by this rule."""

    name: str
    says: str
    trials: tuple[int, ...] = ()
    advice: str = ""
    source: str = GUIDE

    @property
    def acts(self) -> bool:
        """Whether something is to be done."""
        return bool(self.advice)
