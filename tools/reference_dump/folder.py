"""The folder that `freeact verify` reads: the reference outputs, and links to the files of the checkpoint."""
from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MissingPart, UserFault

if TYPE_CHECKING:
    from torch import Tensor

IO_JSON, IO_TENSORS, TOKENIZER_CASES = "io.json", "io.safetensors", "tokenizer_cases.json"
OWN_FILES = {IO_JSON, IO_TENSORS, TOKENIZER_CASES}
# What the suite reads of a checkpoint. Remote code, README files and weights in other formats are not linked.
LINKED = re.compile(r".*\.(json|safetensors|jinja)|merges\.txt|tokenizer\.model")


def prepare(out: Path, checkpoint: Path) -> None:
    """Makes OUT, and refuses one whose own model files a link would hide."""
    if out.exists() and not out.is_dir():
        raise UserFault(f"'{out}' is a file; OUT must be a folder")
    foreign = out / "config.json"
    if foreign.is_file() and not foreign.is_symlink() and out.resolve() != checkpoint.resolve():
        raise UserFault(f"'{out}' holds another checkpoint; name an empty or a new folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MissingPart(f"cannot make '{out}': {error.strerror}") from None


def link_checkpoint(out: Path, checkpoint: Path) -> None:
    """Links the checkpoint's files into OUT; links of an earlier dump of another checkpoint go."""
    if out.resolve() == checkpoint.resolve():
        return
    for old in out.iterdir():
        if old.is_symlink():
            old.unlink()
    for file in sorted(checkpoint.iterdir()):
        if file.is_file() and LINKED.fullmatch(file.name) and file.name not in OWN_FILES:
            (out / file.name).symlink_to(file.resolve())


def write_json(path: Path, value: object) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    os.replace(partial, path)


class ReferenceSet:
    """Collects cases. A tensor is named CASE.ROLE; io.json says what each case is."""

    def __init__(self) -> None:
        self.cases: dict[str, dict] = {}
        self.left_out: dict[str, str] = {}
        self.tensors: dict[str, Tensor] = {}
        self.descriptions: dict[str, str] = {}  # of tensors, where a reader of the set needs one
        self.header: dict = {}  # of io.json, what concerns no single case
        self.tokenizer_cases: dict | None = None
        self.largest = {"logits": 0.0, "hidden": 0.0, "block0": 0.0}  # absolute values, for the tolerances

    def add(self, name: str, settings: dict, tensors: dict[str, Tensor]) -> None:
        self.cases[name] = settings
        self.add_tensors(name, tensors)

    def add_tensors(self, name: str, tensors: dict[str, Tensor]) -> None:
        for role, tensor in tensors.items():
            self.tensors[f"{name}.{role}"] = tensor.detach().cpu().contiguous().clone()

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out[name] = reason

    def note_size(self, kind: str, tensor: Tensor) -> None:
        self.largest[kind] = max(self.largest[kind], tensor.abs().max().item())

    def save(self, out: Path, header: dict) -> None:
        """Replaces what an earlier dump left in the folder."""
        from safetensors.torch import save_file

        described = {name: {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
                     for name, tensor in self.tensors.items()}
        for name, text in self.descriptions.items():
            described[name]["description"] = text
        partial = out / (IO_TENSORS + ".partial")
        partial.touch()  # with the user's permissions; save_file alone lets nobody else read
        mode = partial.stat().st_mode
        save_file(self.tensors, partial)
        partial.chmod(mode)
        os.replace(partial, out / IO_TENSORS)
        (out / TOKENIZER_CASES).unlink(missing_ok=True)
        if self.tokenizer_cases is not None:
            write_json(out / TOKENIZER_CASES, self.tokenizer_cases)
        write_json(out / IO_JSON, {**header, **self.header, "cases": self.cases, "left_out": self.left_out,
                                   "tensors": described})
