"""Prompts with pictures, from the file to the logits and the greedy answer, for models that see.

A family's module gives what differs by the same names: load_model, load_processor, prepare, ask, watch, forward,
positions, answer, stop_ids, PENALTIES, further_cases and description (see qwen2_5_vl.py and internvl.py).
"""
from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Callable

import torch
from torch import Tensor

from . import internvl, qwen2_5_vl, tokens
from .checkpoint import Checkpoint
from .errors import UserFault
from .folder import ReferenceSet
from .observe import Watch
from .pictures import Picture, copy_pictures, pixels, read_pictures
from .prompts import Asked, Prompt, add_chat

MAX_LOGITS = 2**25  # numbers a case; of long prompts only the last positions are kept
RELATIVE_BOUND = 2e-5  # of `freeact verify` for these families
CLEAR_MARGIN = 4  # bounds between the best and the second best token, else rounding could turn the choice


@dataclass
class Dump:
    point: Checkpoint
    family: ModuleType
    processor: object
    out: ReferenceSet
    args: Namespace
    pictures: list[Picture] = field(default_factory=list)

    def layers(self, path: str) -> range:
        return range(len(self.point.model.get_submodule(path)))[:self.args.layers_of_hidden]


def family_module(name: str) -> ModuleType:
    return {"qwen2_5_vl": qwen2_5_vl, "internvl": internvl}[name]


def load_model(point: Checkpoint, args: Namespace) -> torch.nn.Module:
    read_pictures(args.image)  # refuses them before the weights are loaded
    return family_module(point.family.name).load_model(point, args.device)


def store_pictures(dump: Dump) -> None:
    """Always run: every other case begins with these pixels."""
    images = dump.out.header["images"] = {}
    for picture in dump.pictures:
        try:
            described, tensors = dump.family.prepare(dump.processor, picture)
        except ValueError as error:  # a shape that the published code refuses
            raise UserFault(f"--image '{picture.source}': {error}") from None
        images[picture.name] = {**picture.described(), **described}
        dump.out.add_tensors(f"image.{picture.name}", {"rgb": pixels(picture.rgb), **tensors})


def _watch_language(watch: Watch, dump: Dump) -> None:
    family = dump.point.family
    for layer in dump.layers(family.blocks):
        watch.output(f"{family.blocks}.{layer}", f"block.{layer}")
    watch.output(family.final_norm, "final_norm")
    for linear in family.linears:
        watch.input(f"{family.blocks}.0.{linear}", f"block0.{linear}.input")


def _without_twins(name: str, seen: dict[str, Tensor], out: ReferenceSet) -> dict[str, Tensor]:
    """Inputs that several linears share are stored under the first one's name."""
    kept: dict[str, Tensor] = {}
    for role, tensor in seen.items():
        shared = role.startswith("block0.")
        twins = [other for other, known in kept.items() if shared and torch.equal(known, tensor)]
        if twins:
            out.header.setdefault("aliases", {})[f"{name}.{role}"] = f"{name}.{twins[0]}"
        else:
            kept[role] = tensor
    return kept


def add_prompt(name: str, prompt: Prompt, dump: Dump) -> None:
    asked = dump.family.ask(dump.point, dump.processor, prompt)
    with Watch(dump.point.model) as watch:
        dump.family.watch(watch, dump, prompt)
        _watch_language(watch, dump)
        logits = dump.family.forward(dump.point, asked)
    add_chat(asked, prompt, dump.out)
    tensors = {"input_ids": asked.input_ids, "vision_mask": (asked.input_ids == asked.feature_id).to(torch.uint8)}
    tensors |= dump.family.positions(dump.point, asked, watch.seen)
    tensors |= _without_twins(name, watch.seen, dump.out)
    first = max(0, logits.shape[1] - max(1, MAX_LOGITS // logits.shape[2]))
    described = {"images": prompt.names, "prompt_tokens": asked.input_ids.shape[1],
                 "logits_first_position": first, **asked.described}
    dump.out.add(name, described, {**tensors, "logits": logits[:, first:]})
    _add_answers(name, asked, dump)


def _add_answers(name: str, asked: Asked, dump: Dump) -> None:
    for suffix, penalty in dump.family.PENALTIES.items():
        made = dump.family.answer(dump.point, asked, penalty)
        ids = clear_tokens(made, dump.family.stop_ids(dump.point, dump.processor))
        role = f"generated{suffix}"
        if not ids:
            dump.out.leave_out(f"{name}.{role}", "the first token is a stop token or too close to a tie to compare")
            continue
        dump.out.add_tensors(name, {role: torch.tensor([ids])})
        tokenizer = dump.point.tokenizer
        dump.out.cases[name][f"generate{suffix}"] = {"ids": ids, "text": tokens.readable(tokenizer, ids)}


def clear_tokens(made, stop_ids: set[int]) -> list[int]:
    """Of an answer with its scores: the tokens before the first that stops it or might have been another."""
    ids = made.sequences[0, -len(made.scores):].tolist()
    kept = []
    for id_, scores in zip(ids, made.scores):
        best = scores[0].topk(2).values
        bound = RELATIVE_BOUND * max(1.0, best[0].abs().item())
        if id_ in stop_ids or best[0] - best[1] < CLEAR_MARGIN * bound:
            break
        kept.append(id_)
    return kept


def cases(point: Checkpoint, out: ReferenceSet, args: Namespace) -> list[tuple[str, Callable[[], None]]]:
    family = family_module(point.family.name)
    dump = Dump(point, family, family.load_processor(point), out, args, read_pictures(args.image))
    store_pictures(dump)
    out.header |= family.description(point, dump.processor)
    prompts = {"one_image": Prompt(dump.pictures[:1], args.prompt), "text_only": Prompt([], args.prompt)}
    if len(dump.pictures) > 1:
        prompts["all_images"] = Prompt(dump.pictures, args.prompt)
    copy_pictures(args.out, dump.pictures)
    named = [(name, partial(add_prompt, name, prompt, dump)) for name, prompt in prompts.items()]
    return named + family.further_cases(dump)
