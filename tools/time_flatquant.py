#!/usr/bin/env python3
"""Times a training step of FlatQuant's published code against this suite's, side by side.

    tools/time_flatquant.py FLATQUANT [--program build/freeact] [--rounds 5]

FLATQUANT is a checkout of FlatQuant's repository. The Python that runs this needs what that code imports: torch,
transformers 4.36, scipy, tqdm, matplotlib. Both train one random block in Llama's form at W4A4 with all of FlatQuant's
options (SVD parametrisation, per-channel scale, learned clips of weights and activations, AdamW) in float32 on one
thread; the two take turns and the clock is the computing time of the thread. The weights differ, the work does not:
that the losses agree on equal weights is held by `freeact verify` with the reference outputs of FlatQuant's block.
"""
from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import types
from pathlib import Path

SHAPES = {64: (4, 192, 64), 256: (4, 768, 256), 1024: (16, 3072, 512)}  # width: heads, MLP width, tokens of a sequence
SEQUENCES = 4
OPTIONS = dict(direct_inv=False, add_diag=True, w_bits=4, a_bits=4, q_bits=16, k_bits=16, v_bits=16, lwc=True, lac=True,
               w_asym=False, a_asym=False, q_asym=False, k_asym=False, v_asym=False, a_groupsize=-1,
               diag_init="sq_style", separate_vtrans=False)
RATES = {"trans.linear": 5e-3, "trans.diag_scale": 5e-3, "clip_factor_w": 5e-2, "clip_factor_a": 5e-2}


def stand_in(name: str, *members: str) -> None:
    """For modules that FlatQuant imports but a training step never calls."""
    module = types.ModuleType(name)
    for member in members:
        setattr(module, member, None)
    sys.modules.setdefault(name, module)


class PublishedBlock:
    """One decoder layer as FlatQuant's code trains it."""

    def __init__(self, width: int) -> None:
        import torch
        from transformers import LlamaConfig
        from transformers.models.llama.modeling_llama import LlamaDecoderLayer
        stand_in("fast_hadamard_transform")
        stand_in("accelerate", "dispatch_model", "infer_auto_device_map")
        stand_in("accelerate.utils", "get_balanced_memory")
        from flatquant.model_tools.llama_utils import FlatQuantLlamaAttention, FlatQuantLlamaMLP

        torch.set_num_threads(1)
        torch.manual_seed(1)
        torch.Tensor.cuda = lambda self, *_, **__: self  # its maxima start on a GPU
        heads, mlp, tokens = SHAPES[width]
        config = LlamaConfig(hidden_size=width, intermediate_size=mlp, num_attention_heads=heads, num_hidden_layers=1,
                             vocab_size=256)
        config._attn_implementation = "eager"
        options = types.SimpleNamespace(**OPTIONS)
        self.torch, self.layer = torch, LlamaDecoderLayer(config, 0)
        self.layer.self_attn = FlatQuantLlamaAttention(options, self.layer.self_attn)
        self.layer.mlp = FlatQuantLlamaMLP(options, self.layer.mlp)
        self.x = torch.randn(SEQUENCES, tokens, width)
        self.inputs = dict(attention_mask=torch.full((tokens, tokens), -1e9).triu(1).expand(SEQUENCES, 1, -1, -1),
                           position_ids=torch.arange(tokens)[None])
        self.start()

    def start(self) -> None:
        halves = (self.layer.self_attn, self.layer.mlp)
        for half in halves:
            half._ori_mode = True
        with self.torch.no_grad():
            self.target = self.layer(self.x, **self.inputs)[0]
        for half in halves:
            half._ori_mode = False
            half.init_diag_scale(alpha=0.3)
        self.layer.requires_grad_(False)
        groups = [{"params": [p.requires_grad_(True) for name, p in self.layer.named_parameters() if part in name],
                   "lr": rate} for part, rate in RATES.items()]
        self.optimiser = self.torch.optim.AdamW(groups)

    def step(self) -> float:
        began = time.thread_time()
        loss = self.torch.nn.functional.mse_loss(self.target, self.layer(self.x, **self.inputs)[0])
        self.optimiser.zero_grad()
        (loss / loss.detach()).backward()
        self.optimiser.step()
        return time.thread_time() - began


def our_step(program: Path, width: int, scratch: Path) -> dict[str, float]:
    """Seconds of a step by precision."""
    command = [program, "bench", "--filter", f"calibration/block_d{width}/", "--min-time", "2", "--json", "--quiet",
               "--db", scratch]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["name"].rsplit("/", 1)[1]: row["median_s"] for row in rows}


def compare(width: int, program: Path, rounds: int, scratch: Path) -> None:
    block = PublishedBlock(width)
    block.step()
    theirs, ours = [], {"float32": [], "bfloat16": []}
    for _ in range(rounds):
        theirs += [block.step() for _ in range(5)]
        for precision, seconds in our_step(program, width, scratch).items():
            ours[precision].append(seconds)
    published = statistics.median(theirs)
    for precision, seconds in ours.items():
        mine = statistics.median(seconds)
        print(f"d={width:<5} {precision:<9} published {1e3 * published:8.1f} ms   here {1e3 * mine:8.1f} ms   "
              f"{published / mine:5.2f} times as fast", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flatquant", metavar="FLATQUANT", type=Path)
    parser.add_argument("--program", type=Path, default=Path(__file__).parent.parent / "build" / "freeact")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--widths", type=int, nargs="+", choices=SHAPES, default=list(SHAPES))
    arguments = parser.parse_args()
    if not (arguments.flatquant / "flatquant" / "flat_linear.py").is_file():
        print(f"{arguments.flatquant} holds no flatquant/flat_linear.py: give a checkout of FlatQuant", file=sys.stderr)
        return 2
    if not arguments.program.is_file():
        print(f"{arguments.program} does not exist: build it with tools/build, or give --program", file=sys.stderr)
        return 2
    sys.path.insert(0, str(arguments.flatquant))
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        for width in arguments.widths:
            compare(width, arguments.program, arguments.rounds, Path(folder) / "bench.db")
    return 0


if __name__ == "__main__":
    sys.exit(main())
