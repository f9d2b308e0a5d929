#!/usr/bin/env python3
"""The pages that are followed mean what their readers take them for."""
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

sys.dont_write_bytecode = True
import page  # noqa: E402  (no bytecode beside the sources)


class Page(unittest.TestCase):
    def steps(self, text):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "page.md"
            path.write_text(text)
            return [(step.kind, step.path, step.text) for step in page.read_page(path)]

    def test_blocks_become_steps_in_their_order(self):
        text = "Write\n\n`a/b.yaml`:\n\n```yaml\nx: 1\n```\n\n```sh\ntrue\n```\n\n`c.cpp`:\n\n```diff\n+d\n e\n```\n\n```text\n1\n```\n"
        self.assertEqual(self.steps(text), [("write", "a/b.yaml", "x: 1\n"), ("run", "", "true\n"),
                                            ("change", "c.cpp", "+d\n e\n"), ("shows", "", "1\n")])

    def test_a_block_for_no_file_is_refused(self):
        with self.assertRaisesRegex(page.PageError, "int x;"):
            self.steps("See `a.cpp` for\n\n```cpp\nint x;\n```\n")

    def test_a_change_needs_one_place(self):
        self.assertEqual(page.changed("a\nb\nc\n", " a\n-b\n+B\n", "f"), "a\nB\nc\n")
        self.assertEqual(page.changed("a\n\nc\n", " a\n\n+b\n c\n", "f"), "a\n\nb\nc\n")
        for text in ("a\nx\n", "a\nb\na\nb\n"):
            with self.assertRaisesRegex(page.PageError, "^f: [02] places"):
                page.changed(text, " a\n-b\n+B\n", "f")

    def test_what_is_shown_may_differ_in_numbers_marks_and_layout_alone(self):
        printed = "run 7\n\n          sort\nRTN      65.0*\nQuaRot   60.0+\n"
        self.assertIsNone(page.missing_line("sort\nRTN  1.0\n", printed))
        self.assertEqual(page.missing_line("sort\nFlatQuant 65.0\n", printed), "FlatQuant 65.0")
        self.assertEqual(page.missing_line("RTN 1\nsort\n", printed), "sort")

    def test_a_file_is_not_written_twice(self):
        with TemporaryDirectory() as folder:
            step = page.Step("write", "text\n", "a/b")
            page.write(step, folder)
            self.assertEqual((Path(folder) / "a/b").read_text(), "text\n")
            with self.assertRaisesRegex(page.PageError, "a/b"):
                page.write(step, folder)


if __name__ == "__main__":
    unittest.main()
