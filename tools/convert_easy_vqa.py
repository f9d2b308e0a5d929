"""easy-VQA's wheel as a data set: layout.json, {train,calibration,test}.jsonl, images/{train,test}/NUMBER.png, LICENSE.

    convert_easy_vqa.py easy_vqa-1.0-py3-none-any.whl FOLDER

The calibration items are the questions of the last 100 training pictures, which train.jsonl leaves out.
"""

import json
import pathlib
import sys
import zipfile

CALIBRATION_PICTURES = 100


def questions_by_picture(wheel, part):
    pictures = {}
    for question, answer, picture in json.loads(wheel.read(f"easy_vqa/data/{part}/questions.json")):
        item = {"input": question, "answer": answer, "images": [f"images/{part}/{picture}.png"]}
        pictures.setdefault(picture, []).append(item)
    return [pictures[picture] for picture in sorted(pictures)]


def in_turn(pictures):
    """The first question of each picture, then the second ones: any first part of the list has many pictures."""
    longest = max(len(items) for items in pictures)
    return [items[turn] for turn in range(longest) for items in pictures if turn < len(items)]


def write_lines(path, items):
    path.write_text("".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items))


def write_images(wheel, part, folder):
    out = folder / "images" / part
    out.mkdir(parents=True, exist_ok=True)
    for name in wheel.namelist():
        if name.startswith(f"easy_vqa/data/{part}/images/") and name.endswith(".png"):
            (out / pathlib.PurePosixPath(name).name).write_bytes(wheel.read(name))


def main(wheel_path, folder):
    with zipfile.ZipFile(wheel_path) as wheel:
        train = questions_by_picture(wheel, "train")
        kept, calibration = train[:-CALIBRATION_PICTURES], train[-CALIBRATION_PICTURES:]
        write_lines(folder / "train.jsonl", [item for items in kept for item in items])
        write_lines(folder / "calibration.jsonl", in_turn(calibration))
        write_lines(folder / "test.jsonl", in_turn(questions_by_picture(wheel, "test")))
        for part in ("train", "test"):
            write_images(wheel, part, folder)
        (folder / "LICENSE").write_bytes(wheel.read("easy_vqa-1.0.dist-info/LICENSE"))
    layout = {"text": "{input}{answer}", "blank": "", "length": 0}
    (folder / "layout.json").write_text(json.dumps(layout, indent=2) + "\n")


main(sys.argv[1], pathlib.Path(sys.argv[2]))
