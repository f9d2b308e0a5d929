// Whether a Python program that nobody vouches for runs to its end, in the sandbox.
#pragma once

#include <string>

#include "sandbox/sandbox.h"

namespace freeact {

struct ProgramVerdict {
  bool passed = false;
  std::string why;  // "", "timed out", or what it raised or how it ended
};

// Executes the program's text in an empty namespace, as exec() with fresh globals does: passed when it comes to its end
// within wall_s without raising. Ending the process, with whatever status, is no pass. Its output is dropped and its
// stdin is empty. Throws EnvironmentError where there is no sandbox (sandbox_obstacle()).
// Source of the rule: huggingface/evaluate a7dd3383, code_eval's check_correctness.
ProgramVerdict run_python_program(const std::string& program, double wall_s = 3,
                                  Isolation isolation = Isolation::kSandbox);

}  // namespace freeact
