"""A page of docs/ that shows how something is done, as the steps its blocks stand for.

A block in ```sh is run. One behind a line that names a file in backticks and ends with a colon becomes that file, or, in
```diff, changes it: the lines that are not added must stand in it exactly once, one behind the other. One in ```text is
what the last command prints, in any layout and whatever its numbers are.
"""
import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_LINE = re.compile(r"^`([^`]+)`:$")


class PageError(Exception):
    """The page cannot be followed."""


@dataclass
class Step:
    kind: str  # "run", "write", "change" or "shows"
    text: str
    path: str = ""


def named_file(text_before):
    """The file that the last line before a block names, or ''."""
    lines = text_before.rstrip("\n").splitlines()
    match = FILE_LINE.match(lines[-1]) if lines else None
    return match[1] if match else ""


def step_of(language, text, path):
    if language in ("sh", "text"):
        return Step("run" if language == "sh" else "shows", text)
    if not path:
        raise PageError(f"no line names the file of a block in {language or 'no language'}: {text.splitlines()[0]}")
    return Step("change" if language == "diff" else "write", text, path)


def read_page(page):
    text = page.read_text(encoding="utf-8")
    steps, end = [], 0
    for block in FENCE.finditer(text):
        steps.append(step_of(block[1], block[2], named_file(text[end:block.start()])))
        end = block.end()
    return steps


def changed(text, diff, where):
    """`text` with the lines of `diff`, each behind ' ', '-' or '+', put in the place of those it does not add."""
    lines = [line or " " for line in diff.splitlines()]
    before = "".join(line[1:] + "\n" for line in lines if line[0] != "+")
    after = "".join(line[1:] + "\n" for line in lines if line[0] != "-")
    if not before or text.count(before) != 1:
        raise PageError(f"{where}: {text.count(before) if before else 0} places fit the change, which needs one:\n{before}")
    return text.replace(before, after)


def write(step, root):
    path = Path(root) / step.path
    if path.exists():
        raise PageError(f"{step.path}: is there already, so the page adds nothing")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(step.text, encoding="utf-8")


def change(step, root):
    path = Path(root) / step.path
    path.write_text(changed(path.read_text(encoding="utf-8"), step.text, step.path), encoding="utf-8")


def words(line):
    """A line without its layout, its numbers and their marks."""
    return re.sub(r"\d+(\.\d+)?[*+]?", "0", " ".join(line.split()))


def missing_line(expected, printed):
    """The first line of `expected` that `printed` does not have behind those before it, or None."""
    rest = iter([words(line) for line in printed.splitlines()])
    for line in expected.splitlines():
        if line.strip() and words(line) not in rest:  # moves `rest` on
            return line
    return None
