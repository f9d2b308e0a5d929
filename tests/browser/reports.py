"""What the tests of this folder share: the database, its report, and how a missing reader is told."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77  # SKIP_RETURN_CODE of CMakeLists.txt


def skip(reason):
    """Ends the whole test: ctest counts it as skipped."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)


def make_database(path):
    """A small one with everything a report can show; see database.cpp."""
    subprocess.run([os.environ["BROWSER_DATABASE"], path], check=True)
    return path


def make_report(database, folder):
    subprocess.run([os.environ["FREEACT_PROGRAM"], "report", "--quiet", "--db", database, "--out", folder,
                    "--published", ROOT / "results" / "paper"], check=True)
    return folder
