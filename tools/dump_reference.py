#!/usr/bin/env python3
"""Writes reference outputs of a published checkpoint, for `freeact verify`.

    tools/dump_reference.py CHECKPOINT OUT [--device cuda] [--cases REGEX]

CHECKPOINT is a downloaded folder of LLaDA, Dream or a Llama-format model, with its Python files. It is run with its
own code (trust_remote_code), so the Python that runs this program needs torch, transformers, safetensors and whatever
the checkpoint asks for. OUT gets io.json, io.safetensors and tokenizer_cases.json, and links to the checkpoint's files;
then

    freeact verify OUT

holds this suite against them. docs/verifying.md says what is compared and how closely.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from reference_dump.errors import Disagreement, MissingPart, UserFault
from reference_dump.families import find_family, read_config

EPILOG = """\
memory: the weights in the chosen dtype. An 8B model takes 32 GB in float32, plus about 5 GB while it is loaded, and
16 GB in bfloat16. All exact comparisons need float32; with --dtype bfloat16 only the tokenizer cases and one forward
pass are written.
disk: below 200 MB for an 8B model, most of it logits.
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
                             "forward is always run")
    parser.add_argument("--layers-of-hidden", type=int, metavar="N",
                        help="store the hidden states of the first N blocks only (default: of all; they are small)")
    parser.add_argument("--seed", type=int, default=0, help="of the masks and the random ids (default: 0)")
    parser.add_argument("--llada-generate", type=Path, metavar="FILE",
                        help="generate.py of a clone of ML-GSAI/LLaDA: its answers must be those of this program")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    args = parse_arguments(arguments)
    try:
        config = read_config(args.checkpoint)
        family = find_family(config)
        try:
            from reference_dump.dump import dump  # imports torch, which takes seconds and may be missing
        except ImportError as error:
            raise MissingPart(f"this Python ({sys.executable}) cannot import what is needed: {error}; "
                              "install torch, transformers and safetensors into it") from None
        dump(args.checkpoint, args.out, family, config, args)
    except (UserFault, MissingPart, Disagreement) as error:
        print(f"dump_reference: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
