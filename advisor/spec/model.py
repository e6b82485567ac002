"""A model of any family."""

from typing import TypeAlias

from advisor.spec.bdh import BDH
from advisor.spec.decoder import Decoder

Model: TypeAlias = Decoder | BDH
