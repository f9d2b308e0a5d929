#!/usr/bin/env python3
"""The tables of a report go through LaTeX as they are: no error, nothing it does not know, nothing beyond the margins."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from reports import ROOT, make_database, make_report, skip

PREAMBLE = r"""\documentclass{article}
\usepackage{booktabs,graphicx}
\begin{document}
"""
SLACK_PT = 2


def latex_is_there():
    if not (shutil.which("pdflatex") and shutil.which("kpsewhich")):
        return False
    found = subprocess.run(["kpsewhich", "booktabs.sty", "graphicx.sty"], capture_output=True, text=True, check=False)
    return len(found.stdout.splitlines()) == 2


class LatexTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def typeset(self, body):
        """What LaTeX says of a document; all of it on single lines."""
        (self.folder / "page.tex").write_text(PREAMBLE + body + "\\end{document}\n", encoding="utf-8")
        subprocess.run(["pdflatex", "-interaction=nonstopmode", "-file-line-error", "page.tex"], cwd=self.folder,
                       env={**os.environ, "max_print_line": "10000"},
                       capture_output=True, check=False)
        return (self.folder / "page.log").read_text(encoding="utf-8", errors="replace")

    def faults(self, body):
        log = self.typeset(body)
        wide = [line for line in re.findall(r"^Overfull \\hbox \(([\d.]+)pt too wide.*", log, re.M) if float(line) > SLACK_PT]
        errors = re.findall(r"^(?:!.*|[^\n]*\.tex:\d+: .*)", log, re.M)
        return errors + [f"{width} pt too wide" for width in wide] + re.findall(r"Float too large.*|Missing character.*", log)

    def tables_of(self, database):
        report = make_report(database, self.folder / database.stem)
        tables = sorted((report / "tables").glob("*.tex"))
        self.assertGreater(len(tables), 5)
        return tables

    def hold(self, database):
        tables = self.tables_of(database)
        self.assertEqual(self.faults("".join(f"\\input{{{table}}}\n\\clearpage\n" for table in tables)), [])

    def test_the_check_itself_sees_what_is_wrong(self):
        self.assertRegex(str(self.faults("\\nosuchcommand")), "Undefined control sequence")
        self.assertRegex(str(self.faults("\\noindent\\rule{20cm}{1cm}")), "too wide")
        self.assertRegex(str(self.faults("\\begin{figure}\\rule{1cm}{50cm}\\end{figure}")), "Float too large")

    def test_tables_of_awkward_runs(self):
        self.hold(make_database(self.folder / "small.db"))

    def test_tables_of_real_runs(self):
        self.hold(Path(shutil.copy(ROOT / "results" / "ablation" / "freeact_plus_diffusion_w4a4.db", self.folder)))


if __name__ == "__main__":
    if not latex_is_there():
        skip("no LaTeX with booktabs (apt-get install texlive-latex-recommended)")
    unittest.main()
