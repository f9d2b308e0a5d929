// Source of the rule: the clean-up of QDLM's fork of lm-evaluation-harness (FelixMessi/QDLM a106d704).
#include "scoring/reachable_code.h"

#include <nlohmann/json.hpp>

#include "sandbox/sandbox.h"

namespace freeact {
namespace {

// A definition that stands twice keeps the place of the first and the text of the last, as in a dict.
constexpr const char* kProgram = R"(
import ast, json, sys

MOST_LINES = 100

def parses(code):
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True

def longest_code(text):
    lines = text.splitlines()[:MOST_LINES]
    best, most = "", 0
    for begin in range(len(lines)):
        for end in range(begin + 1, len(lines) + 1):
            code = "\n".join(lines[begin:end])
            filled = sum(1 for line in lines[begin:end] if line.strip())
            if filled > most and parses(code):
                best, most = code, filled
    return best

def defined_name(node):
    if isinstance(node, ast.ClassDef):
        return node.name
    if isinstance(node, ast.FunctionDef):
        returns = any(isinstance(inner, ast.Return) for inner in ast.walk(node))
        return node.name if returns else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None

def used_names(node):
    names, open_nodes = set(), [node]
    while open_nodes:
        for child in ast.iter_child_nodes(open_nodes.pop()):
            if isinstance(child, ast.Name):
                names.add(child.id)
            elif isinstance(child, ast.Attribute):
                names.add(child.attr)
            else:
                open_nodes.append(child)
    return names

def reached(start, definitions):
    seen, waiting = {start}, [start]
    while waiting:
        node = definitions.get(waiting.pop())
        for name in used_names(node) - seen if node else ():
            seen.add(name)
            waiting.append(name)
    return seen

def needed_code(text, entry_point):
    text = text.replace("\t", "    ").replace("\r\n", "\n").replace("\r", "\n").strip() + "\n"
    imports, definitions = [], {}
    for node in ast.parse(longest_code(text)).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(node)
        elif name := defined_name(node):
            definitions[name] = node
    names = reached(entry_point, definitions)
    kept = imports + [node for name, node in definitions.items() if name in names]
    return "\n".join(ast.unparse(node) for node in kept)

job = json.loads(sys.stdin.buffer.read())
sys.stdout.write(json.dumps(needed_code(job["text"], job["entry_point"])))
)";

}  // namespace

std::string reachable_code(const std::string& text, const std::string& entry_point) {
  const nlohmann::json job = {{"text", text}, {"entry_point", entry_point}};
  const std::string input = job.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  const SandboxedRun run = run_sandboxed({"/usr/bin/python3", "-I", "-c", kProgram}, input, {.wall_s = 60});
  const auto code = nlohmann::json::parse(run.output, nullptr, /*allow_exceptions=*/false);
  return code.is_string() ? code.get<std::string>() : "";
}

}  // namespace freeact
