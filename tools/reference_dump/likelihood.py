"""What the likelihood cases of the diffusion families share."""
from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

# Below this a cross entropy is a difference of nearly equal numbers, and a relative tolerance means nothing.
MIN_COMPARABLE = 0.05
BATCH = 4


def in_batches(predict: Callable[[Tensor], Tensor], noisy: Tensor, sequence: Tensor, masked: Tensor) -> Tensor:
    """Cross entropy [N,L] of the sequence [L] at the masked positions of noisy [N,L], 0 elsewhere. predict gives logits
    [N,L,V] whose row i predicts position i."""
    parts = []
    for rows, at in zip(noisy.split(BATCH), masked.split(BATCH)):
        loss = torch.zeros(rows.shape, device=rows.device)
        loss[at] = cross_entropy(predict(rows)[at], sequence.expand_as(rows)[at], reduction="none")
        parts.append(loss)
    return torch.cat(parts)


def outputs(token_loss: Tensor, p_mask: Tensor, masked: Tensor, prefix: str = "") -> dict[str, Tensor]:
    """The sums of each sample, weighted by 1 / p_mask, and the loss of each token where it can be compared."""
    found = {f"{prefix}sample_nll": token_loss.sum(-1) / p_mask}
    if token_loss[masked].min() > MIN_COMPARABLE:
        found[f"{prefix}token_ce"] = token_loss
    return found
