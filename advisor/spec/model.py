"""A model of any family."""

from typing import TypeAlias

from advisor.spec.bdh import BDH
from advisor.spec.decoder import Decoder
from advisor.spec.seq2seq import Seq2Seq

Model: TypeAlias = Decoder | BDH | Seq2Seq
