#!/usr/bin/env python3
"""tools/select_golden keeps of a reference folder what its expression names, whole or in parts, and no texts."""
import json
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "select_golden"
TENSORS = ["image.dot.rgb", "image.dot.pixel_values", "image.line.rgb", "one.logits", "one.block0.q.input",
           "one_more.logits", "rope_index.late.input_ids", "rope_index.two.input_ids", "vision_pair.features"]
DESCRIPTION = {
    "special_ids": {"eos": 1, "<|image_pad|>": 2, "<|im_start|>": 3},
    "images": {"dot": {"width": 1}, "line": {"width": 9}},
    "cases": {"one": {"images": ["dot"], "text": "What is it?"}, "one_more": {"images": []}},
    "rope_index": {"late": {"images": ["dot"], "messages": []}, "two": {"images": ["dot", "line"]}},
    "vision_pair": ["dot", "line"],
    "aliases": {"one.block0.k.input": "one.block0.q.input", "one_more.block0.k.input": "one_more.block0.q.input"},
    "files": {"config.json": "00"},
    "table": {"rows": [[1, 2]]},
    "tensors": {name: {"shape": [1]} for name in TENSORS},
}


def write_tensors(path):
    header = {name: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, name in enumerate(TENSORS)}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(range(len(TENSORS))))


def read_tensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    return {name: data[8 + length + about["data_offsets"][0]] for name, about in header.items()}


class SelectGoldenTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.source, self.target = Path(temporary.name) / "source", Path(temporary.name) / "target"
        self.source.mkdir()
        (self.source / "io.json").write_text(json.dumps(DESCRIPTION))
        write_tensors(self.source / "io.safetensors")
        for name in ("config.json", "generation_config.json", "preprocessor_config.json", "model.safetensors",
                     "tokenizer.json"):
            (self.source / name).write_text(name)

    def select(self, expression):
        run = subprocess.run([TOOL, self.source, self.target, expression], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads((self.target / "io.json").read_text()), read_tensors(self.target / "io.safetensors")

    def test_keeps_cases_groups_and_single_outputs(self):
        io, tensors = self.select(r"one|image\.dot|image\.line\.rgb|rope_index\.two")
        self.assertEqual(tensors, {name: TENSORS.index(name) for name in (
            "image.dot.rgb", "image.dot.pixel_values", "image.line.rgb", "one.logits", "one.block0.q.input",
            "rope_index.two.input_ids")})
        self.assertEqual(set(io["tensors"]), set(tensors))
        self.assertEqual(list(io["cases"]), ["one"])
        self.assertEqual(list(io["rope_index"]), ["two"])
        self.assertEqual(list(io["aliases"]), ["one.block0.k.input"])
        self.assertNotIn("vision_pair", io)

    def test_pictures_without_a_kept_output_are_not_described(self):
        io, tensors = self.select(r"one|image\.dot\.rgb|vision_pair")
        self.assertEqual(list(io["images"]), ["dot"])
        self.assertNotIn("image.dot.pixel_values", tensors)
        self.assertEqual(io["vision_pair"], ["dot", "line"])

    def test_texts_tokens_and_tokenizers_stay_out(self):
        io, _ = self.select(r"one|rope_index\.late")
        self.assertEqual(io["cases"], {"one": {"images": ["dot"]}})
        self.assertEqual(io["rope_index"], {"late": {"images": ["dot"]}})
        self.assertEqual(io["special_ids"], {"eos": 1, "<|image_pad|>": 2})
        self.assertEqual(sorted(file.name for file in self.target.iterdir()),
                         ["config.json", "generation_config.json", "io.json", "io.safetensors", "model.safetensors",
                          "preprocessor_config.json"])

    def test_refuses_an_expression_that_names_no_case(self):
        run = subprocess.run([TOOL, self.source, self.target, "image"], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("no case matches 'image'", run.stderr)


if __name__ == "__main__":
    unittest.main()
