"""The plan: how a model is trained, as far as it costs memory or time."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.bdh import BDH
from advisor.spec.blocks import MoE
from advisor.spec.check import Size
from advisor.spec.decoder import Decoder
from advisor.spec.encoder import Encoder
from advisor.spec.implementations import IMPLEMENTATIONS, check_implementation
from advisor.spec.lora import LoRA
from advisor.spec.model import Model
from advisor.spec.seq2seq import Seq2Seq


class Precision(NamedTuple):
    """`weights`: their dtype, and that of gradients and states; `autocast`: that of matrix products, or None."""

    weights: str
    autocast: str | None = None

    @property
    def compute(self) -> str:
        """The dtype of matrix products, attention and cached keys and values."""
        return self.autocast or self.weights

    @property
    def scaled(self) -> bool:
        """Whether the loss is scaled by torch.amp.GradScaler: small gradients vanish in fp16."""
        return self.autocast == "fp16"


DTYPES = {
    "fp32": Precision("fp32"),
    "bf16": Precision("fp32", "bf16"),
    "fp16": Precision("fp32", "fp16"),
    "pure-bf16": Precision("bf16"),
}
PRECISIONS = tuple(DTYPES)
# What torch.optim has, lion_pytorch of Lion and bitsandbytes of AdamW8bit. Of Muon, which is a loop, the implementation
# of AdamW for the weights that Muon leaves out.
OPTIMIZER_IMPLEMENTATIONS = {
    "adamw": ("fused", "foreach", "for-loop"),
    "adam": ("fused", "foreach", "for-loop"),
    "sgd": ("fused", "foreach", "for-loop"),
    "sgd-momentum": ("fused", "foreach", "for-loop"),
    "adafactor": ("foreach", "for-loop"),
    "muon": ("fused", "foreach", "for-loop"),
    "lion": ("foreach", "for-loop"),
    "adamw-8bit": ("fused",),
}
OPTIMIZERS = tuple(OPTIMIZER_IMPLEMENTATIONS)
LORA_OPTIMIZERS = ("adamw", "adam", "sgd", "sgd-momentum", "adafactor")
MAX_GPUS = 2**16
CHECKPOINTING = ("none", "block", "attention")
LOSSES = ("full", "chunked")
MAX_CHUNKS = 256
ATTENTION_KERNELS = ("auto", "math", "flash", "efficient")


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
    `gpus`: each of so many runs this plan on a copy of the model, under DistributedDataParallel.
    `lora`: adapters are trained in place of the weights.
    `keep_logits`: the caller keeps the logits until after backward (as `logits, loss = model(x, y)` does).
    `loss`: chunked = head and cross-entropy of one chunk of tokens after the other, recomputed in the backward pass.
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
    ema: bool = False
    loss: Literal["full", "chunked"] = "full"
    loss_chunks: int = 8  # of tokens, where the loss is chunked
    lora: LoRA | None = None
    gpus: int | None = None

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
        self._check_implementation()
        check.flag("plan.grad_clip", self.grad_clip)
        check.choice("plan.checkpointing", self.checkpointing, CHECKPOINTING)
        check.whole("plan.checkpoint_every", self.checkpoint_every, check.MAX_CHECKPOINT_EVERY)
        check.choice("plan.attention_kernel", self.attention_kernel, ATTENTION_KERNELS)
        check.flag("plan.padding", self.padding)
        check.flag("plan.keep_logits", self.keep_logits)
        check.flag("plan.ema", self.ema)
        check.choice("plan.loss", self.loss, LOSSES)
        check.whole("plan.loss_chunks", self.loss_chunks, MAX_CHUNKS)
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

    def recomputes(self, block: int) -> str:
        """What is computed again of this block: none, block or attention."""
        return self.checkpointing if block % self.checkpoint_every == 0 else "none"

    def _check_implementation(self) -> None:
        known = OPTIMIZER_IMPLEMENTATIONS[self.optimizer]
        if self.optimizer_implementation not in known:
            raise InputError(
                "plan.optimizer_implementation",
                expected=f"one of {', '.join(known)}, the implementations of {self.optimizer}",
                got=self.optimizer_implementation,
                nearest=known[0],
            )

    def _check_code(self, model: Model) -> None:
        check_implementation(model, self.implementation)
        if self.implementation == "hf" and (self.checkpointing == "attention" or self.checkpoint_period > 1):
            raise InputError(
                "plan.checkpointing",
                expected="none or block, of every block: transformers recomputes no other stretch",
                got=f"{self.checkpointing}, every {self.checkpoint_every}",
                nearest="block",
            )
        if self.implementation != "ours" and self.padding:
            raise InputError(
                "plan.padding", expected=f"false with the code of {self.implementation}", got=True, nearest="false"
            )

    @property
    def _beyond_adapters(self) -> bool:
        return self.precision == "fp16" or self.ema or self.padding or self.loss == "chunked"

    def _check_adapters(self, model: Model, lora: LoRA) -> None:
        if not isinstance(model, Decoder) or isinstance(model.mlp, MoE) or model.masked(self.sequence):
            raise InputError(
                "plan.lora", expected="a decoder without experts or attention biases", got=type(model).__name__
            )
        if self.optimizer not in LORA_OPTIMIZERS or self._beyond_adapters:
            raise InputError(
                "plan.lora",
                expected=f"none but with {', '.join(LORA_OPTIMIZERS)}, fp32 or bf16 and no average, padding or chunks",
                got=lora,
            )
        if self.implementation != "ours":
            raise InputError("plan.implementation", expected="ours, with adapters", got=self.implementation)
        present = ["qkv"] if model.attention.projections == "fused" else ["q", "k", "v"]
        present += ["out", *(["gate"] if model.mlp.gated else []), "up", "down"]
        for name in lora.names:
            check.choice("plan.lora.targets", name, present)

    def check_against(self, model: Model) -> None:
        """Raises InputError when the model cannot run this plan."""
        self._check_code(model)
        check.at_most("plan.sequence", self.sequence, "model.context", model.context)
        self._check_target(model)
        if self.padding:
            self._check_padding(model)
        if self.loss == "chunked" and isinstance(model, Decoder) and model.head.soft_cap is not None:
            raise InputError("plan.loss", expected="full: chunks know no soft cap", got="chunked", nearest="full")
        if self.attention_kernel == "flash" and (self.padding or _masked(model, self.sequence)):
            raise InputError(
                "plan.attention_kernel",
                expected="auto, efficient or math: flash takes no mask, as padding, ALiBi, windows and soft caps need",
                got="flash",
                nearest="efficient",
            )
        if self.lora is not None:
            self._check_adapters(model, self.lora)
        if isinstance(model, Encoder) and self.loss == "chunked":
            raise InputError("plan.loss", expected="full: an encoder's is not computed in chunks", got=self.loss)
        if isinstance(model, (BDH, Seq2Seq)) and (self.checkpointing == "attention" or self.checkpoint_period > 1):
            raise InputError(
                "plan.checkpointing",
                expected="none or block, of every block: those of this family share weights or the encoder's output",
                got=f"{self.checkpointing}, every {self.checkpoint_every}",
                nearest="block",
            )

    def _check_target(self, model: Model) -> None:
        if isinstance(model, Seq2Seq):
            check.at_most("plan.target_sequence", self.target, "model.context", model.context)
            if model.relative and self.attention_kernel == "flash":
                raise InputError(
                    "plan.attention_kernel",
                    expected="auto, efficient or math: flash takes no relative bias",
                    got="flash",
                    nearest="efficient",
                )
        elif self.target_sequence is not None:
            raise InputError(
                "plan.target_sequence", expected="none: only an encoder-decoder has one", got=self.target_sequence
            )

    def _check_padding(self, model: Model) -> None:
        if isinstance(model, (BDH, Seq2Seq)):
            reason = "BDH's attention has no mask" if isinstance(model, BDH) else "encoder-decoders have none yet"
            raise InputError("plan.padding", expected=f"false: {reason}", got=True, nearest="false")


def _masked(model: Model, sequence: Size) -> bool:
    return isinstance(model, Decoder) and model.masked(sequence)
