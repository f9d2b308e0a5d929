// HumanEval and MBPP: whether a program of the model's code and the task's tests runs to its end, in the sandbox.
// Sources: EleutherAI/lm-evaluation-harness 4e7e0d47, tasks/humaneval and tasks/mbpp; FelixMessi/QDLM a106d704 for
// noprefix.
#include "sandbox/python_program.h"
#include "scoring/pattern.h"
#include "scoring/reachable_code.h"
#include "scoring/rules.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr double kWall_s = 3;
constexpr const char* kFence = "```";

Scored run_tests(const std::string& code, const std::string& tests, Isolation isolation) {
  const ProgramVerdict verdict = run_python_program(code + "\n" + tests, kWall_s, isolation);
  return {.answer = code, .score = verdict.passed ? 1.0 : 0.0, .parts = {{"verdict", verdict.why}}};
}

std::string before_fence(const std::string& text) {
  return text.substr(0, text.find(kFence));
}

std::string humaneval_tests(const json& document) {
  return document_text(document, "test") + "\ncheck(" + document_text(document, "entry_point") + ")";
}

Scored humaneval(const json& document, const std::string& response, Isolation isolation) {
  return run_tests(document_text(document, "prompt") + response, humaneval_tests(document), isolation);
}

Scored humaneval_instruct(const json& document, const std::string& response, Isolation isolation) {
  return humaneval(document, before_fence(response), isolation);
}

// The response is taken behind its first opening fence, if it has one, up to the next.
Scored humaneval_noprefix(const json& document, const std::string& response, Isolation isolation) {
  constexpr std::string_view kOpening = "```python\n";
  const size_t opened = response.find(kOpening);
  const std::string code =
      before_fence(opened == std::string::npos ? response : response.substr(opened + kOpening.size()));
  return run_tests(
      reachable_code(document_text(document, "prompt") + "\n" + code, document_text(document, "entry_point")),
      humaneval_tests(document), isolation);
}

std::string mbpp_tests(const json& document) {
  std::string tests;
  for (const auto& test : document_value(document, "test_list")) tests += test.get<std::string>() + "\n";
  return tests;
}

Scored mbpp(const json& document, const std::string& response, Isolation isolation) {
  return run_tests(response, mbpp_tests(document), isolation);
}

// The prompt opened a fence, so that one is put in front. Code that begins right behind it loses its first word, which
// is taken for the name of a language.
std::string first_block(const std::string& response) {
  static const Pattern block(R"(```(?:\w+)?\n?(.*?)\n?```)", {.dot_all = true});
  if (const auto found = block.search(kFence + response)) return *found->groups[1];
  const auto found = block.search(replace_all(response, "```python", kFence));
  return found ? *found->groups[1] : "";
}

Scored mbpp_instruct(const json& document, const std::string& response, Isolation isolation) {
  return mbpp(document, first_block(response), isolation);
}

struct CodeRule {
  const char *name, *about;
  Scored (*score)(const json& document, const std::string& response, Isolation isolation);
};

constexpr CodeRule kRules[] = {
    {"lm-eval/humaneval", "the prompt continued by the response passes the tests", humaneval},
    {"lm-eval/humaneval_instruct", "the same up to the first fence", humaneval_instruct},
    {"qdlm/humaneval_instruct_noprefix", "what the function needs of the longest code passes", humaneval_noprefix},
    {"lm-eval/mbpp", "the response passes the asserts", mbpp},
    {"lm-eval/mbpp_plus", "the response passes the asserts", mbpp},
    {"lm-eval/mbpp_instruct", "the first fenced block passes the asserts", mbpp_instruct}};

Scorer scorer_of(const CodeRule& rule, Isolation isolation) {
  return {
      .name = rule.name + std::string(isolation == Isolation::kSandbox ? "" : kUnsandboxed),
      .about = rule.about,
      .score = [score = rule.score, isolation](
                   const json& document, const std::string& response) { return score(document, response, isolation); },
      .runs_code = true};
}

}  // namespace

std::vector<Scorer> code_scorers() {
  std::vector<Scorer> scorers;
  for (const Isolation isolation : {Isolation::kSandbox, Isolation::kLimitsAlone})
    for (const CodeRule& rule : kRules) scorers.push_back(scorer_of(rule, isolation));
  return scorers;
}

}  // namespace freeact
