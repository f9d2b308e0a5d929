#!/usr/bin/env python3
"""tools/dump_reference.py explains itself and refuses wrong input without torch, and makes a folder that holds the
reference beside links to the checkpoint. What needs a model is held by `freeact verify` on what the program writes."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOLS))
from reference_dump import errors, folder, texts, tokens, tolerance  # noqa: E402


class TemporaryFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.checkpoint = self.root / "checkpoint"
        self.checkpoint.mkdir()
        self.config('{"model_type": "llada"}')

    def config(self, text):
        (self.checkpoint / "config.json").write_text(text)


class CommandLineTest(TemporaryFolder):
    def dump(self, *arguments):
        """Runs it with a Python in which torch cannot be imported."""
        (self.root / "torch.py").write_text("raise ImportError('No module named torch')")
        return subprocess.run([sys.executable, TOOLS / "dump_reference.py", *map(str, arguments)], capture_output=True,
                              env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"},
                              text=True, check=False)

    def refuses(self, code, message, *arguments):
        run = self.dump(*arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertRegex(run.stderr, rf"\A[^\n]*{message}[^\n]*\n\Z")

    def test_help_needs_no_torch_and_names_memory(self):
        run = self.dump("--help")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("32 GB in float32", run.stdout)

    def test_refuses_what_is_no_checkpoint(self):
        self.refuses(2, "is no folder", self.root / "missing", self.root / "out")
        (self.checkpoint / "config.json").unlink()
        self.refuses(2, "has no config.json", self.checkpoint, self.root / "out")

    def test_refuses_a_broken_configuration(self):
        self.config('{"model_type": ')
        self.refuses(2, "is no JSON", self.checkpoint, self.root / "out")

    def test_names_the_near_family(self):
        self.config('{"model_type": "lada"}')
        self.refuses(2, "did you mean 'llada'", self.checkpoint, self.root / "out")

    def test_says_that_torch_is_missing(self):
        self.refuses(3, "No module named torch.*install torch", self.checkpoint, self.root / "out")
        self.assertFalse((self.root / "out").exists())


    def test_names_the_code_that_was_not_downloaded(self):
        self.config('{"model_type": "llada", "auto_map": {"AutoModel": "modeling_llada.LLaDAModelLM"}}')
        self.refuses(2, "has no modeling_llada.py", self.checkpoint, self.root / "out")

    def test_models_that_see_are_shown_pictures_and_others_are_not(self):
        picture = self.root / "picture.png"
        picture.touch()
        self.refuses(2, "a llada model sees no pictures", self.checkpoint, self.root / "out", "--image", picture)
        self.config('{"model_type": "qwen2_5_vl"}')
        self.refuses(2, "name at least one picture with --image", self.checkpoint, self.root / "out")
        self.refuses(2, "missing.png' is no file", self.checkpoint, self.root / "out", "--image", picture,
                     self.root / "missing.png")
        self.refuses(2, "in float32 only", self.checkpoint, self.root / "out", "--image", picture,
                     "--dtype", "bfloat16")
        self.refuses(3, "No module named torch.*pillow", self.checkpoint, self.root / "out", "--image", picture)


class FolderTest(TemporaryFolder):
    def names(self, out):
        return sorted(file.name for file in out.iterdir())

    def test_links_what_the_suite_reads(self):
        for name in ("model.safetensors", "merges.txt", "modeling_llada.py", "README.md", "io.json", "weights.bin"):
            (self.checkpoint / name).touch()
        out = self.root / "new" / "out"
        folder.prepare(out, self.checkpoint)
        folder.link_checkpoint(out, self.checkpoint)
        self.assertEqual(self.names(out), ["config.json", "merges.txt", "model.safetensors"])
        self.assertEqual(json.loads((out / "config.json").read_text())["model_type"], "llada")

    def test_links_of_another_checkpoint_go(self):
        out = self.root / "out"
        out.mkdir()
        (out / "vocab.json").symlink_to(self.root / "gone")
        folder.prepare(out, self.checkpoint)
        folder.link_checkpoint(out, self.checkpoint)
        self.assertEqual(self.names(out), ["config.json"])

    def test_the_checkpoint_itself_may_be_the_folder(self):
        folder.prepare(self.checkpoint, self.checkpoint)
        folder.link_checkpoint(self.checkpoint, self.checkpoint)
        self.assertFalse((self.checkpoint / "config.json").is_symlink())

    def test_refuses_to_mix_two_checkpoints(self):
        other = self.root / "other"
        other.mkdir()
        (other / "config.json").touch()
        with self.assertRaises(errors.UserFault):
            folder.prepare(other, self.checkpoint)


class ByteVocabulary:
    """A tokenizer with a token for each byte but one."""

    def get_vocab(self):
        return {letter: id_ for id_, letter in enumerate(tokens.byte_letters()) if id_ != 0xFE}


class CasesTest(unittest.TestCase):
    def test_byte_letters_are_those_of_byte_level_vocabularies(self):
        letters = tokens.byte_letters()
        self.assertEqual(len(set(letters)), 256)
        self.assertEqual([letters[byte] for byte in b" \n!\x7f\xad\xe4"], ["Ġ", "Ċ", "!", "ġ", "Ń", "ä"])

    def test_broken_text_reaches_the_ids_byte_by_byte(self):
        self.assertEqual(tokens.ids_of_bytes(ByteVocabulary(), b"\xe4\xb8A"), [0xE4, 0xB8, 0x41])
        self.assertIsNone(tokens.ids_of_bytes(ByteVocabulary(), b"A\xfe"))

    def test_each_broken_text_but_one_is_no_utf8(self):
        valid = [data for data in tokens.BROKEN if "\ufffd" not in bytes.fromhex(data).decode("utf-8", "replace")]
        self.assertEqual(valid, ["f09f9880"])  # whole, but in four tokens

    def test_texts_differ(self):
        for group in (texts.ENCODE, texts.PROMPTS):
            self.assertEqual(len(set(group)), len(group))

    def test_tolerances_grow_only_beyond_the_size_they_were_set_for(self):
        self.assertEqual(tolerance.bound(3), 2e-4)
        self.assertAlmostEqual(tolerance.bound(1500), 2e-2)


if __name__ == "__main__":
    unittest.main()
