"""Candidates, those that fit, ranked: which model to train on a GPU in a time."""

from advisor.propose.candidates import Question
from advisor.propose.proposal import Answer, Proposal, propose

__all__ = ["Answer", "Proposal", "Question", "propose"]
