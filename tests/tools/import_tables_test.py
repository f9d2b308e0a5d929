#!/usr/bin/env python3
"""What published tables and questions become: documents with the keys that scorers read, contexts with lm-eval's prompts."""
import base64
import csv
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 60  # the tool looks at the first bytes only
JPEG = b"\xff\xd8\xff\xe0" + b"j" * 60


def encoded(data):
    return base64.b64encode(data).decode()


def image_name(data, extension):
    return f"images/{hashlib.sha256(data).hexdigest()}.{extension}"


class ToolTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def run_tool(self, tool, *files):
        return subprocess.run([TOOLS / tool, self.root / "out", *files], capture_output=True, text=True, check=False)

    def lines(self, name):
        return [json.loads(line) for line in (self.root / "out" / name).read_text().splitlines()]

    def refused(self, tool, *files):
        """The one line of a tool that takes the user's files for wrong."""
        run = self.run_tool(tool, *files)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        return run.stderr


class VlmEvalKitTest(ToolTest):
    def table(self, name, *rows):
        with (self.root / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter="\t")
            writer.writeheader()
            writer.writerows(rows)
        return self.root / name

    def documents(self, name, *rows):
        run = self.run_tool("import_vlmevalkit", self.table(name, *rows))
        self.assertEqual(run.returncode, 0, run.stderr)
        return self.lines("documents.jsonl")

    def test_options_are_those_that_pandas_sees(self):
        images = str([encoded(PNG), encoded(JPEG)])
        row = {"index": "validation_Art_1", "image": images, "question": "Which, <image 1> or <image 2>?", "A": "the first", "B": "None",
               "C": "both", "D": "", "answer": "C", "split": "validation", "category": "Art", "hint": ""}
        [document] = self.documents("MMMU_DEV_VAL.tsv", row)
        self.assertEqual(document["options"], {"A": "the first", "C": "both"})
        self.assertIsNone(document["hint"])
        self.assertEqual(document["split"], "validation")
        self.assertEqual(document["images"], [image_name(PNG, "png"), image_name(JPEG, "jpg")])

    def test_rotations_share_the_image_of_their_question(self):
        first = {"index": 7, "image": encoded(PNG), "question": "Which?", "A": "a", "B": "b", "answer": "A", "category": "ocr"}
        second = {**first, "index": 1000007, "image": 7, "A": "b", "B": "a", "answer": "B"}
        documents = self.documents("MMBench_DEV_EN.tsv", second, first)
        self.assertEqual([document["index"] for document in documents], [1000007, 7])
        self.assertEqual(documents[0]["images"], documents[1]["images"])

    def test_keys_that_scorers_read(self):
        row = {"index": 0, "image": encoded(PNG), "question": "Is it?", "answer": "Yes", "category": "OCR", "image_path": "OCR/1.png"}
        self.assertEqual(self.documents("MME.tsv", row)[0]["image"], "OCR/1.png")
        self.assertEqual(self.documents("POPE.tsv", row)[0]["label"], "Yes")
        formula = {**row, "answer": "['y _ 2', 'y_2\\n']", "category": "Handwritten Mathematical Expression Recognition"}
        document = self.documents("OCRBench.tsv", formula)[0]
        self.assertEqual(document["answers"], ["y _ 2", "y_2\n"])
        self.assertEqual((document["type"], document["dataset_name"]), (formula["category"], "HME100k"))

    def test_rows_without_an_image_are_not_asked(self):
        row = {"index": 0, "image": encoded(PNG), "question": "What?", "answer": "[1, 2]", "split": "test_human"}
        [document] = self.documents("ChartQA_TEST.tsv", row, {**row, "index": 1, "image": ""})
        self.assertEqual(document["answer"], "[1, 2]", "its scorer reads the list")

    def test_faults_are_located(self):
        row = {"index": 0, "image": encoded(b"GIF89a" + b"g" * 60), "question": "What?", "answer": "1"}
        other = self.table("ChartQA_TEST.tsv", row)
        self.assertIn("ChartQA_TEST.tsv:2: an image is neither PNG nor JPEG", self.refused("import_vlmevalkit", other))
        lacking = self.table("OCRBench.tsv", {**row, "image": encoded(PNG)})
        self.assertIn("has no column 'category'", self.refused("import_vlmevalkit", lacking))


class ChoicesTest(ToolTest):
    def file(self, name, *items):
        (self.root / name).write_text("".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items))
        return self.root / name

    def items(self, *files, name="test.jsonl"):
        run = self.run_tool("import_choices", *files)
        self.assertEqual(run.returncode, 0, run.stderr)
        return self.lines(name)

    def test_arc_labels_may_be_numbers(self):
        choices = [{"text": "ice", "label": "1"}, {"text": "fire", "label": "2"}]
        file = self.file("ARC-Easy-Test.jsonl", {"question": {"stem": "Which is hot?", "choices": choices}, "answerKey": "2"})
        self.assertEqual(self.items(file), [{"context": "Question: Which is hot?\nAnswer:", "choices": ["ice", "fire"], "answer": 1}])

    def test_hellaswag_is_cleaned(self):
        line = {"activity_label": "Baking", "ctx_a": "A man [step] stands.", "ctx_b": "he", "label": 1,
                "endings": ["runs [title] Next", " bakes  bread."]}
        [item] = self.items(self.file("hellaswag_val.jsonl", line))
        self.assertEqual(item, {"context": "Baking: A man stands. He", "choices": ["runs. Next", "bakes bread."], "answer": 1})

    def test_piqa_has_its_labels_apart(self):
        questions = self.file("valid.jsonl", {"goal": "To boil water", "sol1": "heat it", "sol2": "freeze it"})
        self.assertEqual(self.items(questions, self.file("valid-labels.lst", "0"))[0]["answer"], 0)
        self.assertIn("1 questions, but", self.refused("import_choices", questions, self.file("valid-labels.lst", "0", "1")))

    def test_winogrande_has_two_contexts_of_one_ending(self):
        line = {"sentence": "The cup did not fit in the box as _ was too big.", "option1": "the cup", "option2": "the box", "answer": "1"}
        [item] = self.items(self.file("dev.jsonl", line))
        front = "The cup did not fit in the box as "
        self.assertEqual(item, {"contexts": [front + "the cup", front + "the box"], "ending": "was too big.", "answer": 0})

    def test_mmlu_comes_with_and_without_examples(self):
        def add(archive, name, rows):
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            info = tarfile.TarInfo(name)
            info.size = len(text.getvalue().encode())
            archive.addfile(info, io.BytesIO(text.getvalue().encode()))

        with tarfile.open(self.root / "data.tar", "w") as archive:
            add(archive, "data/dev/world_religions_dev.csv", [[f"Q{i}", "a", "b", "c", "d", "B"] for i in range(6)])
            add(archive, "data/test/world_religions_test.csv", [[' Who, "x"?', "a", "b", "c", "d", "C"]])
        [with_examples] = self.items(self.root / "data.tar", name="five_shot/test.jsonl")
        [without] = self.lines("zero_shot/test.jsonl")
        front = "The following are multiple choice questions (with answers) about world religions.\n\n"
        question = 'Who, "x"?\nA. a\nB. b\nC. c\nD. d\nAnswer:'
        self.assertEqual(without, {"context": front + question, "choices": ["A", "B", "C", "D"], "answer": 2})
        self.assertTrue(with_examples["context"].startswith(front + "Q0\nA. a\nB. b\nC. c\nD. d\nAnswer: B\n\nQ1\n"))
        self.assertTrue(with_examples["context"].endswith("Q4\nA. a\nB. b\nC. c\nD. d\nAnswer: B\n\n" + question))

    def test_another_file_is_refused(self):
        self.assertIn("not in the form", self.refused("import_choices", self.file("ARC-Challenge-Test.jsonl", {"a": 1})))


if __name__ == "__main__":
    unittest.main()
