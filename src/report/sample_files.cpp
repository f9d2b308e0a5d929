#include "report/sample_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

#include "report/gallery.h"
#include "report/render.h"
#include "report/samples_page.h"
#include "util/fields.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr size_t kChunkAnswers = 4000;  // in a file: some hundred kilobytes

// Low-bit models may write bytes that are no UTF-8.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A call that hands the data to the page.
void write_script(const std::filesystem::path& path, const char* function, const std::string& arguments) {
  write_file_atomically(path, fmt::format("{}({});\n", function, arguments));
}

// How many items' texts go into one file.
size_t chunk_items(const SampleGroup& group) {
  return std::max<size_t>(1, kChunkAnswers / group.runs.size());
}

size_t position_of(const SampleGroup& group, const SampleItem& item) {
  return static_cast<size_t>(std::lower_bound(group.items.begin(), group.items.end(), item) - group.items.begin());
}

char mark_letter(double score, bool graded) {
  if (!graded) return '?';
  switch (mark_of(score)) {
    case Mark::kRight:
      return '1';
    case Mark::kWrong:
      return '0';
    case Mark::kPartly:
      return 'p';
    case Mark::kNone:
      break;
  }
  return '?';
}

// One letter for each item: right, wrong, partly right, without a mark, not answered ('-').
std::string marks_of(const SampleGroup& group, const Run& run) {
  std::string marks(group.items.size(), '-');
  const TaskSamples& samples = *run.find_task(group.task);
  for (size_t i = 0; i < samples.size(); ++i)
    marks[position_of(group, {samples.indices[i], samples.inputs[i]})] = mark_letter(samples.scores[i], group.graded);
  return marks;
}

Json group_json(const SampleGroup& group) {
  Json rows = Json::array(), runs = Json::array(), marks = Json::array(), items = Json::array();
  for (const auto& row : group.rows) rows.push_back({{"bits", row.bits}, {"label", row.label}, {"runs", row.runs}});
  for (const Run* run : group.runs) {
    runs.push_back({{"id", run->id}, {"seed", run->record.seed}});
    marks.push_back(marks_of(group, *run));
  }
  for (const auto& item : group.items) items.push_back(item.index);
  return {{"rows", rows}, {"runs", runs}, {"marks", marks}, {"items", items}, {"chunk", chunk_items(group)}};
}

// The texts of one item, each once, and what each run's answer was.
class ItemTexts {
 public:
  // unmasked: null where the order is not known.
  void add(size_t run, const Sample& sample, const UnmaskedAnswer* unmasked) {
    hash_ = sample.input_hash;
    Json answer = {run, sample.score, place_of(sample.output)};
    if (const auto& d = sample.details) {
      answer.insert(answer.end(),
                    {place_of(d->prompt), place_of(d->response), place_of(d->judged), d->tokens, d->steps});
      if (unmasked != nullptr) answer.push_back(steps_json(*unmasked));
    }
    answers_.push_back(std::move(answer));
  }

  // Takes the texts away.
  Json json(const GalleryItem* shown) {
    Json item;
    item["hash"] = hash_;
    item["texts"] = std::move(texts_);
    item["answers"] = std::move(answers_);
    if (shown != nullptr) {
      item["question"] = shown->question;
      item["expected"] = shown->expected;
      item["picture"] = base64(shown->image_png);
    }
    return item;
  }

 private:
  static Json steps_json(const UnmaskedAnswer& unmasked) {
    Json tokens = Json::array();
    for (const auto& token : unmasked.tokens) tokens.push_back({token.text, token.step});
    return tokens;
  }
  size_t place_of(const std::string& text) {
    const auto [place, is_new] = places_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }

  std::string hash_;
  std::map<std::string, size_t> places_;
  Json texts_ = Json::array(), answers_ = Json::array();
};

const GalleryItem* shown_item(const SampleGroup& group, const SampleItem& item) {
  const std::hash<std::string_view> hash;
  for (const Run* run : group.runs)
    for (const auto& shown : run->record.gallery)
      if (shown.task == group.task && shown.index == item.index && hash(shown.input_hash) == item.input) return &shown;
  return nullptr;
}

const UnmaskedAnswer* unmasked_answer(const Run& run, const std::string& task, int64_t index) {
  const auto& all = run.record.unmaskings;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.task == task && a.index == index; });
  return found == all.end() ? nullptr : &*found;
}

// The items from `first` on, as many as a file takes.
Json chunk_json(const SampleReader& reader, const SampleGroup& group, size_t first) {
  const size_t count = std::min(chunk_items(group), group.items.size() - first);
  const auto begin = group.items.begin() + static_cast<std::ptrdiff_t>(first);
  const std::hash<std::string_view> hash;
  std::vector<ItemTexts> texts(count);
  for (size_t run = 0; run < group.runs.size(); ++run)
    for (const auto& sample :
         reader.samples(group.runs[run]->id, group.task, begin->index, (begin + std::ptrdiff_t(count) - 1)->index)) {
      const size_t place = position_of(group, {sample.index, hash(sample.input_hash)});
      if (place >= first && place < first + count)
        texts[place - first].add(run, sample, unmasked_answer(*group.runs[run], group.task, sample.index));
    }
  Json items = Json::array();
  for (size_t i = 0; i < count; ++i) items.push_back(texts[i].json(shown_item(group, group.items[first + i])));
  return items;
}

// Of an earlier report, which may have had more of them.
void remove_old_files(const std::filesystem::path& folder) {
  static const std::regex kOurs(R"(samples\.js|\d+(_\d+)?\.js)");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (std::regex_match(entry.path().filename().string(), kOurs)) std::filesystem::remove(entry.path(), error);
}

}  // namespace

void write_samples(const SampleReader& reader, const std::vector<SampleGroup>& groups,
                   const std::filesystem::path& folder, const std::string& title) {
  const std::filesystem::path files = folder / "samples";
  remove_old_files(files);
  Json index = Json::array();
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto& group = groups[i];
    index.push_back({{"experiment", group.experiment},
                     {"model", group.model},
                     {"checkpoint", group.checkpoint_hash.substr(0, 8)},
                     {"task", group.task},
                     {"items", group.items.size()},
                     {"samples", group.samples}});
    write_script(files / fmt::format("{}.js", i), "freeact_group", fmt::format("{}, {}", i, dump(group_json(group))));
    for (size_t first = 0, chunk = 0; first < group.items.size(); first += chunk_items(group), ++chunk)
      write_script(files / fmt::format("{}_{}.js", i, chunk), "freeact_chunk",
                   fmt::format("\"{}_{}\", {}", i, chunk, dump(chunk_json(reader, group, first))));
  }
  write_script(files / "samples.js", "freeact_samples", dump({{"title", title}, {"groups", index}}));
  write_file_atomically(folder / "samples.html", samples_page());
}

}  // namespace freeact
