"""Recording how a diffusion model fills its masks, and telling clear decisions from those that rounding could turn.

Tokens and predictions of every step are compared exactly, so a trajectory is of use only when each of its decisions is
far from a tie. A step is clear when noise in its logits, ten times the rounding one expects, changes no prediction and
no choice.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

import torch
from torch import Tensor

from . import forward, texts, tokens
from .checkpoint import Checkpoint
from .folder import ReferenceSet
from .tolerance import bound

NOISE_DRAWS = 4
MIN_CONFIDENCE_GAP = 2e-6  # a float32 softmax near 1 has steps of 6e-8

# From the logits [B,L,V] of a step: what it would write at each masked position (elsewhere the present token), and the
# confidence it ranks by (-inf where a position cannot be chosen); both [B,L].
Decide = Callable[[Tensor], tuple[Tensor, Tensor]]


def highest(confidence: Tensor, counts: list[int]) -> Tensor:
    """bool [B,L]: the counts[row] best positions of each row."""
    chosen = torch.zeros_like(confidence, dtype=torch.bool)
    for row, count in enumerate(counts):
        chosen[row, confidence[row].topk(count).indices] = True
    return chosen


def _selection_is_tied(confidence: Tensor, counts: list[int]) -> bool:
    for row, count in zip(confidence.float(), counts):
        ranked = row.sort(descending=True).values
        if 0 < count < len(ranked) and ranked[count - 1] - ranked[count] < MIN_CONFIDENCE_GAP:
            return True
    return False


@dataclass
class Trajectory:
    """tokens[0] is the start, tokens[i] the sequence after step i."""

    generator: torch.Generator
    tokens: list[Tensor] = field(default_factory=list)
    predicted: list[Tensor] = field(default_factory=list)
    confidence: list[Tensor] = field(default_factory=list)
    moved: list[list[int]] = field(default_factory=list)
    clear: bool = True

    def start(self, sequence: Tensor) -> None:
        self.tokens.append(sequence.clone())

    def step(self, logits: Tensor, decide: Decide, after: Tensor) -> None:
        written = after != self.tokens[-1]
        predicted, confidence = decide(logits)
        self.clear = self.clear and self._is_clear(logits, decide, written)
        self.tokens.append(after.clone())
        self.predicted.append(predicted)
        self.confidence.append(confidence.float())
        self.moved.append(written.sum(-1).tolist())

    def _is_clear(self, logits: Tensor, decide: Decide, written: Tensor) -> bool:
        counts = written.sum(-1).tolist()
        predicted, confidence = decide(logits)
        if _selection_is_tied(confidence, counts) or (highest(confidence, counts) != written).any():
            return False  # the second: a prediction of the mask itself, which writes nothing
        amplitude = 2 * bound(logits.abs().max().item())
        for _ in range(NOISE_DRAWS):
            noise = (2 * torch.rand(logits.shape, generator=self.generator) - 1).to(logits.device)
            other_predicted, other = decide(logits + amplitude * noise)
            if (other_predicted != predicted).any() or (highest(other, counts) != written).any():
                return False
        return True

    def outputs(self) -> dict[str, Tensor]:
        return {"tokens": torch.stack(self.tokens), "x0": torch.stack(self.predicted),
                "confidence": torch.stack(self.confidence)}


# Runs the sampler on prompt [B,P] with its mask [B,P] (None: nothing is padded).
Sampler = Callable[[Checkpoint, Tensor, Tensor | None, dict, Trajectory], None]


@dataclass(frozen=True)
class GenerationCase:
    name: str
    settings: dict
    batch: int = 1
    with_mask: bool = False

    @property
    def full_name(self) -> str:
        return f"gen.{self.name}"

    def prompts(self, attempt: int) -> list[str]:
        offset = attempt + sum(map(ord, self.name))  # other cases begin with other prompts
        return [texts.PROMPTS[(offset + row) % len(texts.PROMPTS)] for row in range(self.batch)]


def record(case: GenerationCase, point: Checkpoint, sample: Sampler, out: ReferenceSet) -> None:
    """Adds the case for the first prompt whose every decision is clear; leaves it out when there is none."""
    for attempt in range(len(texts.PROMPTS)):
        prompts = case.prompts(attempt)
        prompt, mask = forward.pad_left(point, [tokens.prompt_ids(point.tokenizer, text) for text in prompts])
        given_mask = mask if case.with_mask or case.batch > 1 else None
        trajectory = Trajectory(point.generator(2))
        sample(point, prompt, given_mask, case.settings, trajectory)
        if trajectory.clear:
            out.add(case.full_name, _describe(case, point, prompts, trajectory),
                    {"prompt_ids": prompt, **({} if given_mask is None else {"attention_mask": mask}),
                     **trajectory.outputs()})
            return
    out.leave_out(case.full_name, "every prompt leads to decisions too close to a tie to compare")


def _describe(case: GenerationCase, point: Checkpoint, prompts: list[str], trajectory: Trajectory) -> dict:
    answers = trajectory.tokens[-1][:, -_answer_length(case.settings):]
    return {"kind": "generation", "settings": case.settings, "batch": case.batch, "prompt_text": prompts,
            "tokens_per_step": trajectory.moved if case.batch > 1 else [row[0] for row in trajectory.moved],
            "final_text": [tokens.readable(point.tokenizer, row) for row in answers.tolist()]}


def _answer_length(settings: dict) -> int:
    return settings["gen_length"] if "gen_length" in settings else settings["max_new_tokens"]
