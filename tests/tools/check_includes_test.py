#!/usr/bin/env python3
"""tools/check_includes finds planted violations of the real table and accepts what the table allows."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent


class CheckIncludesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "docs").mkdir()
        shutil.copy(SOURCE / "docs" / "design.md", self.root / "docs")
        for header in ("src/util/error.h", "src/ops/ops.h", "src/quant/site.h", "src/model/decoder.h", "src/store/store.h",
                       "src/report/report.h", "src/app/verbs.h", "baselines/rtn/rtn.h"):
            self.write(header, "#pragma once\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def check(self):
        return subprocess.run([SOURCE / "tools" / "check_includes", "--root", self.root], capture_output=True, text=True,
                              check=False)

    def assert_fault(self, place, included):
        run = self.check()
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(place, run.stdout)
        self.assertIn(f"may not include {included} ", run.stdout)
        self.assertEqual(run.stdout.count("\n"), 1, "one violation was planted")

    def test_accepts_allowed_arrows_and_foreign_headers(self):
        self.write("src/quant/site.cpp", '#include "quant/site.h"\n#include <vector>\n#include "ops/ops.h"\n#include "util/error.h"\n')
        self.write("src/app/main.cpp", '#include "report/report.h"\n#include "baselines/rtn/rtn.h"\n#include <CLI/CLI.hpp>\n')
        run = self.check()
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    def test_finds_an_arrow_upwards_and_names_its_line(self):
        self.write("src/quant/site.cpp", '#include "quant/site.h"\n\n#include "model/decoder.h"\n')
        self.assert_fault("src/quant/site.cpp:3:", "model")

    def test_finds_an_arrow_written_with_angle_brackets(self):
        self.write("src/ops/fast.cpp", "#include <quant/site.h>\n")
        self.assert_fault("src/ops/fast.cpp:1:", "quant")

    def test_finds_an_arrow_written_as_a_relative_path(self):
        self.write("src/ops/fast.cpp", '#include "../quant/site.h"\n')
        self.assert_fault("src/ops/fast.cpp:1:", "quant")

    def test_baselines_never_include_each_other(self):
        self.write("baselines/quarot/quarot.cpp", '#include "baselines/rtn/rtn.h"\n')
        self.assert_fault("baselines/quarot/quarot.cpp:1:", "rtn")

    def test_all_but_excludes_the_named_rooms(self):
        self.write("src/verify/verify.cpp", '#include "model/decoder.h"\n#include "store/store.h"\n')
        self.assert_fault("src/verify/verify.cpp:2:", "store")

    def test_refuses_a_room_that_the_table_lacks(self):
        self.write("src/attic/old.cpp", "\n")
        run = self.check()
        self.assertEqual(run.returncode, 1)
        self.assertIn("src/attic/old.cpp:1: the room src/attic/ is not in the table", run.stdout)

    def test_refuses_a_table_that_names_an_unknown_room(self):
        table = (self.root / "docs" / "design.md").read_text().replace("| `ops` |", "| `opps` |", 1)
        (self.root / "docs" / "design.md").write_text(table)
        run = self.check()
        self.assertEqual(run.returncode, 2)
        self.assertIn("unknown room opps", run.stderr)


if __name__ == "__main__":
    unittest.main()
