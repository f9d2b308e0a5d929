"""Loading the checkpoint with its own code."""
from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError

from .errors import MissingPart, UserFault
from .families import Family


@dataclass
class Checkpoint:
    """A loaded model with what the cases need to know of it."""

    folder: Path
    family: Family
    config: dict
    tokenizer: object
    seed: int
    model: torch.nn.Module | None = None
    device: str = "cpu"
    special: dict[str, int] = field(default_factory=dict)

    @property
    def mask_id(self) -> int:
        return self.special["mask"]

    def rows(self, ids: list[list[int]]) -> torch.Tensor:
        return torch.tensor(ids, dtype=torch.long, device=self.device)

    def generator(self, purpose: int) -> torch.Generator:
        """Random numbers on the CPU, so that a dump does not depend on the device."""
        return torch.Generator().manual_seed(self.seed * 1000 + purpose)


def guarded(what: str, load):
    try:
        return load()
    except ImportError as error:
        raise MissingPart(f"the checkpoint's code needs more than this Python has: {_first_line(error)}") from None
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
            raise MissingPart(f"too little memory for {what}: {_first_line(error)}") from None
        raise UserFault(f"{what} cannot be loaded: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def load_tokenizer(folder: Path, family: Family):
    options = {"use_fast": False} if family.name == "internvl" else {}  # published with the slow one alone
    return guarded("the tokenizer", lambda: transformers.AutoTokenizer.from_pretrained(
        folder, trust_remote_code=True, **options))


def load_model(folder: Path, config: dict, dtype: torch.dtype, device: str) -> torch.nn.Module:
    classes = config.get("auto_map", {"AutoModelForCausalLM": ""})
    loader = transformers.AutoModelForCausalLM if "AutoModelForCausalLM" in classes else transformers.AutoModel
    options = {"trust_remote_code": True, "torch_dtype": dtype}
    if importlib.util.find_spec("accelerate"):
        options["low_cpu_mem_usage"] = True
    return guarded("the model", lambda: loader.from_pretrained(folder, **options).to(device).eval())


def cast_weights(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """As loading in that dtype does: the frequencies of the rotary embedding, which are buffers, stay as they are."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)


def special_ids(config: dict, tokenizer, family: Family) -> dict[str, int]:
    found = {"eos": config.get("eos_token_id"), "pad": config.get("pad_token_id"), "bos": tokenizer.bos_token_id}
    if family.masked_diffusion:
        found["mask"] = config.get("mask_token_id", tokenizer.mask_token_id)
        if found["mask"] is None:
            raise UserFault("config.json: the key 'mask_token_id' is missing; it says which id is the mask")
    if family.name == "llada":
        found["eot"] = tokenizer.get_vocab().get("<|eot_id|>")
    if family.sees:
        return {str(token): id_ for id_, token in tokenizer.added_tokens_decoder.items()}
    if found["pad"] is None:
        found["pad"] = found["eos"]
    return {name: id_ for name, id_ in found.items() if isinstance(id_, int)}
