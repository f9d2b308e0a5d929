#include "run/calibration_data.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "eval/dataset.h"
#include "eval/plain_text.h"
#include "eval/questions.h"
#include "run/calibration_states.h"
#include "run/loss_weights.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr const char* kSplit = "calibration";
constexpr size_t kRun = 8;  // sequences of one part in a row: whole batches of one length, parts mixed along the way

constexpr int64_t kCharactersPerToken = 8;  // more than any usual text has, so that no sequence runs over the end

// Where the sequences of a text begin: one every stride, the held-out ones half a stride further.
struct Spacing {
  int64_t first, stride;
};

Spacing spacing(const CalibrationConfig& config, const PlainText& text, const std::filesystem::path& file,
                int64_t count, Random& random) {
  if (config.stride > 0) return {0, config.stride};
  const int64_t stride = (text.num_characters() - kCharactersPerToken * config.sequence_length) / count;
  if (stride < 2)
    throw UserError("calibration.num_samples is {}, which is too many for the {} characters of '{}'",
                    config.num_samples, text.num_characters(), file.string());
  return {static_cast<int64_t>(random.below(static_cast<uint64_t>(stride / 2))), stride};
}

// Running text as a diffusion model sees it. Masks may be anywhere but in front, where nothing predicts them with
// shifted logits; what the model shall write itself is the second half.
std::vector<TokenBatch> written_text(const std::vector<std::vector<int64_t>>& texts, const CalibrationConfig& config,
                                     const Decoder& model, const Tokenizer& tokenizer, Random& random) {
  std::vector<TokenSequence> sequences;
  for (const auto& ids : texts)
    sequences.push_back(blank_text(ids, config.states == "decoding" ? ids.size() / 2 : 1, model.config.mask_id));
  return partly_written(sequences, config, model, tokenizer, random);
}

CalibrationSequences draw_text(const CalibrationConfig& config, const std::filesystem::path& file, int64_t count,
                               const Decoder& model, const Tokenizer& tokenizer, Random random) {
  if (config.sequence_length < 2)
    throw UserError("calibration.sequence_length is {}: running text needs 2 tokens or more", config.sequence_length);
  const PlainText text(file);
  const auto [first, stride] = spacing(config, text, file, count, random);
  std::vector<std::vector<int64_t>> learnt, held_out;
  for (int64_t i = 0; i < count; ++i) {
    learnt.push_back(text.tokens(tokenizer, first + i * stride, config.sequence_length));
    held_out.push_back(text.tokens(tokenizer, first + i * stride + stride / 2, config.sequence_length));
  }
  if (model.config.mask_id < 0) return {{learnt.begin(), learnt.end()}, {held_out.begin(), held_out.end()}};
  return {written_text(learnt, config, model, tokenizer, random),
          written_text(held_out, config, model, tokenizer, random)};
}

void require_items(const DatasetPart& part, const CalibrationConfig& config, size_t count) {
  if (part.items.size() < count)
    throw UserError("calibration.num_samples is {}, but data set '{}' has only {} items in a part", config.num_samples,
                    config.dataset, part.items.size());
}

// Question, right answer, end of turn.
TokenBatch conversation(const DatasetPart& part, size_t item, const Prompter& prompter) {
  const TokenBatch prompt = prompt_of(question_of(part, item), prompter, part.place(item));
  return extended(prompt, prompter.answer(part.items[item].answer));
}

// Sequences of one length in a row, the lengths in the order of their first ones.
std::vector<TokenBatch> gather_lengths(const std::vector<TokenBatch>& sequences) {
  std::map<int64_t, size_t> place_of_length;
  std::vector<std::vector<TokenBatch>> groups;
  for (const TokenBatch& sequence : sequences) {
    const auto [place, is_new] = place_of_length.try_emplace(sequence.length(), groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(sequence);
  }
  std::vector<TokenBatch> gathered;
  for (const auto& group : groups) gathered.insert(gathered.end(), group.begin(), group.end());
  return gathered;
}

// As draw_items(). Only what is drawn goes through the tower that sees images.
CalibrationSequences draw_conversations(const DatasetPart& part, const CalibrationConfig& config, size_t count,
                                        const Prompter& prompter, Random random) {
  require_items(part, config, count);
  std::vector<size_t> items(part.items.size());
  std::iota(items.begin(), items.end(), size_t{0});
  random.shuffle(items);
  CalibrationSequences drawn;
  for (size_t i = 0; i < std::min(2 * count, items.size()); ++i)
    (i < count ? drawn.calibration : drawn.held_out).push_back(conversation(part, items[i], prompter));
  return {gather_lengths(drawn.calibration), gather_lengths(drawn.held_out)};
}

// `count` items of one part to learn from, and as many others, if there are, to measure on.
CalibrationSequences draw_items(const DatasetPart& part, const CalibrationConfig& config, size_t count,
                                const Decoder& model, const Tokenizer& tokenizer, Random random) {
  require_items(part, config, count);
  auto sequences = lay_out_all(part, tokenizer, diffusion_ids(model.config));
  random.shuffle(sequences);
  const auto middle = sequences.begin() + static_cast<std::ptrdiff_t>(count);
  const auto end = sequences.begin() + static_cast<std::ptrdiff_t>(std::min(2 * count, sequences.size()));
  return {partly_written({sequences.begin(), middle}, config, model, tokenizer, random),
          partly_written({middle, end}, config, model, tokenizer, random)};
}

// A run of each source in turn.
std::vector<TokenBatch> interleave(const std::vector<CalibrationSequences>& sources,
                                   std::vector<TokenBatch> CalibrationSequences::*side) {
  size_t longest = 0;
  for (const auto& source : sources) longest = std::max(longest, (source.*side).size());
  std::vector<TokenBatch> all;
  for (size_t start = 0; start < longest; start += kRun)
    for (const auto& source : sources)
      for (size_t i = start; i < std::min(start + kRun, (source.*side).size()); ++i) all.push_back((source.*side)[i]);
  return all;
}

CalibrationSequences draw_unweighted(const CalibrationConfig& config, const std::filesystem::path& datasets,
                                     const Decoder& model, const Tokenizer& tokenizer, uint64_t seed,
                                     const Prompter* prompter) {
  const Random text_random(seed, "calibration text");
  if (config.is_running_text())
    return draw_text(config, datasets / config.dataset, config.num_samples, model, tokenizer, text_random);
  const int64_t of_text = config.text.empty() ? 0 : config.num_samples / 2;
  std::vector<CalibrationSequences> sources;
  const auto parts = read_dataset(datasets, config.dataset, kSplit);
  const auto per_part = (static_cast<size_t>(config.num_samples - of_text) + parts.size() - 1) / parts.size();
  const bool conversations = are_conversations(config, model.config);
  FREEACT_CHECK(!conversations || prompter != nullptr, "nobody asks the model");
  for (const auto& part : parts) {
    const Random random(seed, "calibration " + part.name);
    sources.push_back(conversations ? draw_conversations(part, config, per_part, *prompter, random)
                                    : draw_items(part, config, per_part, model, tokenizer, random));
  }
  if (of_text > 0) sources.push_back(draw_text(config, datasets / config.text, of_text, model, tokenizer, text_random));
  return {interleave(sources, &CalibrationSequences::calibration),
          interleave(sources, &CalibrationSequences::held_out)};
}

void check_masks(const CalibrationConfig& config, const DecoderConfig& model) {
  const auto refuse = [&](const char* key, const std::string& value) {
    throw UserError("calibration.{} is {}, which needs a masked-diffusion model, but this one ({}) has no mask token",
                    key, value, model.family);
  };
  if (model.mask_id >= 0) return;
  if (config.states == "decoding") refuse("states", config.states);
  if (config.loss_weights == "mask_state") refuse("loss_weights", config.loss_weights);
}

}  // namespace

CalibrationSequences draw_calibration(const CalibrationConfig& config, const std::filesystem::path& datasets,
                                      const Decoder& model, const Tokenizer& tokenizer, uint64_t seed,
                                      const Prompter* prompter) {
  CalibrationSequences drawn = draw_unweighted(config, datasets, model, tokenizer, seed, prompter);
  weigh_losses(drawn.calibration, config, model);
  return drawn;
}

bool asks_model(const CalibrationConfig& config) {
  return config.states == "decoding" || config.loss_weights == "attention";
}

bool are_conversations(const CalibrationConfig& config, const DecoderConfig& model) {
  return model.mask_id < 0 && !config.is_running_text();
}

ImageLimits image_limits(const CalibrationConfig& config) {
  return read_fields<ImageLimits>(config.images, "calibration.images.");
}

void check_calibration_fits(const CalibrationConfig& config, const std::filesystem::path& datasets,
                            const DecoderConfig& model, bool model_sees_images) {
  check_masks(config, model);
  if (config.is_running_text() || (are_conversations(config, model) && model_sees_images)) return;
  for (const auto& part : read_dataset(datasets, config.dataset, kSplit)) refuse_images(part, "the model");
}

std::vector<std::filesystem::path> calibration_places(const CalibrationConfig& config,
                                                      const std::filesystem::path& datasets) {
  std::vector<std::filesystem::path> places = {datasets / config.dataset};
  if (!config.text.empty()) places.push_back(datasets / config.text);
  return places;
}

std::string calibration_data_hash(const CalibrationConfig& config, const std::filesystem::path& datasets) {
  if (config.is_running_text()) return sha256_file(datasets / config.dataset);
  std::string all;
  for (const auto& part : read_dataset(datasets, config.dataset, kSplit)) all += part.name + data_hash(part);
  if (!config.text.empty()) all += sha256_file(datasets / config.text);
  return sha256(all);
}

}  // namespace freeact
