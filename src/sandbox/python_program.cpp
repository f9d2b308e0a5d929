#include "sandbox/python_program.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

namespace freeact {
namespace {

constexpr double kStartAllowance_s =
    20;  // a busy machine may take long to start Python; the program's own clock is exact

// Says the token only behind the program: whoever prints a result without coming to the end does not know it. The
// alarm's default action ends the process, which no handler of exceptions can stop.
constexpr const char* kDriver = R"(
import json, os, signal, sys

def main():
    job = json.loads(sys.stdin.buffer.read())
    write, answers = os.write, os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    say = lambda verdict: write(answers, (job["token"] + json.dumps(verdict)).encode())
    signal.setitimer(signal.ITIMER_REAL, job["wall_s"])
    try:
        exec(compile(job["program"], "program", "exec"), {})
    except BaseException as error:
        say({"passed": False, "why": type(error).__name__})
    else:
        say({"passed": True, "why": ""})
    os._exit(0)

main()
)";

std::string fresh_token() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

std::string ending_of(const SandboxedRun& run) {
  constexpr int kAlarm = 128 + 14;  // how bubblewrap reports SIGALRM
  if (run.timed_out || run.exit_code == kAlarm) return "timed out";
  return run.exit_code ? fmt::format("ended with status {}", *run.exit_code) : "was killed";
}

}  // namespace

ProgramVerdict run_python_program(const std::string& program, double wall_s, Isolation isolation) {
  const std::string token = fresh_token();
  const nlohmann::json job = {{"program", program}, {"token", token}, {"wall_s", wall_s}};
  const std::string input = job.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  const SandboxedRun run = run_sandboxed({"/usr/bin/python3", "-I", "-c", kDriver}, input,
                                         {.wall_s = wall_s + kStartAllowance_s, .isolation = isolation});
  const size_t place = run.output.rfind(token);
  if (place == std::string::npos) return {false, ending_of(run)};
  const auto verdict = nlohmann::json::parse(run.output.substr(place + token.size()), nullptr, false);
  if (!verdict.is_object()) return {false, ending_of(run)};
  return {verdict.value("passed", false), verdict.value("why", "")};
}

}  // namespace freeact
