"""Questions about pictures, and what every family that sees keeps of them."""
from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from .folder import ReferenceSet
from .pictures import Picture

MAX_NEW_TOKENS = 16


@dataclass
class Prompt:
    """One question. pictures come in the order in which it shows them."""

    pictures: list[Picture]
    text: str
    pictures_last: bool = False

    @property
    def names(self) -> list[str]:
        return [picture.name for picture in self.pictures]


@dataclass
class Asked:
    """A prompt as the model's own code prepares it; inputs are the keyword arguments of its forward and generate."""

    inputs: dict[str, Tensor]
    described: dict  # for the case in io.json
    chat: dict = field(default_factory=dict)  # for the conversation in tokenizer_cases.json
    feature_id: int = -1  # the token that features replace

    @property
    def input_ids(self) -> Tensor:
        return self.inputs["input_ids"]


def add_chat(asked: Asked, prompt: Prompt, out: ReferenceSet) -> None:
    """The conversation with its pictures, where tokenizer cases were asked for."""
    if out.tokenizer_cases is not None:
        case = {**asked.chat, "images": prompt.names, "ids": asked.input_ids[0].tolist()}
        out.tokenizer_cases.setdefault("chat", []).append(case)
