#!/usr/bin/env python3
"""The manual page has every verb, and a formatter finds nothing to complain about."""
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

FREEACT = Path(os.environ["FREEACT_BUILD"]) / "freeact"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "freeact.1"


class ManualTest(unittest.TestCase):
    def test_has_every_verb(self):
        help_text = subprocess.run([FREEACT, "--help"], capture_output=True, text=True, check=True).stdout
        verbs = re.findall(r"^  (\w+) ", help_text.split("Subcommands:")[1].split("Exit codes")[0], re.MULTILINE)
        self.assertGreater(len(verbs), 10)
        documented = re.findall(r"^\.TP\n\.(?:B|BI|BR) (\w+)", PAGE.read_text(), re.MULTILINE)
        self.assertEqual(set(verbs) - set(documented), set())

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_is_well_formed(self):
        check = subprocess.run(["groff", "-man", "-ww", "-z", PAGE], capture_output=True, text=True, check=False)
        self.assertEqual(check.stderr, "")


if __name__ == "__main__":
    unittest.main()
