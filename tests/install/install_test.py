#!/usr/bin/env python3
"""An installed suite works for people who never saw its sources: the program from any folder, the library for a program of theirs."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

BUILD = Path(os.environ["FREEACT_BUILD"])
EXAMPLE = Path("share") / "doc" / "freeact" / "examples" / "quantise_layer"


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        staged, cls.prefix = Path(folder.name) / "staged", Path(folder.name) / "prefix"
        installed = run("cmake", "--install", BUILD, "--prefix", staged)
        if installed.returncode != 0:
            raise AssertionError(installed.stderr)
        staged.rename(cls.prefix)  # as a package would be unpacked elsewhere

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.elsewhere = Path(folder.name).resolve()

    def freeact(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if name != "FREEACT_HOME"}
        return run(self.prefix / "bin" / "freeact", *arguments, cwd=self.elsewhere, env=environment)

    def succeeds(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def experiments(self):
        return [json.loads(line)["name"] for line in self.succeeds(self.freeact("list", "experiments", "--json")).splitlines()]

    def test_a_program_quantises_a_layer_with_the_library(self):
        build = self.elsewhere / "example"
        self.succeeds(run("cmake", "-G", "Ninja", "-S", self.prefix / EXAMPLE, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}"))
        self.succeeds(run("cmake", "--build", build))
        errors = dict(line.split() for line in self.succeeds(run(build / "quantise_layer")).splitlines())
        self.assertLess(0, float(errors["Hadamard"]))
        self.assertLess(float(errors["Hadamard"]), float(errors["RTN"]))
        self.assertLess(float(errors["RTN"]), 1)

    def test_the_program_plans_an_experiment_from_any_folder(self):
        self.assertIn("smoke", self.experiments())
        plan = self.freeact("run", "smoke", "method=rtn", "seed=1", "--dry-run")
        self.assertIn("rtn", self.succeeds(plan) + plan.stderr)

    def test_results_go_to_the_working_folder(self):
        missing = self.freeact("report")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn(str(self.elsewhere / "results" / "local" / "results.db"), missing.stderr)

    def test_paths_of_the_users_count_from_the_working_folder(self):
        (self.elsewhere / "mine").mkdir()
        mine = self.freeact("run", "smoke", "method=saved", "quant=w4a4", "model.path=mine", "seed=1")
        self.assertEqual(mine.returncode, 2)
        self.assertIn(str(self.elsewhere / "mine"), mine.stderr)

    def test_a_project_in_the_working_folder_comes_first(self):
        own = self.elsewhere / "experiments"
        own.mkdir()
        (own / "config.yaml").write_text("seed: 1\n")
        (own / "mine.yaml").write_text("description: mine\n")
        self.assertEqual(self.experiments(), ["mine"])

    def test_data_import_finds_its_tools(self):
        for tool in ("import_bible", "import_choices", "import_smollm2", "convert_smollm2.py"):
            self.assertTrue(os.access(self.prefix / "share" / "freeact" / "tools" / tool, os.X_OK), tool)

    def test_shells_find_the_scripts_that_the_program_prints(self):
        for shell, path in (("bash", "bash-completion/completions/freeact"), ("zsh", "zsh/site-functions/_freeact"),
                            ("fish", "fish/vendor_completions.d/freeact.fish")):
            script = (self.prefix / "share" / path).read_text()
            self.assertEqual(self.succeeds(self.freeact("completion", shell)), script)


if __name__ == "__main__":
    unittest.main()
