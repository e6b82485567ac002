import pytest
import torch

from advisor.errors import InputError
from advisor.spec import Decoder, Plan
from advisor.spec.text import find_model
from studies.trial.batches import Batches
from studies.trial.text import Text, read

MODEL = Decoder.gpt(vocab=256, context=32, d_model=32, depth=1, heads=2)
PLAN = Plan(batch=4, sequence=16)
CPU = torch.device("cpu")


def batches(text: Text | None = None, seed: int = 0, model: Decoder = MODEL, plan: Plan = PLAN) -> Batches:
    return Batches(text or read("pydoc"), model, plan, CPU, seed)


def test_targets_are_the_inputs_one_further_and_come_from_the_training_part() -> None:
    source = batches()
    text = read("pydoc")
    for _ in range(20):
        ids_BT, targets_BT = source.draw()
        assert ids_BT.shape == targets_BT.shape == (4, 16)
        assert torch.equal(ids_BT[:, 1:], targets_BT[:, :-1])
        for ids_T, targets_T in zip(ids_BT, targets_BT, strict=True):
            assert bytes([*ids_T.tolist(), targets_T[-1].item()]) in text.train


def test_every_window_can_be_drawn_and_none_reaches_past_the_end() -> None:
    text = Text(name="t", content=bytes(range(20)) + b"v" * 2 + bytes(20))  # 42 bytes: 37 to train on
    source = batches(text, model=MODEL, plan=Plan(batch=64, sequence=4))
    firsts = {tuple(ids_T.tolist()) for _ in range(20) for ids_T in source.draw()[0]}
    possible = {tuple(text.train[i : i + 4]) for i in range(len(text.train) - 4)}
    assert firsts == possible


def test_draws_depend_on_the_seed_alone() -> None:
    torch.manual_seed(3)
    first = batches(seed=5).draw()[0]
    torch.manual_seed(4)
    assert torch.equal(first, batches(seed=5).draw()[0])
    assert not torch.equal(first, batches(seed=6).draw()[0])


def test_validation_is_the_same_for_every_seed_spans_its_part_and_draws_nothing() -> None:
    source = batches(seed=1)
    position = source.generator.get_state()
    windows_BT = torch.cat([ids_BT for ids_BT, _ in source.validation(3)])
    assert torch.equal(position, source.generator.get_state())
    assert torch.equal(windows_BT, torch.cat([ids_BT for ids_BT, _ in batches(seed=2).validation(3)]))
    text = read("pydoc")
    assert bytes(windows_BT[0].tolist()) == text.validation[:16]
    assert bytes(windows_BT[-1].tolist()) == text.validation[-17:-1]
    assert len(windows_BT) == 12


def test_what_a_model_cannot_train_on_is_refused() -> None:
    with pytest.raises(InputError, match=r"model.embedding.vocab: expected at least 256"):
        batches(model=Decoder.gpt(vocab=255, context=32, d_model=32, depth=1, heads=2))
    with pytest.raises(InputError, match=r"plan.sequence: expected at most model.context = 32"):
        batches(plan=Plan(batch=4, sequence=33))
    with pytest.raises(InputError, match="at least 170 bytes"):
        batches(Text(name="short", content=b"x" * 100))


def test_an_encoder_is_refused() -> None:
    with pytest.raises(InputError, match="model: expected a decoder: trials learn the next token, got 'Encoder'"):
        batches(model=find_model("bert-base").model)  # type: ignore[arg-type]
