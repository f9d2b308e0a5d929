#!/usr/bin/env python3
"""tools/tidy turns GCC's compile commands into ones that clang can parse."""
import importlib.machinery
import importlib.util
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).resolve().parent.parent.parent / "tools" / "tidy"


def load_tidy():
    loader = importlib.machinery.SourceFileLoader("tidy", str(TIDY))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


class ClangArgumentsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tidy = load_tidy()
        self.tidy.OUT = Path(folder.name) / "out"
        self.tidy.OUT.mkdir()
        self.folder = Path(folder.name)

    def header(self, room, text):
        path = self.folder / room / "cmake_pch.hxx"
        path.parent.mkdir()
        path.write_text(text)
        return path

    def test_each_precompiled_header_is_replaced_by_a_plain_copy(self):
        texts = {"plain": "#include <string>\n", "torch": "#include <ATen/ATen.h>\n"}
        headers = {room: self.header(room, text) for room, text in texts.items()}
        results = {room: self.tidy.clang_arguments(["g++", "-Winvalid-pch", "-include", str(header), "-c", "a.cpp"])
                   for room, header in headers.items()}
        for room, result in results.items():
            self.assertEqual((result[:2], result[3:5]), (["g++", "-include"], ["-c", "a.cpp"]))
            self.assertEqual(Path(result[2]).read_text(), texts[room])
            self.assertTrue(Path(result[2]).is_relative_to(self.tidy.OUT))

    def test_launchers_before_the_compiler_go(self):
        result = self.tidy.clang_arguments(["cmake", "-E", "env", "CCACHE_SLOPPINESS=pch", "ccache", "/usr/bin/g++-12", "-c", "a.cpp"])
        self.assertEqual(result[:3], ["/usr/bin/g++-12", "-c", "a.cpp"])


if __name__ == "__main__":
    unittest.main()
