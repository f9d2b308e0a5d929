// How a conversation becomes a prompt. Source: EleutherAI/lm-evaluation-harness 4e7e0d47, lm_eval/api/task.py,
// fewshot_context.
#include <cctype>

#include "task/items.h"
#include "task/template.h"

namespace freeact {
namespace {

using nlohmann::json;

// A message, and what stands behind it where all are one text.
struct Turn {
  std::string role, content, delimiter;
};

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// Whether two texts would run into each other.
bool needs_delimiter(const std::string& left, const std::string& right) {
  return !left.empty() && !right.empty() && !is_blank(left.back()) && !is_blank(right.front());
}

std::string joined(const std::string& left, const std::string& right, const std::string& delimiter) {
  return left + (needs_delimiter(left, right) ? delimiter : "") + right;
}

class PromptWriter {
 public:
  PromptWriter(const BenchmarkTask& task, const json& document) : task_(task), document_(document) {}

  std::vector<Turn> turns(const std::vector<json>& examples) const {
    std::vector<Turn> turns;
    for (const json& example : examples) append_example(example, turns);
    append_question(turns);
    return turns;
  }

  std::string description() const { return fill(task_.description, "description", document_); }

 private:
  std::string fill(const std::string& text, const char* name, const json& document) const {
    return fill_template(text, name, document, task_.texts);
  }

  void append_example(const json& example, std::vector<Turn>& turns) const {
    const ShotSettings& shots = task_.shots;
    const std::string prompt =
        shots.prompt.empty() ? fill(task_.prompt, "prompt", example) : fill(shots.prompt, "shots.prompt", example);
    const std::string opening = fill(task_.opening, "opening", example);
    const std::string answer = joined(opening, fill(task_.target, "target", example), " ");
    const bool is_apart = opening.empty() || needs_delimiter(prompt, opening);
    turns.push_back({"user", prompt, is_apart ? task_.target_delimiter : ""});
    turns.push_back({"assistant", answer, shots.separator});
  }

  void append_question(std::vector<Turn>& turns) const {
    const std::string prompt = fill(task_.prompt, "prompt", document_);
    const std::string opening = fill(task_.opening, "opening", document_);
    turns.push_back({"user", prompt, needs_delimiter(prompt, opening) ? task_.target_delimiter : ""});
    if (!opening.empty()) turns.push_back({"assistant", opening, ""});
  }

  const BenchmarkTask& task_;
  const json& document_;
};

std::string text_of(const std::vector<Turn>& turns) {
  std::string text;
  for (const Turn& turn : turns) text += turn.content + turn.delimiter;
  return text;
}

// All but the answer's opening in one message of the user.
std::vector<Turn> in_one_turn(std::vector<Turn> turns) {
  std::vector<Turn> opening;
  if (turns.back().role == "assistant") {
    opening.push_back(turns.back());
    turns.pop_back();
  }
  turns.back().delimiter.clear();
  std::vector<Turn> result = {{"user", text_of(turns), ""}};
  result.insert(result.end(), opening.begin(), opening.end());
  return result;
}

std::vector<Message> messages_of(const std::vector<Turn>& turns, const std::string& system) {
  std::vector<Message> messages;
  if (!system.empty()) messages.push_back({"system", system});
  for (const Turn& turn : turns) messages.push_back({turn.role, turn.content});
  messages.back().is_open = messages.back().role == "assistant";
  return messages;
}

}  // namespace

ItemPrompt prompt_of_document(const BenchmarkTask& task, const json& document, const std::vector<json>& examples,
                              bool shots_as_turns) {
  const PromptWriter writer(task, document);
  const std::string description = writer.description();
  const std::vector<Turn> turns = writer.turns(examples);
  const std::string system = joined(task.system, description, task.shots.separator);
  return {description + text_of(turns), messages_of(shots_as_turns ? turns : in_one_turn(turns), system)};
}

}  // namespace freeact
