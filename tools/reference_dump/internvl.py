"""InternVL2.5 by the checkpoint's own code (trust_remote_code), eager attention.

The published loading of pictures stands on the model's page and in the training code, not in the checkpoint; so this
file states it itself: tiles by aspect ratio, Pillow's bicubic resizing, a thumbnail.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import torch
import transformers
from torch import Tensor

from .checkpoint import Checkpoint, guarded
from .errors import UserFault
from .observe import Watch
from .pictures import Picture, pixels
from .prompts import MAX_NEW_TOKENS, Asked, Prompt

if TYPE_CHECKING:
    from .multimodal import Dump

PENALTIES = {"": 1.0}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CONTEXT = "<IMG_CONTEXT>"
# Sizes (width, height) for the table: usual ones, ties between grids on both sides of their threshold, long strips.
SIZES = [(448, 448), (640, 480), (480, 640), (1920, 1080), (1000, 3000), (3000, 1000), (100, 100), (700, 700),
         (1200, 1200), (2000, 2000), (896, 448), (448, 896), (1344, 896), (333, 500), (5000, 400), (204, 176),
         (800, 800), (633, 633), (634, 634), (250, 200), (1250, 1000), (35, 20), (7, 4), (3000, 20)]
TILES = [(1, 1), (1, 6), (1, 12), (1, 24), (2, 9)]


@dataclass(frozen=True)
class Tiling:
    size: int
    least: int
    most: int
    dynamic: bool
    thumbnail: bool
    tokens: int  # of a tile

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Columns and rows of the nearest aspect; of equally near grids the later, if the image has pixels for it."""
        if not self.dynamic:
            return 1, 1
        best, least_gap = (1, 1), float("inf")
        for columns, rows in _grids(self.least, self.most):
            gap = abs(width / height - columns / rows)
            if gap < least_gap or gap == least_gap and width * height > 0.5 * self.size**2 * columns * rows:
                best = columns, rows
            least_gap = min(gap, least_gap)
        return best


def _grids(least: int, most: int) -> list[tuple[int, int]]:
    """By rising area. The published code draws them from a set, whose order decides among those of one area."""
    return sorted({(columns, rows) for area in range(least, most + 1) for columns in range(1, area + 1)
                   for rows in range(1, area + 1) if least <= columns * rows <= most},
                  key=lambda grid: grid[0] * grid[1])


def load_model(point: Checkpoint, device: str) -> torch.nn.Module:
    language = point.config.get("llm_config", {}).get("architectures", ["nothing"])[0]
    if language != "InternLM2ForCausalLM":
        raise UserFault(f"config.json: llm_config.architectures is '{language}'; the suite reads InternVL with "
                        "InternLM2ForCausalLM only")
    load = partial(transformers.AutoModel.from_pretrained, point.folder, trust_remote_code=True,
                   torch_dtype=torch.float32, use_flash_attn=False)
    return guarded("the model", lambda: load().to(device).eval())


def load_processor(point: Checkpoint) -> Tiling:
    config = point.config
    size = config.get("force_image_size") or config["vision_config"]["image_size"]
    return Tiling(size, config.get("min_dynamic_patch", 1), config.get("max_dynamic_patch", 12),
                  config.get("dynamic_image_size", True), config.get("use_thumbnail", True),
                  point.model.num_image_token)


def stop_ids(point: Checkpoint, _tiling: Tiling) -> set[int]:
    ids = {point.tokenizer.convert_tokens_to_ids("<|im_end|>"), point.config["llm_config"].get("eos_token_id")}
    return ids - {None}


def _tiles(image, tiling: Tiling) -> tuple[dict, dict[str, Tensor]]:
    size = tiling.size
    columns, rows = tiling.grid(*image.size)
    resized = image.resize((columns * size, rows * size))
    tiles = [resized.crop((x * size, y * size, (x + 1) * size, (y + 1) * size))
             for y in range(rows) for x in range(columns)]
    tensors = {"resized": pixels(resized)}
    thumbnail = tiling.thumbnail and len(tiles) > 1
    if thumbnail:
        tiles.append(image.resize((size, size)))
        tensors["thumbnail"] = pixels(tiles[-1])
    levels = torch.stack([pixels(tile) for tile in tiles]).permute(0, 3, 1, 2).to(torch.float32) / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    tensors["pixel_values"] = (levels - mean) / std
    return {"cols": columns, "rows": rows, "tiles": len(tiles), "thumbnail": thumbnail,
            "image_tokens": len(tiles) * tiling.tokens}, tensors


def prepare(tiling: Tiling, picture: Picture) -> tuple[dict, dict[str, Tensor]]:
    return _tiles(picture.rgb, tiling)


def question_of(prompt: Prompt) -> str:
    if len(prompt.pictures) < 2:
        return prompt.text
    return "".join(f"Image-{i + 1}: <image>\n" for i in range(len(prompt.pictures))) + prompt.text


class _Listening:
    """A tokenizer that remembers the last text it was given."""

    def __init__(self, tokenizer) -> None:
        self._tokenizer, self.heard = tokenizer, ""

    def __call__(self, text: str, **options):
        self.heard = text
        return self._tokenizer(text, **options)

    def __getattr__(self, name: str):
        return getattr(self._tokenizer, name)


def _hear_chat(point: Checkpoint, shown: Tensor | None, question: str, counts: list[int]) -> tuple[str, dict]:
    """The text that the published chat() makes, and what it hands to generate()."""
    handed: dict = {}

    def generate(**named) -> Tensor:
        handed.update(named)
        return torch.zeros(1, 1, dtype=torch.long)

    listening = _Listening(point.tokenizer)
    point.model.generate = generate
    try:
        point.model.chat(listening, shown, question, {}, num_patches_list=counts)
    finally:
        del point.model.generate
    return listening.heard, handed


def ask(point: Checkpoint, tiling: Tiling, prompt: Prompt) -> Asked:
    parts = [prepare(tiling, picture)[1]["pixel_values"] for picture in prompt.pictures]
    shown = torch.cat(parts).to(point.device) if parts else None
    described = {"question": question_of(prompt), "num_patches_list": [len(part) for part in parts]}
    text, handed = _hear_chat(point, shown, described["question"], described["num_patches_list"])
    inputs = {key: handed[key].to(point.device) for key in ("pixel_values", "input_ids", "attention_mask")
              if handed[key] is not None}
    chat = {**described, "history": [], "rendered_sha256": sha256(text.encode()).hexdigest()}
    return Asked(inputs, described, chat, point.tokenizer.convert_tokens_to_ids(CONTEXT))


def forget_long_texts(point: Checkpoint) -> None:
    """The rotary table of the longest text seen is kept; each case begins with a new one."""
    for layer in point.model.language_model.model.layers:
        layer.attention._init_rope().to(point.device)


def watch(watch: Watch, dump: Dump, prompt: Prompt) -> None:
    watch.keyword("language_model.model", "inputs_embeds", "inputs_embeds")
    if not prompt.pictures:
        return
    watch.output("vision_model.embeddings", "vision.embeddings")
    for layer in dump.layers("vision_model.encoder.layers"):
        watch.output(f"vision_model.encoder.layers.{layer}", f"vision.block.{layer}")
    watch.input("mlp1", "vision.pixel_shuffle")
    watch.output("mlp1", "vision.features")


def _embeddings(point: Checkpoint, asked: Asked) -> Tensor:
    """As generate() of the published code puts the features in."""
    embeddings = point.model.language_model.get_input_embeddings()(asked.input_ids).clone()
    if "pixel_values" in asked.inputs:
        features = point.model.extract_feature(asked.inputs["pixel_values"])
        embeddings[asked.input_ids == asked.feature_id] = features.flatten(0, 1)
    return embeddings


def forward(point: Checkpoint, asked: Asked) -> Tensor:
    forget_long_texts(point)
    made = point.model.language_model(inputs_embeds=_embeddings(point, asked),
                                      attention_mask=asked.inputs["attention_mask"], use_cache=False, return_dict=True)
    return made.logits


def positions(_point: Checkpoint, asked: Asked, _seen: dict[str, Tensor]) -> dict[str, Tensor]:
    return {"position_ids": torch.arange(asked.input_ids.shape[1])[None]}


def answer(point: Checkpoint, asked: Asked, _penalty: float):
    forget_long_texts(point)
    point.model.img_context_token_id = asked.feature_id
    return point.model.generate(**{"pixel_values": None, **asked.inputs}, do_sample=False, num_beams=1,
                                max_new_tokens=MAX_NEW_TOKENS, output_scores=True, return_dict_in_generate=True,
                                eos_token_id=point.tokenizer.convert_tokens_to_ids("<|im_end|>"))


def add_dynamic_rope(dump: Dump) -> None:
    """Tables at and past the length of the training, for a short one: the code is the same for all lengths."""
    attention = dump.point.model.language_model.model.layers[0].attention
    factor, length = attention.config.rope_scaling["factor"], 32
    attention.max_position_embeddings, kept = length, attention.max_position_embeddings
    for seen in (length, length * 3 // 2, 4 * length + 1):
        cos, sin = attention._init_rope()(torch.zeros(1), seq_len=seen)
        dump.out.add_tensors("rope_dynamic", {f"cos_{seen}": cos, f"sin_{seen}": sin})
        dump.out.descriptions[f"rope_dynamic.cos_{seen}"] = f"max_position_embeddings={length}, factor {factor}"
    attention.max_position_embeddings = kept
    forget_long_texts(dump.point)


def further_cases(dump: Dump) -> list:
    scaling = dump.point.config["llm_config"].get("rope_scaling") or {}
    return [("rope_dynamic", partial(add_dynamic_rope, dump))] if scaling.get("type") == "dynamic" else []


def _table_row(width: int, height: int, tiling: Tiling) -> list[int]:
    columns, rows = tiling.grid(width, height)
    tiles = columns * rows
    return [width, height, tiling.least, tiling.most, tiling.size, columns, rows, tiles + (tiles > 1)]


def description(_point: Checkpoint, tiling: Tiling) -> dict:
    limits = dict.fromkeys([*TILES, (tiling.least, tiling.most)])
    rows = [_table_row(*size, Tiling(side, *limit, True, True, 0)) for size in SIZES for limit in limits
            for side in dict.fromkeys([448, tiling.size])]
    return {"num_image_token": tiling.tokens,
            "tiling_table": {"columns": ["width", "height", "min_num", "max_num", "image_size", "cols", "rows",
                                         "tiles_with_thumbnail"], "rows": rows}}
