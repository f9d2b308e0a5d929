#!/usr/bin/env python3
"""tools/setup tells a usable machine from one that lacks something. Nothing is installed or downloaded: the programs it would use for that are
stand-ins at the front of PATH."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parent.parent.parent / "tools" / "setup"
ALL_INSTALLED = 'shift 2; for package in "$@"; do echo "$package installed"; done'
NO_NETWORK = "echo no network >&2; exit 1"


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.cache = self.root / "cache" / "freeact" / "torch-2.11.0"
        self.program("dpkg-query", ALL_INSTALLED)
        self.program("apt-get", 'echo "$@" >> "$CALLS"')
        self.program("sudo", '"$@"')
        self.program("python3", NO_NETWORK)

    def program(self, name, script):
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def torch(self, folder, minor=11):
        """A folder that looks like LibTorch 2.`minor`; the library is any real one, so that ldd finds all it needs."""
        header = folder / "include" / "torch" / "headeronly" / "version.h"
        header.parent.mkdir(parents=True)
        header.write_text(f"#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {minor}\n#define TORCH_VERSION_PATCH 0\n")
        (folder / "lib").mkdir()
        shutil.copy(shutil.which("true"), folder / "lib" / "libtorch_cpu.so")
        return folder

    def setup_with(self, path=None, **environment):
        search = path or f"{self.root / 'bin'}:{os.environ['PATH']}"
        environment = {"PATH": search, "HOME": str(self.root), "XDG_CACHE_HOME": str(self.root / "cache"),
                       "CALLS": str(self.root / "calls"), **environment}
        return subprocess.run(["/bin/bash", SETUP], env=environment, capture_output=True, text=True, check=False)

    def calls(self):
        path = self.root / "calls"
        return path.read_text() if path.exists() else ""

    def test_recognises_what_is_there_and_does_nothing(self):
        self.torch(self.cache / "torch")
        run = self.setup_with()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(f"ready; LibTorch 2.11 in {self.cache}/torch", run.stderr)
        self.assertEqual(self.calls(), "")

    def test_installs_only_the_missing_packages(self):
        self.torch(self.cache / "torch")
        self.program("dpkg-query", ALL_INSTALLED.replace("do echo", "do [ $package = ccache ] || echo"))
        run = self.setup_with()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("installing Debian packages: ccache\n", run.stderr)
        update, install = self.calls().splitlines()
        self.assertTrue(update.startswith("update"))
        self.assertTrue(install.endswith(" ccache"), install)

    def test_a_removed_package_counts_as_missing(self):
        self.torch(self.cache / "torch")
        self.program("dpkg-query", ALL_INSTALLED.replace("installed", "config-files"))
        self.assertIn("installing Debian packages: cmake ninja-build", self.setup_with().stderr)

    def test_says_so_without_root_and_sudo(self):
        self.program("dpkg-query", "true")
        self.program("id", "echo 1000")
        (self.root / "bin" / "sudo").unlink()
        for name in ("bash", "dirname", "basename", "grep", "cat"):
            os.symlink(shutil.which(name), self.root / "bin" / name)
        run = self.setup_with(path=str(self.root / "bin"))
        self.assertEqual(run.returncode, 3)
        self.assertRegex(run.stderr, r"\Asetup: neither root nor sudo; .*apt-get install cmake [^\n]*\n\Z")

    def test_takes_a_torch_folder_of_the_user(self):
        own = self.torch(self.root / "own")
        run = self.setup_with(FREEACT_TORCH=str(own))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(f"in {own}\n", run.stderr)
        self.assertFalse(self.cache.exists())

    def test_refuses_a_folder_that_is_no_torch(self):
        run = self.setup_with(FREEACT_TORCH=str(self.root))
        self.assertEqual(run.returncode, 3)
        self.assertIn("holds no lib/libtorch_cpu.so", run.stderr)

    def test_refuses_another_version(self):
        run = self.setup_with(FREEACT_TORCH=str(self.torch(self.root / "own", minor=9)))
        self.assertEqual(run.returncode, 3)
        self.assertIn("it is LibTorch 2.9, but 2.11 is needed", run.stderr)

    def test_refuses_a_library_that_cannot_be_loaded(self):
        own = self.torch(self.root / "own")
        self.program("ldd", "echo '  libcudart.so.13 => not found'")
        run = self.setup_with(FREEACT_TORCH=str(own))
        self.assertEqual(run.returncode, 3)
        self.assertIn("does not find libcudart.so.13", run.stderr)

    def test_a_failed_download_leaves_no_torch_behind(self):
        run = self.setup_with()
        self.assertEqual(run.returncode, 3)
        self.assertFalse(self.cache.exists())

    def test_a_full_disk_is_told_before_the_download(self):
        self.program("df", "echo Avail; echo 300M")
        run = self.setup_with()
        self.assertEqual(run.returncode, 3)
        self.assertIn("300 MB are free", run.stderr)


if __name__ == "__main__":
    unittest.main()
