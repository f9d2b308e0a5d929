"""Greedy answers of autoregressive models, by transformers' own generate."""
from __future__ import annotations

import torch

from . import texts, tokens
from .checkpoint import Checkpoint
from .folder import ReferenceSet
from .tolerance import bound

CASES = {"greedy": {"max_new_tokens": 32, "repetition_penalty": 1.0},
         "greedy_penalty": {"max_new_tokens": 32, "repetition_penalty": 1.3}}


def _answer(point: Checkpoint, prompt: list[int], settings: dict) -> tuple[list[int], bool]:
    """The tokens before eos, and whether each was far from a tie."""
    ids = point.rows([prompt])
    made = point.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=1,
                                temperature=None, top_p=None, top_k=None, eos_token_id=point.special.get("eos"),
                                pad_token_id=point.special.get("pad", 0), output_scores=True,
                                return_dict_in_generate=True, **settings)
    answer = made.sequences[0, len(prompt):].tolist()
    best = torch.stack(made.scores)[:, 0].topk(2).values  # [steps, 2]
    clear = bool(((best[:, 0] - best[:, 1]) > 4 * bound(best.abs().max().item())).all())
    return [id_ for id_ in answer if id_ != point.special.get("eos")], clear


def add_generation(name: str, point: Checkpoint, out: ReferenceSet) -> None:
    settings = CASES[name]
    for text in texts.PROMPTS:
        prompt = tokens.prompt_ids(point.tokenizer, text)
        answer, clear = _answer(point, prompt, settings)
        if answer and clear:
            described = {"kind": "generation", "settings": settings, "prompt_text": text,
                         "final_text": tokens.readable(point.tokenizer, answer)}
            return out.add(f"gen.{name}", described,
                           {"prompt_ids": point.rows([prompt]), "tokens": torch.tensor(answer)})
    out.leave_out(f"gen.{name}", "every prompt leads to decisions too close to a tie to compare")
