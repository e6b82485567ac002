"""What trials train on, as arrays of tokens. No torch here: a coordinator reads data too, for their facts."""

from studies.data.corpus import Corpus
from studies.data.dataset import Dataset, read, tokenizer_of
from studies.data.pairs import Pairs

__all__ = ["Corpus", "Dataset", "Pairs", "read", "tokenizer_of"]
