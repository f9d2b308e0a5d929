#!/usr/bin/env python3
"""The patches of tools/seeded_defects still fit the sources that they break."""
import subprocess
import sys
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
tool = SourceFileLoader("seeded_defects", str(ROOT / "tools" / "seeded_defects")).load_module()


class SeededDefects(unittest.TestCase):
    def test_every_patch_changes_its_source(self):
        patches = sorted(tool.DEFECTS.glob("*.patch"))
        self.assertEqual(len(patches), 5)
        for patch in patches:
            with self.subTest(patch.stem), TemporaryDirectory() as folder:
                copy = tool.apply_patch(patch, Path(folder))
                self.assertNotEqual(copy.read_text(), (ROOT / tool.patched_file(patch)).read_text())

    def test_an_unknown_defect_is_refused(self):
        result = subprocess.run([ROOT / "tools" / "seeded_defects", "floor"], capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("floor_rounding", result.stderr)


if __name__ == "__main__":
    unittest.main()
