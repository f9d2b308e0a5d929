#!/usr/bin/env python3
"""What `freeact complete` offers, and that bash puts it where the cursor is; the scripts of the other shells at least parse."""
import os
import shlex
import shutil
import subprocess
import unittest
from pathlib import Path

FREEACT = Path(os.environ["FREEACT_BUILD"]) / "freeact"


def output(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def offered(*words):
    return [line.split("\t")[0] for line in output(FREEACT, "complete", *words).splitlines()]


def in_bash(*words):
    """COMPREPLY for words as bash cuts them."""
    quoted = " ".join(shlex.quote(word) for word in (str(FREEACT), *words))
    return output("bash", "-c", f"""source <({shlex.quote(str(FREEACT))} completion bash)
        compopt() {{ echo "$@"; }}  # works only where someone types
        COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _freeact; printf '%s\\n' "${{COMPREPLY[@]}}" """).splitlines()


class OffersTest(unittest.TestCase):
    def test_verbs_and_their_own(self):
        self.assertEqual(offered("qu"), ["quantize"])
        self.assertEqual(offered("data", ""), ["list", "import", "check"])
        self.assertNotIn("complete", offered(""))  # no verb for people

    def test_options_are_those_of_the_verb(self):
        self.assertEqual(offered("run", "--d"), ["--db", "--dry-run"])
        self.assertNotIn("--cells", offered("run", "--"))  # hidden in its help, too
        self.assertIn("--help", offered("data", "import", "--"))

    def test_names(self):
        self.assertIn("smoke", offered("run", ""))
        self.assertIn("paper/table1_llada", offered("run", "--db", "trial.db", "paper/"))
        self.assertIn("puzzle_dllm", offered("generate", ""))
        self.assertIn("smollm2", offered("data", "import", "smol"))
        self.assertIn("methods", offered("list", ""))
        self.assertEqual(offered("bench", "--clock", ""), ["cpu", "wall"])

    def test_settings(self):
        self.assertEqual(offered("run", "smoke", "meth"), ["method=", "method."])
        self.assertIn("method=freeact", offered("run", "smoke", "method="))
        self.assertEqual(offered("run", "smoke", "method=rtn,quarot_un"), ["method=rtn,quarot_unclipped"])
        self.assertIn("quant.w_bits=", offered("run", "smoke", "quant.w"))
        self.assertIn("method.ranks=", offered("run", "smoke", "method=freeact", "quant=w4a4", "method."))
        self.assertIn("task.num_items=", offered("run", "smoke", "task."))

    def test_says_nothing_where_it_knows_nothing(self):
        self.assertEqual(offered("run", "no_such_experiment", "method.x"), [])
        self.assertEqual(offered("verify", ""), [])
        nowhere = {**os.environ, "FREEACT_HOME": "/no/such/folder"}
        self.assertEqual(output(FREEACT, "complete", "run", "", env=nowhere), "")


class ShellsTest(unittest.TestCase):
    def test_bash_completes_words(self):
        self.assertEqual(in_bash("run", "smok"), ["smoke"])

    def test_bash_puts_in_what_follows_the_equals_sign(self):
        self.assertEqual(in_bash("run", "smoke", "method", "=", "quarot_un"), ["quarot_unclipped"])
        self.assertEqual(in_bash("run", "smoke", "seed", "=", "1", "quant", "=", "w4a8"), ["w4a8"])

    def test_bash_goes_on_without_a_blank(self):
        self.assertEqual(in_bash("run", "smoke", "quan"), ["-o nospace", "quant=", "quant."])

    def test_zsh_and_fish_parse_their_scripts(self):
        for shell, check in (("zsh", "-n"), ("fish", "--no-execute")):
            if shutil.which(shell):
                with self.subTest(shell):
                    output(shell, check, input=output(FREEACT, "completion", shell))


if __name__ == "__main__":
    unittest.main()
