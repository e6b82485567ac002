"""Why a step takes what it takes, and what to turn to make it take less: computed from the readings themselves."""

from advisor.explain.claims import Check, Claim, check_claims
from advisor.explain.elasticity import Elasticity, elasticities
from advisor.explain.peak import Peak, peak
from advisor.explain.point import Point
from advisor.explain.rankings import RankCheck, check_rankings
from advisor.explain.savings import Change, Saving, savings
from advisor.explain.switches import Effect, effects

__all__ = [
    "Change", "Check", "Claim", "Effect", "Elasticity", "Peak", "Point", "RankCheck", "Saving",
    "check_claims", "check_rankings", "effects", "elasticities", "peak", "savings",
]  # fmt: skip
