#!/usr/bin/env python3
"""Writes reference outputs of a published checkpoint, for `freeact verify`.

    tools/dump_reference.py CHECKPOINT OUT [--device cuda] [--cases REGEX]
    tools/dump_reference.py CHECKPOINT OUT --image FILE... [--prompt TEXT]     of a model that sees

CHECKPOINT is a downloaded folder of LLaDA, Dream, a Llama-format model, Qwen2.5-VL or InternVL2.5, with its Python
files. It is run with its own code (trust_remote_code; Qwen2.5-VL with that of transformers), so the Python that runs
this program needs torch, transformers, safetensors and whatever the checkpoint asks for. OUT gets io.json,
io.safetensors and tokenizer_cases.json, copies of the pictures, and links to the checkpoint's files; then

    freeact verify OUT

holds this suite against them. docs/verifying.md says what is compared and how closely.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from reference_dump import texts
from reference_dump.errors import Disagreement, MissingPart, UserFault
from reference_dump.families import Family, check_own_code, find_family, read_config

EPILOG = """\
memory: the weights in the chosen dtype. An 8B model takes 32 GB in float32, plus about 5 GB while it is loaded, and
16 GB in bfloat16. All exact comparisons need float32; with --dtype bfloat16 only the tokenizer cases and one forward
pass are written.
disk: below 200 MB for an 8B model, most of it logits. With pictures, the outputs of every block are stored for every
patch: about 1 GB for two pictures of 400 x 400; small pictures show as much.
time: some 150 forward passes of less than 100 tokens, more when a trajectory has to be repeated because a decision in
it was too close to a tie.

exit codes: 0 done, 1 two statements of the reference differ, 2 the input was wrong, 3 this machine lacks something.
"""


def regex(text: str) -> re.Pattern:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from None


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dump_reference.py", description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="the downloaded folder")
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write; made when it is missing")
    parser.add_argument("--device", default="cpu", help="where torch computes: cpu, cuda, cuda:1 (default: cpu)")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32",
                        help="of the weights; bfloat16 halves the memory but allows few comparisons (default: float32)")
    parser.add_argument("--cases", type=regex, default=regex(""), metavar="REGEX",
                        help="only these: tokenizer, forward_left_pad, forward_bf16, gen.NAME, like.NAME; "
                             "forward is always run. Models that see: tokenizer, one_image, all_images, text_only, "
                             "rope_index.NAME, vision_pair, rope_dynamic; the pictures are always stored")
    parser.add_argument("--image", type=Path, nargs="+", action="extend", default=[], metavar="FILE",
                        help="PNG or JPEG: the first is shown alone, then all in one prompt")
    parser.add_argument("--prompt", default=texts.ABOUT_PICTURES, metavar="TEXT",
                        help="what is asked about them, and without them (default: '%(default)s')")
    parser.add_argument("--layers-of-hidden", type=int, metavar="N",
                        help="store the hidden states of the first N blocks only (default: of all)")
    parser.add_argument("--seed", type=int, default=0, help="of the masks and the random ids (default: 0)")
    parser.add_argument("--llada-generate", type=Path, metavar="FILE",
                        help="generate.py of a clone of ML-GSAI/LLaDA: its answers must be those of this program")
    return parser.parse_args(arguments)


def check_together(args: argparse.Namespace, family: Family) -> None:
    """What no single argument tells."""
    if args.llada_generate and family.name != "llada":
        raise UserFault("--llada-generate is for LLaDA checkpoints only")
    if args.image and not family.sees:
        raise UserFault(f"--image: a {family.name} model sees no pictures")
    if not family.sees:
        return
    if not args.image:
        raise UserFault(f"name at least one picture with --image; a {family.name} model is compared on pictures")
    for image in args.image:
        if not image.is_file():
            raise UserFault(f"--image '{image}' is no file")
    if args.dtype != "float32":
        raise UserFault(f"--dtype {args.dtype}: a {family.name} model is compared in float32 only")


def main(arguments: list[str]) -> int:
    args = parse_arguments(arguments)
    try:
        config = read_config(args.checkpoint)
        family = find_family(config)
        check_together(args, family)
        check_own_code(args.checkpoint, config)
        try:
            from reference_dump.dump import dump  # imports torch, which takes seconds and may be missing
            if family.sees:
                from reference_dump import multimodal  # noqa: F401
        except ImportError as error:
            pillow = ", pillow" if family.sees else ""
            raise MissingPart(f"this Python ({sys.executable}) cannot import what is needed: {error}; "
                              f"install torch, transformers{pillow} and safetensors into it") from None
        dump(args.checkpoint, args.out, family, config, args)
    except (UserFault, MissingPart, Disagreement) as error:
        print(f"dump_reference: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
