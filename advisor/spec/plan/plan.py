"""A plan's fields and what each of them may be."""

from dataclasses import dataclass
from typing import Literal

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.check import Size
from advisor.spec.implementations import IMPLEMENTATIONS
from advisor.spec.lora import LoRA
from advisor.spec.model import Model
from advisor.spec.plan.compatible import check_compatible
from advisor.spec.plan.optimizers import OPTIMIZERS, check_optimizer_implementation
from advisor.spec.plan.precision import DTYPES, PRECISIONS, Precision

MAX_GPUS = 2**16
CHECKPOINTING = ("none", "block", "attention")
LOSSES = ("full", "chunked")
MAX_CHUNKS = 256
SHARDINGS = ("none", "zero1", "zero2", "zero3")
ATTENTION_KERNELS = ("auto", "math", "flash", "efficient")
PARAMETRIZATIONS = ("standard", "mup")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One optimizer step: `accumulation` micro-batches forward and backward, then the update.

    `implementation`: whose code runs: this project's module, nanoGPT's, or transformers' own class.
    `precision`: fp32; bf16 = fp32 weights under bf16 autocast; fp16 = under fp16 autocast, with torch.amp.GradScaler;
    pure-bf16 = everything in bf16.
    `optimizer`: of torch.optim, without weight decay except AdamW; muon trains the blocks' matrices, AdamW the rest;
    lion is lion_pytorch's (0.2.5), adamw-8bit bitsandbytes' AdamW8bit (0.50), one kernel for each weight.
    `grad_clip`: torch.nn.utils.clip_grad_norm_ before the update; its norm does not matter here.
    `attention_kernel`: auto takes what CUDA takes on sm80 and later: flash for half precision, efficient for fp32.
    `checkpointing`: block computes every block again in the backward pass, attention only its attention with the
    projections; `checkpoint_every` = k does so in blocks 0, k, 2 k, ... only.
    `padding`: the batch comes with a mask [B, T] of the tokens that are not padding.
    `gpus`: each of so many runs this plan, with this batch.
    `sharding`: of what the GPUs have one copy between them: none = of nothing, as DistributedDataParallel; zero1 = of
    the optimizer's states, with ZeroRedundancyOptimizer; zero2 = of gradients too, and of weights between steps;
    zero3 = of weights also between forward and backward: both fully_shard of each block and of the whole, whose bf16 is
    no autocast but a MixedPrecisionPolicy that gathers weights in bf16 and reduces gradients in fp32.
    `lora`: adapters are trained in place of the weights.
    `keep_logits`: the caller keeps the logits until after backward (as `logits, loss = model(x, y)` does).
    `loss`: chunked = head and cross-entropy of one chunk of tokens after the other, recomputed in the backward pass.
    `compile`: torch.compile of the module with its loss; memory is then an interval.
    `parametrization`: mup = initial weights and learning rates that go with the width, so that one learning rate serves
    every width (advisor/ledger/mup.py); at a d_model of `base_width` they are the standard ones. `base_head_size` is
    that of heads at this width where they grow with it; None: there are more heads instead.
    `ema`: an averaged copy of the weights, torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn.
    """

    implementation: Literal["ours", "nanogpt", "hf"] = "ours"
    batch: Size = 8  # micro-batch [sequences]
    sequence: Size = 1024  # [tokens]; of an encoder-decoder the source
    target_sequence: Size | None = None  # of an encoder-decoder [tokens]; as long as the source unless given
    precision: Literal["fp32", "bf16", "fp16", "pure-bf16"] = "bf16"
    accumulation: Size = 1  # micro-batches per optimizer step
    optimizer: Literal["adamw", "adam", "sgd", "sgd-momentum", "adafactor", "muon", "lion", "adamw-8bit"] = "adamw"
    optimizer_implementation: Literal["fused", "foreach", "for-loop"] = "fused"
    grad_clip: bool = False
    checkpointing: Literal["none", "block", "attention"] = "none"
    checkpoint_every: int = 1  # blocks
    attention_kernel: Literal["auto", "math", "flash", "efficient"] = "auto"
    padding: bool = False
    keep_logits: bool = False
    compile: bool = False
    ema: bool = False
    loss: Literal["full", "chunked"] = "full"
    loss_chunks: int = 8  # of tokens, where the loss is chunked
    parametrization: Literal["standard", "mup"] = "standard"
    base_width: int = 256
    base_head_size: int | None = None
    lora: LoRA | None = None
    gpus: int | None = None
    sharding: Literal["none", "zero1", "zero2", "zero3"] = "none"

    def __post_init__(self) -> None:
        check.choice("plan.implementation", self.implementation, IMPLEMENTATIONS)
        check.whole("plan.batch", self.batch, check.MAX_BATCH)
        check.whole("plan.sequence", self.sequence, check.MAX_CONTEXT)
        if self.target_sequence is not None:
            check.whole("plan.target_sequence", self.target_sequence, check.MAX_CONTEXT)
        check.choice("plan.precision", self.precision, PRECISIONS)
        check.whole("plan.accumulation", self.accumulation, check.MAX_BATCH)
        check.choice("plan.optimizer", self.optimizer, OPTIMIZERS)
        if self.gpus is not None:
            check.whole("plan.gpus", self.gpus, MAX_GPUS, 2)
        check.choice("plan.sharding", self.sharding, SHARDINGS)
        if self.sharding != "none" and self.gpus is None:
            raise InputError("plan.gpus", expected=f"2 or more with {self.sharding}", got=None, nearest="8")
        check_optimizer_implementation(self.optimizer, self.optimizer_implementation)
        check.flag("plan.grad_clip", self.grad_clip)
        check.choice("plan.checkpointing", self.checkpointing, CHECKPOINTING)
        check.whole("plan.checkpoint_every", self.checkpoint_every, check.MAX_CHECKPOINT_EVERY)
        check.choice("plan.attention_kernel", self.attention_kernel, ATTENTION_KERNELS)
        check.flag("plan.padding", self.padding)
        check.flag("plan.keep_logits", self.keep_logits)
        check.flag("plan.compile", self.compile)
        check.flag("plan.ema", self.ema)
        check.choice("plan.loss", self.loss, LOSSES)
        check.whole("plan.loss_chunks", self.loss_chunks, MAX_CHUNKS)
        check.choice("plan.parametrization", self.parametrization, PARAMETRIZATIONS)
        check.whole("plan.base_width", self.base_width, check.MAX_WIDTH)
        if self.base_head_size is not None:
            check.whole("plan.base_head_size", self.base_head_size, check.MAX_WIDTH)
        if self.loss == "chunked" and self.keep_logits:
            raise InputError("plan.keep_logits", expected="false: a chunked loss never has all logits", got=True)
        if self.attention_kernel == "flash" and self.precision == "fp32":
            raise InputError(
                "plan.attention_kernel",
                expected="auto, efficient or math: flash computes in half precision only",
                got="flash with fp32",
                nearest="efficient",
            )

    @property
    def tokens(self) -> Size:
        """Tokens that one optimizer step predicts: of an encoder-decoder those of the target."""
        return self.batch * self.target * self.accumulation

    @property
    def target(self) -> Size:
        """Length of what is predicted [tokens]."""
        return self.sequence if self.target_sequence is None else self.target_sequence

    @property
    def kernel(self) -> str:
        """The attention kernel that runs: math, flash or efficient."""
        if self.padding:
            return self.masked_kernel
        if self.attention_kernel != "auto":
            return self.attention_kernel
        return "efficient" if self.precision == "fp32" else "flash"

    @property
    def masked_kernel(self) -> str:
        """The attention kernel that runs where scores are masked by more than their order; flash takes no mask."""
        return "math" if self.attention_kernel == "math" else "efficient"

    @property
    def checkpoint_period(self) -> int:
        """After how many blocks the pattern of recomputed ones recurs."""
        return 1 if self.checkpointing == "none" else self.checkpoint_every

    @property
    def computed(self) -> Precision:
        """The dtypes of what runs; fully sharded weights are gathered in the dtype of matrix products."""
        precision = DTYPES[self.precision]
        return Precision(precision.compute) if self.fully_sharded else precision

    @property
    def fully_sharded(self) -> bool:
        """Whether weights are gathered when they are needed."""
        return self.sharding in ("zero2", "zero3")

    def recomputes(self, block: int) -> str:
        """What is computed again of this block: none, block or attention."""
        return self.checkpointing if block % self.checkpoint_every == 0 else "none"

    def check_against(self, model: Model) -> None:
        """Raises InputError when the model cannot run this plan."""
        check_compatible(self, model)
