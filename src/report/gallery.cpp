#include "report/gallery.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/format.h"
#include "report/over_layers.h"

namespace freeact {
namespace {

constexpr size_t kMaxItems = 12;
constexpr size_t kMaxAnswer = 160;  // bytes of an answer that are shown

// Each item once, in order of index.
std::vector<GalleryItem> items_of(const Setting& setting, const std::string& task) {
  std::vector<GalleryItem> items;
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      for (const auto& item : run->record.gallery)
        if (item.task == task && std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  items.resize(std::min(items.size(), kMaxItems));
  return items;
}

const Sample* sample_of(const Run& run, const GalleryItem& item) {
  for (const auto& sample : run.record.samples)
    if (sample.task == item.task && sample.index == item.index && sample.input_hash == item.input_hash) return &sample;
  return nullptr;
}

// A low-bit model may write anything: control characters become spaces.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

// Cut before a whole character of UTF-8.
std::string shortened(const std::string& text) {
  if (text.size() <= kMaxAnswer) return text;
  size_t end = kMaxAnswer;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

GalleryAnswer answer_of(const Arm& arm, const GalleryItem& item) {
  GalleryAnswer answer{.method = arm.label, .text = std::string(kMissing), .tooltip = "not answered"};
  for (const Run* run : arm.runs) {
    const Sample* sample = sample_of(*run, item);
    if (sample == nullptr) continue;
    const std::string whole = printable(sample->output);
    answer.text = shortened(whole);
    answer.mark = mark_of(sample->score);
    answer.tooltip = fmt::format("run {}, seed {}", run->id, run->record.seed);
    if (answer.text != whole) answer.tooltip += ": " + whole;
    break;
  }
  return answer;
}

}  // namespace

Mark mark_of(double score) {
  if (score == 1) return Mark::kRight;
  if (score == 0) return Mark::kWrong;
  return score > 0 && score < 1 ? Mark::kPartly : Mark::kNone;
}

std::vector<Gallery> galleries(const Setting& setting) {
  std::vector<Gallery> all;
  for (const auto& task : distinct_names(setting, &RunRecord::gallery, &GalleryItem::task)) {
    Gallery gallery{.name = file_stem("gallery_" + task + "_" + setting.title),
                    .title = fmt::format("{}, {}", task, setting.title),
                    .caption =
                        "The first items of the test, whatever came of them, and the answer of each method's first "
                        "seed: ✓ right, ✗ wrong.",
                    .cards = {}};
    for (const auto& item : items_of(setting, task)) {
      GalleryCard card{.title = fmt::format("Item {}", item.index),
                       .question = printable(item.question),
                       .expected = printable(item.expected),
                       .image_png = item.image_png,
                       .answers = {}};
      for (const auto& arm : setting.arms) card.answers.push_back(answer_of(arm, item));
      gallery.cards.push_back(std::move(card));
    }
    all.push_back(std::move(gallery));
  }
  return all;
}

}  // namespace freeact
