// Sources of the rules: EleutherAI/lm-evaluation-harness 4e7e0d47, is_equiv and process_results of minerva_math;
// huggingface/Math-Verify 0.9.0.
#include "scoring/algebra.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sandbox/sandbox.h"
#include "util/cache.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kProgram = R"(
import json, logging, signal, sys

SECONDS = 5

def sympy_equal(answer, gold):
    import sympy
    from sympy.parsing.latex import parse_latex
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError()))
    signal.alarm(SECONDS)
    try:
        return bool(sympy.simplify(parse_latex(answer) - parse_latex(gold)) == 0)
    except Exception:
        return False
    finally:
        signal.alarm(0)

def math_verify_equal(response, solution):
    from math_verify import parse, verify
    try:
        return bool(verify(gold=parse(solution), target=parse(response)))
    except Exception:
        return False

job = json.loads(sys.stdin.buffer.read())
sys.path.insert(0, job["library"])
logging.disable(logging.CRITICAL)
print("\n" + json.dumps(globals()[job["rule"]](*job["texts"])))
)";

fs::path library() {
  return cache_folder() / "math_verify" / "lib";
}

// What the program's last line says; not equal where it came to no end.
std::optional<bool> decide(const char* rule, const std::string& left, const std::string& right) {
  if (!algebra_obstacle().empty()) return std::nullopt;
  constexpr double kWall_s = 60;  // of which SymPy's own start takes seconds on a busy machine
  const json job = {{"rule", rule}, {"texts", {left, right}}, {"library", kSandboxReading}};
  const SandboxedRun run =
      run_sandboxed({"/usr/bin/python3", "-I", "-c", kProgram}, job.dump(-1, ' ', true, json::error_handler_t::replace),
                    {.wall_s = kWall_s, .memory_bytes = int64_t{2} << 30}, library());
  return run.output.ends_with("\ntrue\n");
}

}  // namespace

std::string algebra_obstacle() {
  if (!sandbox_obstacle().empty()) return sandbox_obstacle();
  if (fs::is_directory(library())) return "";
  return fmt::format(
      "formulas are compared as normalised texts alone, since '{}' is missing: freeact data import math_verify",
      library().string());
}

std::optional<bool> sympy_equal(const std::string& answer, const std::string& gold) {
  return decide("sympy_equal", answer, gold);
}

std::optional<bool> math_verify_equal(const std::string& response, const std::string& solution) {
  return decide("math_verify_equal", response, solution);
}

}  // namespace freeact
