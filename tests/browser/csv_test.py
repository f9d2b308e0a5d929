#!/usr/bin/env python3
"""results.csv and its kin hold every number of the database to the last digit, as Python's csv module reads them."""
import csv
import math
import sqlite3
import tempfile
import unittest
from pathlib import Path

from reports import ROOT, make_database, make_report

TABLES = {"results.csv": "metrics", "layer_errors.csv": "layer_errors", "activation_statistics.csv": "activation_statistics",
          "row_spaces.csv": "row_spaces", "solution_spaces.csv": "solution_spaces"}
# Columns that the database calls otherwise.
RENAMED = {"metric": "name", "mean_cos2": "mean_cosine_squared", "max_angle": "largest_angle", "exclusive": "exclusive_dims"}


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def same_number(text, stored):
    if stored is None:
        return text in ("", "nan")
    return text != "" and (float(text) == stored or (math.isnan(float(text)) and math.isnan(stored)))


def same(text, stored):
    if isinstance(stored, str):
        return text == stored
    if text in ("true", "false"):
        return (text == "true") == bool(stored)
    return same_number(text, stored)


def stored_rows(database, table):
    """Rows of a table with those of their runs, in the order of both."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(f"SELECT runs.id AS run, * FROM runs JOIN {table} ON run_id = runs.id "
                                  f"ORDER BY runs.id, {table}.rowid").fetchall()


class CsvTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def hold(self, database):
        make_report(database, self.folder / "report")
        for name, table in TABLES.items():
            with self.subTest(database=database.name, file=name):
                written, stored = read_csv(self.folder / "report" / name), stored_rows(database, table)
                self.assertEqual(len(written), len(stored))
                for ours, theirs in zip(written, stored):
                    for column, text in ours.items():
                        value = theirs[RENAMED.get(column, column)]
                        self.assertTrue(same(text, value), f"{column} of run {ours['run']}: {text!r} is not {value!r}")

    def test_has_every_number_of_awkward_runs(self):
        self.hold(make_database(self.folder / "small.db"))
        names = {row["task"] for row in read_csv(self.folder / "report" / "results.csv")}
        self.assertTrue(any("," in name and '"' in name and "\n" in name for name in names), names)

    def test_has_every_number_of_real_runs(self):
        copy = self.folder / "real.db"
        copy.write_bytes((ROOT / "results" / "ablation" / "freeact_plus_diffusion_w4a4.db").read_bytes())
        self.hold(copy)

    def test_tables_are_read_back_as_rectangles(self):
        make_report(make_database(self.folder / "small.db"), self.folder / "report")
        paths = sorted((self.folder / "report").rglob("*.csv"))
        self.assertGreater(len(paths), 20)
        for path in paths:
            with self.subTest(file=path.name), open(path, newline="", encoding="utf-8") as file:
                widths = {len(row) for row in csv.reader(file, strict=True)}
                self.assertEqual(len(widths), 1)


if __name__ == "__main__":
    unittest.main()
