"""Peak of live CUDA bytes of one training step, by phase; the same bytes as torch's MemTracker, in linear time."""

from tests.oracle.fakecuda import fake_cuda  # noqa: F401  # isort: skip  (before torch)

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """Counts each live CUDA storage once, rounded up to 512 bytes; remembers the peak and its op for each phase."""

    def __init__(self):
        super().__init__()
        self.now, self.peak, self.at, self._seen = 0, {}, {}, {}
        self.begin("before")

    def begin(self, phase):
        self.phase = phase
        if self.now > self.peak.get(phase, -1):
            self.peak[phase], self.at[phase] = self.now, "start"

    def track(self, value, op="given"):
        for t in tree_leaves(value):
            if not isinstance(t, torch.Tensor) or t.device.type != "cuda":
                continue
            storage = t.untyped_storage()
            key = storage._cdata
            if key in self._seen:
                continue
            size = -(-storage.nbytes() // 512) * 512
            self.now += size

            def freed(_, key=key, size=size):
                self.now -= size
                self._seen.pop(key, None)

            self._seen[key] = weakref.ref(storage, freed)
            if self.now > self.peak[self.phase]:
                self.peak[self.phase], self.at[self.phase] = self.now, op

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.track(out, str(func))
        return out


def step_peaks(build, autocast=None, grad_clip=False, accumulation=1):
    """Peaks [bytes] of one steady-state step (optimizer state exists, gradients set to None before it).

    `build()` runs with the default device 'cuda' and returns (model, optimizer, inputs, loss_of) where
    `loss_of(model, *inputs)` returns (loss, anything that the caller's frame keeps alive).
    `autocast`: None or a dtype, e.g. torch.bfloat16. `grad_clip`: clip_grad_norm_ before the optimizer's step.
    `accumulation`: micro-batches, each forward and backward, before it.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        with torch.device("cuda"):
            model, optimizer, inputs, loss_of = build()
        for p in model.parameters():
            p.grad = torch.empty_like(p)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        live = LiveBytes()
        live.track(list(model.parameters()) + list(model.buffers()) + list(inputs))
        live.track([v for s in optimizer.state.values() for v in s.values()])
        with live:
            for _ in range(accumulation):
                live.begin("forward")
                with torch.autocast("cuda", dtype=autocast, enabled=autocast is not None):
                    loss, kept = loss_of(model, *inputs)
                live.begin("backward")
                loss.backward()
            live.begin("optimizer")
            if grad_clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        del kept
    return {**live.peak, "peak": max(live.peak.values()), "at": live.at}
