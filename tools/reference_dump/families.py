"""Where the published code of each family keeps what is observed, by config.json's model_type."""
from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import UserFault


@dataclass(frozen=True)
class Family:
    name: str
    embedding: str  # module paths from the model's root
    blocks: str
    final_norm: str
    attention_linears: tuple[str, ...]  # module paths within a block
    mlp_linears: tuple[str, ...]
    heads_key: str  # keys of config.json
    kv_heads_key: str
    masked_diffusion: bool = True
    pads_as_mask_4d: bool = False  # takes [B,1,T,T] masks and positions rather than [B,T] masks
    sees: bool = False  # prompts may show pictures

    @property
    def linears(self) -> tuple[str, ...]:
        return self.attention_linears + self.mlp_linears


def _qwen_like(name: str, **options: bool) -> Family:
    return Family(name, "model.embed_tokens", "model.layers", "model.norm",
                  tuple(f"self_attn.{which}_proj" for which in "qkvo"),
                  ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
                  "num_attention_heads", "num_key_value_heads", **options)


FAMILIES = {
    "llada": Family("llada", "model.transformer.wte", "model.transformer.blocks", "model.transformer.ln_f",
                    ("q_proj", "k_proj", "v_proj", "attn_out"), ("ff_proj", "up_proj", "ff_out"),
                    "n_heads", "n_kv_heads"),
    "Dream": _qwen_like("dream", pads_as_mask_4d=True),
    "llama": _qwen_like("llama", masked_diffusion=False),
    "qwen2_5_vl": _qwen_like("qwen2_5_vl", masked_diffusion=False, sees=True),
    "internvl_chat": Family("internvl", "language_model.model.tok_embeddings", "language_model.model.layers",
                            "language_model.model.norm", ("attention.wqkv", "attention.wo"),
                            ("feed_forward.w1", "feed_forward.w3", "feed_forward.w2"),
                            "num_attention_heads", "num_key_value_heads", masked_diffusion=False, sees=True),
}


def read_config(checkpoint: Path) -> dict:
    path = checkpoint / "config.json"
    if not checkpoint.is_dir():
        raise UserFault(f"'{checkpoint}' is no folder; download the checkpoint and name the folder with config.json")
    if not path.is_file():
        raise UserFault(f"'{checkpoint}' is no checkpoint: it has no config.json")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserFault(f"'{path}' is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise UserFault(f"'{path}' holds no JSON object")
    return config


def find_family(config: dict) -> Family:
    kind = str(config.get("model_type"))
    if kind not in FAMILIES:
        near = difflib.get_close_matches(kind, FAMILIES, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UserFault(f"config.json: model_type '{kind}' is no known family (known: {', '.join(FAMILIES)}){hint}")
    return FAMILIES[kind]


def check_own_code(checkpoint: Path, config: dict) -> None:
    """The Python files that config.json names; "owner/name--file.Class" is fetched by transformers itself."""
    for name in (config.get("auto_map") or {}).values():
        file = f"{str(name).split('.')[0]}.py"
        if "--" not in file and not (checkpoint / file).is_file():
            raise UserFault(f"'{checkpoint}' has no {file}, which config.json's auto_map names: download the "
                            "checkpoint's Python files too")
