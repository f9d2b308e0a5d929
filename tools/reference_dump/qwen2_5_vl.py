"""Qwen2.5-VL by transformers' own classes: eager attention, and the image processor that resizes with Pillow."""
from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Iterator

import torch
import transformers
from torch import Tensor

from .checkpoint import Checkpoint, guarded
from .errors import MissingPart
from .observe import Watch
from .pictures import Picture, pixels
from .prompts import MAX_NEW_TOKENS, Asked, Prompt, add_chat

if TYPE_CHECKING:
    from .multimodal import Dump

PENALTIES = {"": 1.0, "_rp1.05": 1.05}  # the published generation_config.json has the second
# Sizes (height, width) for the table: usual ones, ties of the rounding, both limits, sides of one token, long strips.
SIZES = [(28, 28), (29, 31), (42, 70), (70, 126), (98, 154), (182, 70), (100, 100), (224, 224), (480, 640),
         (1080, 1920), (4000, 3000), (5000, 7000), (30, 5000), (1000, 33), (448, 448), (1365, 1023), (210, 350),
         (56, 56), (55, 57), (1200, 28), (5600, 28), (14 * 33, 14 * 5)]
LIMITS = [(3136, 12845056), (200704, 1003520), (3136, 23520)]


def _check_version() -> None:
    major, minor = map(int, transformers.__version__.split(".")[:2])
    if not (4, 49) <= (major, minor) < (4, 52):
        raise MissingPart(f"Qwen2.5-VL is read by transformers 4.49 to 4.51, not {transformers.__version__} (later ones "
                          "name the model's parts otherwise); install transformers==4.49.0")


def load_model(point: Checkpoint, device: str) -> torch.nn.Module:
    _check_version()
    load = partial(transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained, point.folder,
                   torch_dtype=torch.float32, attn_implementation="eager")
    return guarded("the model", lambda: load().to(device).eval())


def load_processor(point: Checkpoint):
    processor = guarded("the processor", lambda: transformers.AutoProcessor.from_pretrained(point.folder))
    processor.image_processor = guarded("the image processor", lambda: transformers.AutoImageProcessor.from_pretrained(
        point.folder, use_fast=False))
    return processor


def stop_ids(point: Checkpoint, _processor) -> set[int]:
    named = [point.model.generation_config.eos_token_id, point.config.get("eos_token_id")]
    return {id_ for ids in named if ids is not None for id_ in (ids if isinstance(ids, list) else [ids])}


@contextmanager
def _resized(images: list[Tensor]) -> Iterator[None]:
    """Keeps what the processor's resizing returns."""
    from transformers.models.qwen2_vl import image_processing_qwen2_vl as module

    original = module.resize

    def resize(*given, **named):
        result = original(*given, **named)
        images.append(pixels(result))
        return result

    module.resize = resize
    try:
        yield
    finally:
        module.resize = original


def prepare(processor, picture: Picture) -> tuple[dict, dict[str, Tensor]]:
    resized: list[Tensor] = []
    with _resized(resized):
        made = processor.image_processor(images=[picture.image], return_tensors="pt")
    grid, merge = made["image_grid_thw"], processor.image_processor.merge_size
    height, width, _ = resized[0].shape
    described = {"resized_width": width, "resized_height": height, "grid_thw": grid[0].tolist(),
                 "patches": int(grid.prod()), "image_tokens": int(grid.prod()) // merge**2}
    return described, {"resized": resized[0], "pixel_values": made["pixel_values"], "grid_thw": grid}


def ask(point: Checkpoint, processor, prompt: Prompt) -> Asked:
    shown = [{"type": "image"} for _ in prompt.pictures]
    text = [{"type": "text", "text": prompt.text}]
    messages = [{"role": "user", "content": text + shown if prompt.pictures_last else shown + text}]
    rendered = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    made = processor(text=[rendered], images=[picture.image for picture in prompt.pictures] or None,
                     return_tensors="pt")
    return Asked({key: value.to(point.device) for key, value in made.items()}, {"messages": messages, "text": rendered},
                 {"messages": messages, "options": {"add_generation_prompt": True}, "rendered": rendered},
                 point.config["image_token_id"])


def watch(watch: Watch, dump: Dump, prompt: Prompt) -> None:
    watch.keyword("model", "inputs_embeds", "inputs_embeds")
    watch.keyword("model", "position_ids", "position_ids")
    watch.output("model.rotary_emb", "rope.cos", lambda made: made[0])
    watch.output("model.rotary_emb", "rope.sin", lambda made: made[1])
    if not prompt.pictures:
        return
    watch.output("visual.patch_embed", "vision.patch_embed")
    for layer in dump.layers("visual.blocks"):
        watch.output(f"visual.blocks.{layer}", f"vision.block.{layer}")
    watch.output("visual.merger", "vision.merger_window_order")
    watch.output("visual", "vision.features")


def forward(point: Checkpoint, asked: Asked) -> Tensor:
    return point.model(**asked.inputs, use_cache=False).logits


def _selected(cos: Tensor, sin: Tensor, sections: list[int]) -> dict[str, Tensor]:
    """[S, head_dim] that multiply a query and its rotated half, as the published function picks them."""
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_multimodal_rotary_pos_emb as rotate

    ones = torch.ones(1, 1, cos.shape[2], cos.shape[3], device=cos.device)
    half = cos.shape[3] // 2
    turned = torch.cat([ones[..., :half], -ones[..., half:]], -1)  # whose rotated half is all ones
    return {"rope.cos_selected": rotate(ones, ones, cos, torch.zeros_like(sin), sections)[0][0, 0],
            "rope.sin_selected": rotate(turned, turned, torch.zeros_like(cos), sin, sections)[0][0, 0]}


def _windows(point: Checkpoint, grids: Tensor) -> dict[str, Tensor]:
    visual = point.model.visual
    window_index, offsets = visual.get_window_index(grids)
    pictures = torch.nn.functional.pad((grids[:, 1] * grids[:, 2]).cumsum(0), (1, 0))
    return {"vision.window_index": window_index,
            "vision.cu_window_seqlens": torch.unique_consecutive(torch.tensor(offsets, dtype=torch.int32)),
            "vision.cu_seqlens": pictures.to(torch.int32), "vision.rotary_angles": visual.rot_pos_emb(grids)}


def positions(point: Checkpoint, asked: Asked, seen: dict[str, Tensor]) -> dict[str, Tensor]:
    sections = point.config["rope_scaling"]["mrope_section"]
    tensors = {"rope_deltas": point.model.rope_deltas, **_selected(seen["rope.cos"], seen["rope.sin"], sections)}
    grids = asked.inputs.get("image_grid_thw")
    return tensors if grids is None else tensors | _windows(point, grids)


def answer(point: Checkpoint, asked: Asked, penalty: float):
    point.model.rope_deltas = None
    return point.model.generate(**asked.inputs, do_sample=False, num_beams=1, temperature=None, top_p=None, top_k=None,
                                repetition_penalty=penalty, max_new_tokens=MAX_NEW_TOKENS, output_scores=True,
                                return_dict_in_generate=True)


def add_positions(name: str, prompt: Prompt, dump: Dump) -> None:
    asked = ask(dump.point, dump.processor, prompt)
    ids, deltas = dump.point.model.get_rope_index(input_ids=asked.input_ids,
                                                  image_grid_thw=asked.inputs.get("image_grid_thw"),
                                                  attention_mask=asked.inputs["attention_mask"])
    add_chat(asked, prompt, dump.out)
    dump.out.header.setdefault("rope_index", {})[name] = {"images": prompt.names, **asked.described}
    dump.out.add_tensors(f"rope_index.{name}",
                         {"input_ids": asked.input_ids, "position_ids": ids, "rope_deltas": deltas})


def add_pair(pictures: list[Picture], dump: Dump) -> None:
    made = dump.processor.image_processor(images=[picture.image for picture in pictures], return_tensors="pt")
    features = dump.point.model.visual(made["pixel_values"].to(dump.point.device),
                                       grid_thw=made["image_grid_thw"].to(dump.point.device))
    dump.out.header["vision_pair"] = [picture.name for picture in pictures]
    dump.out.add_tensors("vision_pair", {"features": features})


def further_cases(dump: Dump) -> list:
    pictures, text = dump.pictures, dump.args.prompt
    cases = [("rope_index.image_last", partial(add_positions, "image_last", Prompt(pictures[-1:], text, True), dump))]
    if len(pictures) > 1:
        cases += [("rope_index.two_images", partial(add_positions, "two_images", Prompt(pictures[-2:], text), dump)),
                  ("vision_pair", partial(add_pair, pictures[:2], dump))]
    return cases


def description(_point: Checkpoint, processor) -> dict:
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    image = processor.image_processor
    factor = image.patch_size * image.merge_size
    limits = dict.fromkeys([*LIMITS, (image.min_pixels, image.max_pixels)])
    rows = [[*size, *limit, *smart_resize(*size, factor, *limit)] for size in SIZES if min(size) >= factor
            for limit in limits]
    return {"smart_resize_table": {"columns": ["height", "width", "min_pixels", "max_pixels", "resized_height",
                                               "resized_width"], "factor": factor, "rows": rows}}
