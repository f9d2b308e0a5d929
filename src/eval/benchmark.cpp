#include "eval/benchmark.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "eval/answer_details.h"
#include "eval/conversation.h"
#include "eval/questions.h"
#include "eval/scoring.h"
#include "eval/shown.h"
#include "image/drawing.h"
#include "image/picture.h"
#include "sandbox/sandbox.h"
#include "scoring/scorer.h"
#include "util/hash.h"

namespace freeact {
namespace {

using nlohmann::json;

Ask ask_of(const BenchmarkItem& item, const std::filesystem::path& folder) {
  Ask ask = {item.prompt.text, item.prompt.messages, {}, item.place};
  try {
    for (const std::string& image : item.images) ask.images.push_back(load_picture(folder, image));
  } catch (const UserError& error) {
    throw UserError("{}: {}", item.place, error.what());
  }
  return ask;
}

// By scorer.
using Judgement = std::map<std::string, Scored>;

Judgement judge(const BenchmarkTask& benchmark, const BenchmarkItem& item, const std::string& answer) {
  Judgement judgement;
  try {
    for (const std::string& scorer : benchmark.scorers)
      judgement[scorer] = find_scorer(scorer).score(item.document, answer);
  } catch (const UserError& error) {
    throw UserError("{}: {}", item.place, error.what());
  }
  return judgement;
}

Json judged_json(const Judgement& judgement) {
  Json all = Json::object();
  for (const auto& [scorer, scored] : judgement)
    all[scorer] = {{"answer", scored.answer}, {"score", scored.score ? Json(*scored.score) : Json()}};
  return all;
}

// Numbers at any depth, by their path: {"Overall": {"f1": 3}} is {"Overall.f1", 3}.
void collect_numbers(const json& figures, const std::string& path,
                     std::vector<std::pair<std::string, double>>& numbers) {
  if (figures.is_number()) numbers.emplace_back(path, figures.get<double>());
  if (!figures.is_object()) return;
  for (const auto& [key, value] : figures.items())
    collect_numbers(value, path.empty() ? key : path + "." + key, numbers);
}

// What comes of the items, one after the other.
class Judged {
 public:
  Judged(const BenchmarkTask& benchmark, const BenchmarkItems& items, const Respondent& respondent)
      : benchmark_(benchmark), items_(items), respondent_(respondent) {}

  void add(const BenchmarkItem& item, const Ask& ask, const Response& response) {
    const std::string answer = open_answer(written_text(respondent_, response), respondent_.settings.generation,
                                           respondent_.tokenizer, respondent_.prompter);
    judgements_.push_back(judge(benchmark_, item, answer));
    const std::string prompt = rendered_prompt(respondent_, ask), hash = input_hash(prompt, ask.images);
    samples_.push_back({item.index, hash, answer, score(judgements_.back(), headline()),
                        answer_details(respondent_, prompt, response, judged_json(judgements_.back()))});
    keep_order(respondent_, response, item.index, unmasked_);
    show(item, ask, hash);
    answers_.push_back(answer);
  }

  TaskResult finish() {
    TaskResult result = {respondent_.settings.name, respondent_.settings.version, {}, {}};
    for (const std::string& scorer : benchmark_.scorers) result.metrics.push_back(metric_of(scorer));
    add_subsets(result.metrics);
    for (const std::string& pooling : benchmark_.poolings) add_pooled(pooling, result.metrics);
    result.samples = std::move(samples_);
    result.shown = std::move(shown_);
    result.unmasked = std::move(unmasked_);
    return result;
  }

 private:
  // Where SymPy and math-verify are missing, formulas were compared as texts, or could not be compared at all.
  static bool lacks_algebra(const Judgement& judgement, const std::string& scorer) {
    const json& parts = judgement.at(scorer).parts;
    return parts.is_object() && !parts.value("by_algebra", true);
  }
  static double score(const Judgement& judgement, const std::string& scorer) {
    return judgement.at(scorer).score.value_or(0);
  }
  const std::string& headline() const { return benchmark_.scorers.front(); }

  void show(const BenchmarkItem& item, const Ask& ask, const std::string& hash) {
    if (ask.images.empty() || shown_.size() == kShownItems) return;
    shown_.push_back({item.index, hash, ask.messages.empty() ? ask.text : ask.messages.back().content, "",
                      shown_picture(ask.images.front())});
  }

  MetricValue metric_of(const std::string& scorer) const {
    std::vector<double> scores;
    bool as_texts = false, undecided = false;
    for (const auto& judgement : judgements_) {
      scores.push_back(score(judgement, scorer));
      as_texts |= lacks_algebra(judgement, scorer);
      undecided |= lacks_algebra(judgement, scorer) && !judgement.at(scorer).score;
    }
    MetricValue metric = percentage(scorer, scores);
    if (as_texts) metric.name += ", formulas as texts";
    if (undecided) metric.value = metric.standard_error = std::numeric_limits<double>::quiet_NaN();
    metric.population = items_.population;
    return metric;
  }

  void add_subsets(std::vector<MetricValue>& metrics) const {
    std::map<std::string, std::vector<double>> scores;
    for (size_t i = 0; i < judgements_.size(); ++i)
      if (!items_.items[i].subset.empty()) scores[items_.items[i].subset].push_back(score(judgements_[i], headline()));
    for (const auto& [subset, values] : scores) {
      metrics.push_back(percentage(headline(), values));
      metrics.back().group = "subset=" + subset;  // of how many in all is not known
    }
  }

  void add_pooled(const std::string& pooling, std::vector<MetricValue>& metrics) const {
    std::vector<ScoredItem> scored;
    for (size_t i = 0; i < judgements_.size(); ++i)
      scored.push_back({items_.items[i].document, answers_[i], judgements_[i].at(pooling)});
    std::vector<std::pair<std::string, double>> numbers;
    collect_numbers(find_pooling(pooling).pool(scored), "", numbers);
    for (const auto& [path, value] : numbers)
      metrics.push_back({.name = pooling + " " + (path.empty() ? "pooled" : path),
                         .group = "",
                         .value = value,
                         .count = std::ssize(scored),
                         .unit = "",
                         .population = items_.population});
  }

  const BenchmarkTask& benchmark_;
  const BenchmarkItems& items_;
  const Respondent& respondent_;
  std::vector<Judgement> judgements_;
  std::vector<std::string> answers_;
  std::vector<SampleResult> samples_;
  std::vector<ShownItem> shown_;
  std::vector<UnmaskedItem> unmasked_;
};

}  // namespace

TaskResult evaluate_benchmark(const BenchmarkTask& benchmark, const BenchmarkItems& items,
                              const Respondent& respondent) {
  const auto ask = [&](size_t i) { return ask_of(items.items[i], items.folder); };
  const auto responses = respond(respondent, items.items.size(), ask);
  Judged judged(benchmark, items, respondent);
  for (size_t i = 0; i < responses.size(); ++i) judged.add(items.items[i], ask(i), responses[i]);
  return judged.finish();
}

void check_scorers(const BenchmarkTask& benchmark, const EvalTaskSettings& settings) {
  for (const std::string& name : benchmark.scorers)
    if (find_scorer(name).runs_code && !name.ends_with(kUnsandboxed) && !sandbox_obstacle().empty())
      throw EnvironmentError("task '{}': {} (or, at your own risk, task.allow_unsandboxed=true)", settings.name,
                             sandbox_obstacle());
}

namespace {

// "images/3f2c....png", as the imports name what had no name.
bool is_named_by_content(const std::string& file) {
  const std::string stem = std::filesystem::path(file).stem().string();
  return stem.size() == 64 && stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string benchmark_hash(const BenchmarkTask& benchmark, const BenchmarkItems& items) {
  std::set<std::string> files;
  for (const BenchmarkItem& item : items.items)
    for (const std::string& image : item.images)
      if (!image.starts_with(kDrawPrefix) && !is_named_by_content(image)) files.insert(image);
  BenchmarkTask whole = benchmark;
  std::string all = items.hash + write_fields(whole).dump();
  for (const std::string& file : files) all += sha256_file(items.folder / file);
  return sha256(all);
}

}  // namespace freeact
