"""LLaDA's unmasking and likelihood (Nie et al., Large Language Diffusion Models, 2025; ML-GSAI/LLaDA, generate.py and
get_log_likelihood.py). The checkpoint's folder holds the model only, so both are stated here; a clone of that
repository can be held against this statement."""
from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from . import likelihood, texts, tokens
from .checkpoint import Checkpoint
from .errors import Disagreement, UserFault
from .folder import ReferenceSet
from .forward import run
from .trajectory import GenerationCase, Trajectory, highest

NEVER = float("-inf")
GUIDANCE = {"": 0.0, "cfg0.5.": 0.5}  # prefix of the outputs: scale
HARD_CODED = {"eos": 126081, "eot": 126348}  # in the clone's options for ends


def _case(name: str, batch: int = 1, with_mask: bool = False, **settings) -> GenerationCase:
    common = {"temperature": 0.0, "remasking": "low_confidence", "cfg_scale": 0.0}
    return GenerationCase(name, {**common, **settings}, batch, with_mask)


def generation_cases(point: Checkpoint, pads: bool) -> list[GenerationCase]:
    cases = [_case("full_block", gen_length=16, block_length=16, steps=16),
             _case("semi_ar", gen_length=32, block_length=8, steps=16),
             _case("uneven", gen_length=16, block_length=8, steps=10),
             _case("more_steps_than_tokens", gen_length=12, block_length=4, steps=18),
             # The published code with guidance needs a mask, though it may hide nothing.
             _case("cfg", with_mask=True, gen_length=16, block_length=8, steps=8, cfg_scale=1.5),
             _case("logits_eos_inf", gen_length=16, block_length=16, steps=8, logits_eos_inf=True)]
    if "eot" in point.special:
        cases.append(_case("confidence_eos_eot_inf", gen_length=16, block_length=16, steps=8,
                           confidence_eos_eot_inf=True))
    if pads:
        cases.append(_case("batch_left_pad", batch=2, gen_length=8, block_length=8, steps=4))
    return cases


def guided(point: Checkpoint, ids: Tensor, given: Tensor, scale: float, mask: Tensor | None = None) -> Tensor:
    """Logits with classifier-free guidance: away from those of a sequence whose given positions [B,L] are hidden."""
    if scale == 0:
        return run(point, ids, mask)
    both = torch.cat([ids, ids.masked_fill(given, point.mask_id)])
    seen, blind = run(point, both, None if mask is None else torch.cat([mask, mask])).chunk(2)
    return blind + (scale + 1) * (seen - blind)


def predict(point: Checkpoint, logits: Tensor, sequence: Tensor, end: int, settings: dict) -> tuple[Tensor, Tensor]:
    """The predictions of a step and their confidence; nothing from column `end` on can be chosen."""
    logits = logits.clone()
    if settings.get("logits_eos_inf"):
        logits[..., point.special["eos"]] = NEVER
    best = logits.argmax(-1)
    if settings.get("confidence_eos_eot_inf"):  # after the argmax: ends are written last rather than never
        logits[..., [point.special["eos"], point.special["eot"]]] = NEVER
    confidence = logits.softmax(-1).gather(-1, best[..., None])[..., 0]
    masked = sequence == point.mask_id
    confidence = confidence.masked_fill(~masked, NEVER)
    confidence[:, end:] = NEVER
    return torch.where(masked, best, sequence), confidence


def shares(masked: int, steps: int) -> list[int]:
    """How many of the masked tokens each step writes: equal shares, the first steps one more."""
    return [masked // steps + (step < masked % steps) for step in range(steps)]


def sample(point: Checkpoint, prompt: Tensor, mask: Tensor | None, settings: dict, trajectory: Trajectory) -> None:
    """Block by block; at every step the whole sequence is run and the most confident predictions are written."""
    rows, length = prompt.shape[0], settings["block_length"]
    answer = torch.full((rows, settings["gen_length"]), point.mask_id, device=prompt.device)
    sequence = torch.cat([prompt, answer], 1)
    full_mask = None if mask is None else torch.cat([mask, torch.ones_like(answer)], 1)
    given = sequence != point.mask_id
    trajectory.start(sequence)
    blocks = settings["gen_length"] // length
    for block in range(blocks):
        begin, end = prompt.shape[1] + block * length, prompt.shape[1] + (block + 1) * length
        open_ = (sequence[:, begin:end] == point.mask_id).sum(-1).tolist()
        for counts in zip(*(shares(row, settings["steps"] // blocks) for row in open_)):
            before = sequence
            decide = partial(predict, point, sequence=before, end=end, settings=settings)
            logits = guided(point, before, given, settings["cfg_scale"], full_mask)
            predicted, confidence = decide(logits)
            sequence = torch.where(highest(confidence, list(counts)), predicted, before)
            trajectory.step(logits, decide, sequence)


def checked_against(clone: Path):
    """`sample` that also runs generate() of a clone of ML-GSAI/LLaDA and requires the same answer of it."""
    spec = importlib.util.spec_from_file_location("llada_generate", clone)
    if spec is None or not clone.is_file():
        raise UserFault(f"--llada-generate: '{clone}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "generate"):
        raise UserFault(f"--llada-generate: '{clone}' has no function generate")

    def both(point: Checkpoint, prompt: Tensor, mask: Tensor | None, settings: dict, trajectory: Trajectory) -> None:
        sample(point, prompt, mask, settings, trajectory)
        about_ends = settings.get("logits_eos_inf") or settings.get("confidence_eos_eot_inf")
        if about_ends and any(point.special.get(name) != id_ for name, id_ in HARD_CODED.items()):
            return
        theirs = module.generate(point.model, prompt, attention_mask=mask, mask_id=point.mask_id, **settings)
        if not torch.equal(theirs, trajectory.tokens[-1]):
            raise Disagreement(f"{clone} and this program answer the same prompt differently with {settings}")

    return both


def noisy_sequences(point: Checkpoint, sequence: Tensor, prompt_length: int, samples: int) -> tuple[Tensor, Tensor]:
    """[N,L] with 1 to all of the answer's tokens masked, and the masked share [N]."""
    answer = len(sequence) - prompt_length
    counts = [-(-(row + 1) * answer // samples) for row in range(samples)]
    noisy = sequence.repeat(samples, 1)
    for row, count in enumerate(counts):
        chosen = torch.randperm(answer, generator=point.generator(3 + row))[:count]
        noisy[row, (prompt_length + chosen).to(noisy.device)] = point.mask_id
    return noisy, torch.tensor(counts, device=noisy.device) / answer


def add_likelihood(name: str, point: Checkpoint, out: ReferenceSet) -> None:
    texts_of = dict(zip(("prompt", "answer"), texts.LIKELIHOODS[name]))
    prompt, answer = (tokens.encode(point.tokenizer, text) for text in texts_of.values())
    sequence = point.rows([prompt + answer])[0]
    noisy, p_mask = noisy_sequences(point, sequence, len(prompt), 1 if name == "single_token" else 8)
    masked = noisy == point.mask_id
    given = (torch.arange(len(sequence), device=noisy.device) < len(prompt))[None]
    found: dict[str, Tensor] = {}
    for prefix, scale in GUIDANCE.items():
        def predict_rows(rows: Tensor, scale: float = scale) -> Tensor:
            return guided(point, rows, given.expand_as(rows), scale)

        loss = likelihood.in_batches(predict_rows, noisy, sequence, masked)
        found |= likelihood.outputs(loss, p_mask, masked, prefix)
        found[f"{prefix}log_likelihood"] = -found[f"{prefix}sample_nll"].mean()
    out.add(f"like.{name}", {"kind": "likelihood", **texts_of},
            {"seq": sequence, "prompt_len": torch.tensor(len(prompt)), "perturbed": noisy, "p_mask": p_mask, **found})
