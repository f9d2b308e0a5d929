"""Dream's diffusion by the checkpoint's own diffusion_generate, and its likelihood as the evaluation of DreamLM/Dream
defines it (Ye et al., Dream 7B, 2025)."""
from __future__ import annotations

import contextlib
import sys

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from . import likelihood, texts, tokens
from .checkpoint import Checkpoint
from .errors import UserFault
from .folder import ReferenceSet
from .forward import run
from .trajectory import GenerationCase, Trajectory

SAMPLES = 8
MIN_CUT_DISTANCE = 2e-5  # of the cumulated probability from top_p


def _case(name: str, batch: int = 1, **settings) -> GenerationCase:
    common = {"temperature": 0.0, "top_p": None, "top_k": None, "alg_temp": None, "eps": 1e-3}
    return GenerationCase(name, {**common, **settings}, batch)


def generation_cases(point: Checkpoint, pads: bool) -> list[GenerationCase]:
    cases = [_case("maskgit_plus", alg="maskgit_plus", steps=16, max_new_tokens=16),
             _case("topk_margin", alg="topk_margin", steps=8, max_new_tokens=16),
             _case("entropy", alg="entropy", steps=6, max_new_tokens=16),
             _case("entropy_long", alg="entropy", steps=16, max_new_tokens=32),
             # Few positions: each of them may have a token whose place at the cut is a matter of rounding.
             _case("entropy_top_p", alg="entropy", steps=3, max_new_tokens=6, top_p=0.9, alg_temp=0.0),
             _case("maskgit_top_k", alg="maskgit_plus", steps=5, max_new_tokens=12, top_k=4, eps=0.3),
             _case("entropy_top_k50", alg="entropy", steps=12, max_new_tokens=12, top_k=50)]
    if pads:
        cases.append(_case("batch_left_pad", batch=2, alg="entropy", steps=8, max_new_tokens=12))
    return cases


def _cut_is_close(logits: Tensor, top_p: float | None) -> bool:
    if top_p is None:
        return False
    cumulated = logits.softmax(-1).sort(-1, descending=True).values.cumsum(-1)
    return bool((cumulated - top_p).abs().min() < MIN_CUT_DISTANCE)


def sample(point: Checkpoint, prompt: Tensor, mask: Tensor | None, settings: dict, trajectory: Trajectory) -> None:
    """Runs the published loop and watches it through its hooks. Its confidences come from its own sample_tokens."""
    published = type(point.model).diffusion_generate
    sample_tokens = getattr(sys.modules[published.__module__], "sample_tokens", None)
    if sample_tokens is None:
        raise UserFault("the checkpoint's generation code has no sample_tokens; take the published generation_utils.py")
    alg = settings["alg"]
    options = {"temperature": settings["temperature"], "top_p": settings["top_p"], "top_k": settings["top_k"],
               "margin_confidence": alg == "topk_margin", "neg_entropy": alg == "entropy"}
    before: list[Tensor] = []

    def decide(logits: Tensor) -> tuple[Tensor, Tensor]:
        masked = before[-1] == point.mask_id
        predicted, confidence = before[-1].clone(), torch.full_like(logits[..., 0], float("-inf"))
        confidence[masked], predicted[masked] = sample_tokens(logits[masked], **options)
        return predicted, confidence

    def on_logits(_, __, logits: Tensor) -> Tensor:
        if _cut_is_close(logits[before[-1] == point.mask_id], settings["top_p"]):
            trajectory.clear = False
        return logits

    def on_tokens(step: int | None, sequence: Tensor, logits: Tensor | None) -> Tensor:
        if step is None:
            trajectory.start(sequence)
        else:
            trajectory.step(logits, decide, sequence)
        before.append(sequence.clone())
        return sequence

    with contextlib.redirect_stdout(sys.stderr):
        point.model.diffusion_generate(prompt, attention_mask=mask, generation_tokens_hook_func=on_tokens,
                                       generation_logits_hook_func=on_logits, **settings)


def shifted(point: Checkpoint, ids: Tensor) -> Tensor:
    """Logits whose row i predicts position i; the model's own row i - 1 does."""
    logits = run(point, ids)
    return torch.cat([logits[:, :1], logits[:, :-1]], 1)


def encode_pair(point: Checkpoint, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Whole text with the beginning and the end marked, cut where the context ends."""
    context = (point.tokenizer.bos_token or "") + context
    whole = tokens.encode(point.tokenizer, context + continuation) + [point.special["eos"]]
    length = len(tokens.encode(point.tokenizer, context))
    return whole[:length], whole[length:]


def noisy_sequences(point: Checkpoint, sequence: Tensor, prompt_length: int) -> tuple[Tensor, Tensor]:
    """[N,L] whose continuation, but for the last token, is masked with probability p_mask [N]; each has a mask."""
    p_mask = (torch.arange(SAMPLES) + 0.5) / SAMPLES
    chance = torch.rand(SAMPLES, len(sequence), generator=point.generator(3))
    masked = chance < p_mask[:, None]
    masked[:, prompt_length] = masked[:, prompt_length] | ~masked[:, prompt_length:-1].any(-1)
    masked[:, :prompt_length] = False
    masked[:, -1] = False
    noisy = sequence.repeat(SAMPLES, 1).masked_fill(masked.to(sequence.device), point.mask_id)
    return noisy, p_mask.to(sequence.device)


def left_to_right_nll(point: Checkpoint, sequence: Tensor, prompt_length: int) -> Tensor:
    """Each token of the continuation is predicted with all from it on masked."""
    total = torch.zeros((), device=sequence.device)
    for place in range(prompt_length, len(sequence)):
        noisy = sequence.clone()
        noisy[place:] = point.mask_id
        total += cross_entropy(shifted(point, noisy[None])[0, place], sequence[place])
    return total


def add_likelihood(name: str, point: Checkpoint, out: ReferenceSet) -> None:
    context, continuation = texts.LIKELIHOODS[name]
    before, after = encode_pair(point, context, continuation)
    sequence = point.rows([before + after])[0]
    noisy, p_mask = noisy_sequences(point, sequence, len(before))
    masked = noisy == point.mask_id
    loss = likelihood.in_batches(lambda rows: shifted(point, rows), noisy, sequence, masked)
    found = likelihood.outputs(loss, p_mask, masked)
    out.add(f"like.{name}", {"kind": "likelihood", "context": context, "continuation": continuation},
            {"seq": sequence, "prompt_len": torch.tensor(len(before)), "perturbed": noisy, "p_mask": p_mask, **found,
             "nll_mc": found["sample_nll"].mean(), "nll_ar_ftb": left_to_right_nll(point, sequence, len(before))})
