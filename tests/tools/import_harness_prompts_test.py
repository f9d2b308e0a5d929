#!/usr/bin/env python3
"""tools/import_harness_prompts makes the same files of repositories and of cases, and says in one line what it lacks."""
import importlib.util
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "import_harness_prompts"
PROBLEMS = [{"input": "2,3,4", "output": "9"}] * 8
EXPECTED_SOLUTION = "2+3=5,5+4=9"

REPOSITORIES = {
    "lm-evaluation-harness/lm_eval/tasks/gsm8k/gsm8k-cot.yaml":
        "fewshot_config:\n  samples:\n  - question: One\n      and one?\n    target: It is 2.\n",
    "lm-evaluation-harness/lm_eval/tasks/minerva_math/utils.py":
        'def list_fewshot_samples():\n    return [{"problem": "$x$?", "solution": "It is $\\\\frac{1}{2}$.", "few_shot": "1"}]\n',
    "d1/eval/gsm8k.py": 'GSM_SYSTEM_PROMPT = """Solve.\n</answer>"""\n',
    "d1/eval/math500.py": 'MATH500_SYSTEM_PROMPT = """Reckon.\n</answer>" \n"""\n',
    "d1/eval/sudoku.py": 'SUDOKU_SYSTEM_PROMPT = """\nFill.\n\nAll.\n"""\n',
    "d1/eval/countdown.py": 'CTD_SYSTEM_PROMPT = (\n    "Reach \\\\boxed" + "{}"\n    + """ it."""\n)\n',
    "d1/dataset/countdown_cd3_test.jsonl": "".join(json.dumps(problem) + "\n" for problem in PROBLEMS),
    "Dream/eval/eval_planning.py":
        'def eval_cd3():\n    template = "Use numbers.\\n\\n"\n    template += "x"\n\n'
        'def eval_sudoku():\n    for n in [10]:\n        template = "Fill zeros.\\n\\n"\n',
}


def chat_case(task, content):
    messages = [{"role": "user", "content": content}]
    return {"task": task, "num_fewshot": 0, "chat_model": "llada-8b-instruct", "messages": messages, "prompt": ""}


def plain_case(task, num_fewshot, prompt):
    return {"task": task, "num_fewshot": num_fewshot, "chat_model": None, "prompt": prompt}


COUNTDOWN = "".join(f"Input: 2,3,4,9\nOutput: {EXPECTED_SOLUTION}\n\n" for _ in PROBLEMS)
CASES = [
    plain_case("gsm8k_cot", 8, "Q: One and one?\nA: It is 2.\n\nQ: What?\nA:"),
    plain_case("minerva_math500", 4,
               "Problem:\n$x$?\n\nSolution: It is $\\frac{1}{2}$.\n\nProblem:\nWhat?\n\nSolution:"),
    plain_case("countdown_cd3_dream", 8, f"Use numbers.\n\n{COUNTDOWN}Input: 1,1,1,3\nOutput: "),
    plain_case("sudoku4x4_dream", 8, "Fill zeros.\n\nInput:\n1"),
    chat_case("gsm8k", "Solve.\n</answer>\n\nWhat?"),
    chat_case("math500", 'Reckon.\n</answer>" \n\n\nWhat?'),
    chat_case("sudoku4x4", "\nFill.\n\nAll.\n\n\nSolve the following Sudoku puzzle: 1"),
    chat_case("countdown_cd3", "Reach \\boxed{} it.\n\nNumbers: [1]"),
]


@unittest.skipUnless(importlib.util.find_spec("yaml"), "PyYAML is missing")
class ImportHarnessPromptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, files):
        for name, text in files.items():
            path = self.root / "from" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return self.root / "from"

    def run_tool(self, source, name):
        return subprocess.run([TOOL, self.root / name, source], capture_output=True, text=True, check=False)

    def imported(self, files, name):
        run = self.run_tool(self.write(files), name)
        self.assertEqual(run.returncode, 0, run.stderr)
        return {path.name: path.read_text(encoding="utf-8") for path in (self.root / name).iterdir()}

    def test_cases_give_what_repositories_give(self):
        by_repositories = self.imported(REPOSITORIES, "a")
        by_cases = self.imported({"cases.jsonl": "".join(json.dumps(case) + "\n" for case in CASES)}, "b")
        self.assertEqual(by_repositories, by_cases)
        self.assertEqual(json.loads(by_cases["gsm8k_cot.jsonl"]), {"question": "One and one?", "answer": "It is 2."})
        self.assertIn(EXPECTED_SOLUTION, by_cases["countdown.jsonl"])

    def test_what_is_missing_is_one_line(self):
        run = self.run_tool(self.write({"d1/eval/gsm8k.py": ""}), "a")
        self.assertEqual(run.returncode, 3)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertIn("gsm8k-cot.yaml", run.stderr)

    def test_another_version_is_said(self):
        run = self.run_tool(self.write({**REPOSITORIES, "d1/eval/sudoku.py": "x = 1\n"}), "a")
        self.assertEqual(run.returncode, 3)
        self.assertIn("another version", run.stderr)


if __name__ == "__main__":
    unittest.main()
