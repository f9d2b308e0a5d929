"""Cases of single forward passes, observed by hooks."""
from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import torch
from torch import Tensor

from . import texts, tokens
from .checkpoint import Checkpoint, cast_weights
from .folder import ReferenceSet
from .observe import Watch

MASKED_SHARE = 0.4  # of the input of a diffusion model


def _watch(point: Checkpoint, layers: range) -> Watch:
    """Of the outputs of embedding, blocks and final norm, and what goes in and out of block 0's linears."""
    family, watch = point.family, Watch(point.model)
    watch.output(family.embedding, "hidden.embed")
    watch.output(family.final_norm, "hidden.final_norm")
    for layer in layers:
        watch.output(f"{family.blocks}.{layer}", f"hidden.block{layer}")
    for linear in family.linears:
        watch.input(f"{family.blocks}.0.{linear}", f"block0.input.{linear}")
    for linear in family.attention_linears:
        watch.output(f"{family.blocks}.0.{linear}", f"block0.output.{linear}")
    return watch


@contextmanager
def _first_attention(point: Checkpoint, seen: dict[str, Tensor]) -> Iterator[None]:
    """Stores the first queries and keys that reach the attention, which is after the rotary embedding; they are left
    out where the model's code computes attention in another way."""
    functional, original = torch.nn.functional, torch.nn.functional.scaled_dot_product_attention
    heads = point.config[point.family.heads_key]
    groups = heads // (point.config.get(point.family.kv_heads_key) or heads)

    def attention(query: Tensor, key: Tensor, *rest, **options) -> Tensor:
        if "block0.rope.q" not in seen and query.shape[1] == heads:
            seen["block0.rope.q"] = query.detach().clone()
            repeated = key.shape[1] == heads and groups > 1
            seen["block0.rope.k"] = (key[:, ::groups] if repeated else key).detach().clone()
        return original(query, key, *rest, **options)

    functional.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = original


def run(point: Checkpoint, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    """Logits [B,T,V] as the family's published callers compute them; mask [B,T] is 0 at pads."""
    if mask is None:
        return point.model(ids).logits
    if not point.family.pads_as_mask_4d:
        return point.model(ids, attention_mask=mask).logits
    real = mask.bool()
    pairs = real[:, None, None, :] & real[:, None, :, None]
    positions = (mask.cumsum(-1) - 1).masked_fill(~real, 1)
    return point.model(ids, pairs, positions).logits


def input_ids(point: Checkpoint) -> Tensor:
    """[1,T]; a diffusion model's input has masks."""
    ids = tokens.encode(point.tokenizer, texts.FORWARD)[:texts.FORWARD_TOKENS]
    row = torch.tensor([ids])
    if point.family.masked_diffusion:
        masked = torch.rand(row.shape, generator=point.generator(1)) < MASKED_SHARE
        row = row.masked_fill(masked, point.mask_id)
    return row.to(point.device)


def plain(point: Checkpoint, out: ReferenceSet, layers: range) -> None:
    ids = input_ids(point)
    with _watch(point, layers) as watch, _first_attention(point, watch.seen):
        logits = run(point, ids)
    seen = watch.seen
    for role, tensor in seen.items():
        out.note_size(role.split(".")[0], tensor)
    out.note_size("logits", logits)
    out.add("forward", {"kind": "forward", "compute_dtype": "float32"}, {"input_ids": ids, "logits": logits, **seen})


def bfloat16(point: Checkpoint, out: ReferenceSet) -> None:
    """Turns the model into bfloat16 for good: it must be the last case."""
    cast_weights(point.model, torch.bfloat16)
    ids = input_ids(point)
    out.add("forward_bf16", {"kind": "forward", "compute_dtype": "bfloat16"},
            {"input_ids": ids, "logits": run(point, ids)})


def pad_left(point: Checkpoint, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """ids and mask [B,T]."""
    length = max(map(len, rows))
    ids = [[point.special["pad"]] * (length - len(row)) + row for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return point.rows(ids), point.rows(mask)


def honours_padding(point: Checkpoint) -> bool:
    """Whether pads change nothing at real positions. LLaDA's code before the release of 2025-10-21 ignores masks."""
    row = tokens.encode(point.tokenizer, texts.LEFT_PAD[1])[:8]
    ids, mask = pad_left(point, [row, row + row[:4]])
    alone, padded = run(point, ids[:1, -len(row):]), run(point, ids, mask)[:1, -len(row):]
    return bool((alone - padded).abs().max() <= 1e-3 * alone.abs().max())


def left_pad(point: Checkpoint, out: ReferenceSet) -> None:
    rows = [tokens.encode(point.tokenizer, text)[:length]
            for text, length in zip(texts.LEFT_PAD, texts.LEFT_PAD_TOKENS)]
    ids, mask = pad_left(point, rows)
    with _watch(point, range(0)) as watch:
        logits = run(point, ids, mask)
    real = (mask != 0)[..., None]
    kept = {"logits": logits, "hidden.final_norm": watch.seen["hidden.final_norm"]}
    out.note_size("hidden", kept["hidden.final_norm"] * real)
    out.add("forward_left_pad", {"kind": "forward", "padding": "left", "lengths": [len(row) for row in rows]},
            {"input_ids": ids, "attention_mask": mask,
             **{role: tensor.masked_fill(~real, 0) for role, tensor in kept.items()}})
