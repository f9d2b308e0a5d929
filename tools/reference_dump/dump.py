"""Runs the cases that were asked for, in order."""
from __future__ import annotations

import sys
import time
import warnings
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Callable

import torch
import transformers

from . import checkpoint, dream, folder, forward, greedy, llada, tokens, trajectory
from .checkpoint import Checkpoint
from .errors import MissingPart
from .families import Family
from .folder import ReferenceSet
from .tolerance import tolerances

Case = tuple[str, Callable[[], None]]


def say(text: str) -> None:
    print(f"dump_reference: {text}", file=sys.stderr, flush=True)


def check_device(device: str) -> None:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MissingPart(f"--device {device} cannot be used: {' '.join(str(error).split())[:200]}") from None


def diffusion_cases(point: Checkpoint, out: ReferenceSet, args: Namespace) -> list[Case]:
    pads = forward.honours_padding(point)
    if pads:
        cases = [("forward_left_pad", partial(forward.left_pad, point, out))]
    else:
        out.leave_out("forward_left_pad", "this release of the checkpoint's code ignores attention masks")
        cases = []
    family = llada if point.family.name == "llada" else dream
    sample = family.sample
    if args.llada_generate:
        sample = llada.checked_against(args.llada_generate)
    cases += [(case.full_name, partial(trajectory.record, case, point, sample, out))
              for case in family.generation_cases(point, pads)]
    likelihoods = ("main", "single_token") if family is llada else ("main",)
    return cases + [(f"like.{name}", partial(family.add_likelihood, name, point, out)) for name in likelihoods]


def float32_cases(point: Checkpoint, out: ReferenceSet, args: Namespace) -> list[Case]:
    # The tolerances come from the plain pass, so it is run whatever was asked for.
    layers = range(len(point.model.get_submodule(point.family.blocks)))
    forward.plain(point, out, layers[:args.layers_of_hidden])
    if point.family.masked_diffusion:
        return diffusion_cases(point, out, args)
    return [(f"gen.{name}", partial(greedy.add_generation, name, point, out)) for name in greedy.CASES]


def all_cases(point: Checkpoint, out: ReferenceSet, args: Namespace) -> list[Case]:
    if point.family.sees:
        from . import multimodal  # needs Pillow, which models of text do not

        return multimodal.cases(point, out, args)
    cases = float32_cases(point, out, args) if args.dtype == "float32" else []
    return cases + [("forward_bf16", partial(forward.bfloat16, point, out))]  # last: it changes the model


def run_cases(point: Checkpoint, out: ReferenceSet, args: Namespace) -> None:
    cases = all_cases(point, out, args)
    for number, (name, run) in enumerate(cases, 1):
        if not args.cases.search(name):
            continue
        begin = time.monotonic()
        run()
        what = f"left out: {out.left_out[name]}" if name in out.left_out else f"{time.monotonic() - begin:.1f} s"
        say(f"[{number}/{len(cases)}] {name}: {what}")


def header(point: Checkpoint, out: ReferenceSet, args: Namespace) -> dict:
    return {"model": f"{point.family.name} ({type(point.model).__name__})", "special_ids": point.special,
            "provenance": {"reference": "the checkpoint's own code", "checkpoint": point.folder.name,
                           "transformers": transformers.__version__, "torch": torch.__version__, "device": args.device,
                           "dtype": args.dtype, "seed": args.seed},
            **({"tolerance": tolerances(out.largest)} if args.dtype == "float32" and not point.family.sees else {})}


def load_model(point: Checkpoint, args: Namespace) -> torch.nn.Module:
    if not point.family.sees:
        return checkpoint.load_model(point.folder, point.config, getattr(torch, args.dtype), args.device)
    from . import multimodal

    return multimodal.load_model(point, args)


def tokenizer_cases(point: Checkpoint, args: Namespace) -> dict:
    reference = f"transformers {transformers.__version__} {type(point.tokenizer).__name__}"
    # InternVL's conversations are code; the template beside its tokenizer is another one.
    group = "jinja_chat_template" if point.family.name == "internvl" else "chat"
    return tokens.tokenizer_cases(point.tokenizer, reference, args.seed, group)


def dump(folder_in: Path, folder_out: Path, family: Family, config: dict, args: Namespace) -> None:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="transformers")
    check_device(args.device)
    folder.prepare(folder_out, folder_in)
    tokenizer = checkpoint.load_tokenizer(folder_in, family)
    point = Checkpoint(folder_in, family, config, tokenizer, args.seed, device=args.device)
    point.special = checkpoint.special_ids(config, tokenizer, family)
    out = ReferenceSet()
    if args.cases.search("tokenizer"):
        out.tokenizer_cases = tokenizer_cases(point, args)
        say("tokenizer: done")
    point.model = load_model(point, args)
    with torch.no_grad():
        run_cases(point, out, args)
    folder.link_checkpoint(folder_out, folder_in)
    out.save(folder_out, header(point, out, args))
    say(f"done: {len(out.cases)} cases, {len(out.left_out)} left out; now run: freeact verify {folder_out}")
