"""A model of any family."""

from typing import TypeAlias

from advisor.spec.bdh import BDH
from advisor.spec.decoder import Decoder
from advisor.spec.encoder import Encoder
from advisor.spec.seq2seq import Seq2Seq

Model: TypeAlias = Decoder | Encoder | BDH | Seq2Seq
