"""One rule per optimizer: the states that it keeps for a weight, and what its step makes and drops.

The rules are written in the shape of torch/optim/{adam,sgd,_adafactor,_muon}.py (2.13), of lion_pytorch (0.2.5) and of
bitsandbytes/optim/optimizer.py (0.50): a local variable there outlives
the turn of its loop, and so does the local variable here. Options are torch's defaults, but for `fused` and `foreach`,
and for Adafactor and SGD no weight decay. A step count stays on the CPU except under `fused`.
"""

from advisor.ledger.optimizers.run import run_optimizer, shared_states, state_sizes

__all__ = ["run_optimizer", "shared_states", "state_sizes"]
