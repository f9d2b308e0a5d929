#include "verify/task_prompts.h"

#include <array>
#include <map>
#include <optional>

#include "scoring/compared.h"
#include "task/documents.h"
#include "task/items.h"
#include "task/shots.h"
#include "task/texts.h"
#include "util/error.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What the project calls the task of a case, for each harness.
struct KnownTask {
  const char *harness, *task, *ours;
};
constexpr std::array<KnownTask, 25> kKnownTasks = {{
    {"lm-eval", "gsm8k", "gsm8k"},
    {"lm-eval", "gsm8k_cot", "gsm8k/cot"},
    {"lm-eval", "gsm8k_cot_zeroshot", "gsm8k/cot_zeroshot"},
    {"lm-eval", "minerva_math500", "math500"},
    {"lm-eval", "hendrycks_math500", "math500/hendrycks"},
    {"lm-eval", "humaneval", "humaneval"},
    {"lm-eval", "humaneval_instruct", "humaneval/instruct"},
    {"lm-eval", "mbpp", "mbpp"},
    {"lm-eval", "mbpp_instruct", "mbpp/instruct"},
    {"lm-eval", "mbpp_plus", "mbpp/plus"},
    {"QDLM fork of lm-eval", "humaneval_instruct_noprefix", "humaneval/instruct_noprefix"},
    {"none (our own expectation)", "humaneval", "humaneval"},
    {"none (our own expectation)", "mbpp", "mbpp"},
    {"d1", "gsm8k", "gsm8k/d1"},
    {"d1", "math500", "math500/d1"},
    {"d1", "sudoku4x4", "sudoku"},
    {"d1", "countdown_cd3", "countdown"},
    {"Dream eval_planning", "sudoku4x4_dream", "sudoku/dream"},
    {"Dream eval_planning", "countdown_cd3_dream", "countdown/dream"},
    {"vlmevalkit", "multiple_choice", "mmbench"},
    {"internvl", "multiple_choice", "mmbench/internvl"},
    {"lmms-eval/ai2d", "multiple_choice", "ai2d/lmms"},
    {"lmms-eval/scienceqa", "multiple_choice", "scienceqa/lmms"},
    {"lmms-eval/mmmu", "multiple_choice", "mmmu/lmms"},
    {"lmms-eval", "mmmu_open", "mmmu/open"},
}};

// Tasks about images are named alike, with a variant for each harness but VLMEvalKit as it asks Qwen.
std::string task_of(const std::string& harness, const std::string& task) {
  for (const auto& known : kKnownTasks)
    if (harness == known.harness && task == known.task) return known.ours;
  if (harness == "vlmevalkit") return task;
  if (harness == "internvl") return task + "/internvl";
  if (harness == "lmms-eval") return task + "/lmms";
  throw UserError("no task for '{}' of {}", task, harness);
}

// A task with all documents that its cases may name.
struct TaskData {
  BenchmarkTask task;
  std::vector<Document> documents, examples;
};

std::vector<Document> derived_documents(const BenchmarkTask& task, const fs::path& file, const std::string& only) {
  FileReader reader;
  std::vector<Document> documents = read_documents(file, only, reader);
  for (Document& document : documents) derive_fields(task, document);
  return documents;
}

class PromptChecker {
 public:
  PromptChecker(const fs::path& cases, fs::path datasets)
      : datasets_(std::move(datasets)), data_(cases.parent_path() / "../../datasets") {}

  PromptChecks check(const std::vector<Document>& cases) {
    for (const Document& document : cases) {
      const json& a_case = document.values;
      if (!a_case.contains("prompt")) continue;
      const std::string name = a_case.value("case", document.place);
      try {
        if (a_case.contains("harness"))
          check_text_case(a_case, name);
        else
          check_image_case(a_case, name);
      } catch (const EnvironmentError& error) {
        result_.skipped.push_back({name, error.what()});
      } catch (const std::exception& error) {
        result_.checks.push_back({name, "prompt", {}, {}, false, error.what()});
      }
    }
    return std::move(result_);
  }

 private:
  void check_text_case(const json& a_case, const std::string& name) {
    const std::string harness = a_case.at("harness");
    const TaskData& data = data_of(task_of(harness, a_case.at("task")), harness.starts_with("Dream"));
    const auto position = a_case.at("doc_id").get<size_t>();
    const std::vector<int64_t> shots = shots_of(data, a_case, static_cast<int64_t>(position));
    std::vector<json> examples;
    for (const int64_t shot : shots) examples.push_back(data.examples.at(static_cast<size_t>(shot)).values);
    const json multiturn = a_case.value("fewshot_as_multiturn", json());
    const ItemPrompt prompt = prompt_of_document(data.task, data.documents.at(position).values, examples,
                                                 !multiturn.is_boolean() || multiturn.get<bool>());
    add(name, "prompt", rendered(prompt, a_case.value("chat_model", json())), a_case.at("prompt"));
    if (const json messages = a_case.value("messages", json()); messages.is_array())
      add(name, "messages", messages_json(prompt.messages, harness == "d1"), messages);
    if (const json ids = a_case.value("fewshot_ids", json()); ids.is_array()) add(name, "fewshot_ids", shots, ids);
  }

  // A prompt by each harness; the messages are VLMEvalKit's to Qwen.
  void check_image_case(const json& a_case, const std::string& name) {
    for (const auto& [harness, reference] : a_case.at("prompt").items()) {
      const BenchmarkTask task = read_benchmark_task(datasets_, task_of(harness, a_case.at("task")));
      Document document{a_case.at("doc"), name};
      derive_fields(task, document);
      add(name, "prompt of " + harness, prompt_of_document(task, document.values, {}, true).text, reference);
    }
  }

  // Dream counts its documents from the file's first line, examples included.
  const TaskData& data_of(const std::string& name, bool of_whole_file) {
    if (const auto found = tasks_.find(name); found != tasks_.end()) return found->second;
    FileReader reader;
    TaskData data{with_imported_texts(read_benchmark_task(datasets_, name), reader), {}, {}};
    const auto file = [&](const DocumentFile& from) {
      return imported_file(data_ / data.task.data, data.task.data, from.file);
    };
    const DocumentFile &documents = data.task.documents, &examples = data.task.shots.documents;
    data.documents = derived_documents(data.task, file(documents), of_whole_file ? "" : documents.only);
    if (!examples.file.empty()) data.examples = derived_documents(data.task, file(examples), examples.only);
    return tasks_.emplace(name, std::move(data)).first->second;
  }

  static std::vector<int64_t> shots_of(const TaskData& data, const json& a_case, int64_t position) {
    const auto count = a_case.at("num_fewshot").get<int64_t>();
    const auto num_examples = static_cast<int64_t>(data.examples.size());
    return draw_shots(data.task.shots, count, position + 1, num_examples, /*is_own=*/false).back();
  }

  static std::string rendered(const ItemPrompt& prompt, const json& chat_model) {
    if (chat_model.is_null()) return prompt.text;
    if (chat_model == "llada-8b-instruct")
      return render_chat(ChatFamily::kLlada, prompt.messages, true, "<|startoftext|>");
    if (chat_model == "dream-7b-instruct")
      return render_chat(ChatFamily::kChatMl, prompt.messages, true, "You are a helpful assistant.");
    throw UserError("no chat template for the model {}", chat_model.dump());
  }

  // d1 appends the opening to the text, not to the messages.
  static json messages_json(std::vector<Message> messages, bool without_opening) {
    if (without_opening && messages.back().is_open) messages.pop_back();
    json list = json::array();
    for (const Message& message : messages) list.push_back({{"role", message.role}, {"content", message.content}});
    return list;
  }

  void add(const std::string& name, const std::string& output, const json& ours, const json& reference) {
    result_.checks.push_back(compared(name, output, ours, reference));
  }

  const fs::path datasets_, data_;
  std::map<std::string, TaskData> tasks_;
  PromptChecks result_;
};

}  // namespace

PromptChecks check_task_prompts(const fs::path& file, const fs::path& datasets) {
  FileReader reader;
  return PromptChecker(file, datasets).check(read_documents(file, "", reader));
}

}  // namespace freeact
