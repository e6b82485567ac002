"""What trials train on, as arrays of tokens. No torch here: a coordinator reads data too, for their facts."""

from studies.data.corpus import Corpus
from studies.data.dataset import Dataset, read, read_same, tokenizer_of
from studies.data.pairs import Pairs

__all__ = ["Corpus", "Dataset", "Pairs", "read", "read_same", "tokenizer_of"]
