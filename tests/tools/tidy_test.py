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
        self.header = Path(folder.name) / "cmake_pch.hxx"
        self.header.write_text("#include <ATen/ATen.h>\n")

    def test_the_precompiled_header_is_replaced_by_a_plain_copy(self):
        result = self.tidy.clang_arguments(["g++", "-Winvalid-pch", "-include", str(self.header), "-c", "a.cpp"])
        copy = self.tidy.OUT / "cmake_pch.hxx"
        self.assertEqual(result[:5], ["g++", "-include", str(copy), "-c", "a.cpp"])
        self.assertEqual(copy.read_text(), self.header.read_text())

    def test_launchers_before_the_compiler_go(self):
        result = self.tidy.clang_arguments(["cmake", "-E", "env", "CCACHE_SLOPPINESS=pch", "ccache", "/usr/bin/g++-12", "-c", "a.cpp"])
        self.assertEqual(result[:3], ["/usr/bin/g++-12", "-c", "a.cpp"])


if __name__ == "__main__":
    unittest.main()
