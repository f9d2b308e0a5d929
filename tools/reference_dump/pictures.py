"""Pictures that a prompt shows: read as the reference reads them, and kept beside what it makes of them."""
from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy
import PIL
import torch
from PIL import Image
from torch import Tensor

from .errors import MissingPart, UserFault

FORMATS = {"PNG": ".png", "JPEG": ".jpg"}  # what the suite decodes
NEW_PILLOW = 13  # from here on it may resize in another order, which is not what was published


@dataclass
class Picture:
    name: str  # in the names of tensors, which a dot would cut
    source: Path
    image: Image.Image

    @property
    def file(self) -> str:
        return f"images/{self.name}{FORMATS[self.image.format]}"

    @property
    def rgb(self) -> Image.Image:
        """Alpha is dropped, and the orientation of EXIF ignored."""
        return self.image.convert("RGB")

    def described(self) -> dict:
        return {"file": self.file, "pil_mode": self.image.mode, "width": self.image.width,
                "height": self.image.height}


def pixels(image) -> Tensor:
    """uint8 [H,W,3] of a PIL image or an array."""
    return torch.from_numpy(numpy.array(image))


def _open(source: Path) -> Image.Image:
    try:
        image = Image.open(source)
        image.load()
    except (OSError, SyntaxError, ValueError) as error:  # Pillow reports broken PNG files as SyntaxError
        raise UserFault(f"--image '{source}' cannot be read: {' '.join(str(error).split())[:200]}") from None
    if image.format not in FORMATS:
        raise UserFault(f"--image '{source}' is {image.format}; the suite reads {' and '.join(FORMATS)}")
    if image.mode == "CMYK":
        raise UserFault(f"--image '{source}' is a JPEG in CMYK, which the suite does not decode; convert it to RGB")
    return image


def _names(sources: list[Path]) -> list[str]:
    names: list[str] = []
    for source in sources:
        stem = re.sub(r"\W", "_", source.stem, flags=re.ASCII) or "image"
        again = 2
        name = stem
        while name in names:
            name, again = f"{stem}_{again}", again + 1
        names.append(name)
    return names


def read_pictures(sources: list[Path]) -> list[Picture]:
    if int(PIL.__version__.split(".")[0]) >= NEW_PILLOW:
        raise MissingPart(f"Pillow {PIL.__version__} resizes in another order than that of the published results; "
                          f"install one below {NEW_PILLOW}")
    return [Picture(name, source, _open(source)) for name, source in zip(_names(sources), sources)]


def copy_pictures(out: Path, pictures: list[Picture]) -> None:
    (out / "images").mkdir(exist_ok=True)
    for picture in pictures:
        target = out / picture.file
        if target.resolve() != picture.source.resolve():
            target.unlink(missing_ok=True)
            shutil.copyfile(picture.source, target)
