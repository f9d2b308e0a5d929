#include "bench/decode_sets.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "bench/random_model.h"
#include "checkpoint/folder.h"
#include "eval/dataset.h"
#include "eval/scoring.h"
#include "model/family.h"
#include "util/random.h"

namespace freeact {
namespace {

double percent(int64_t part, int64_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Positions from the beginning of the answer to the end of the sequence.
int64_t tail(const TokenSequence& sequence) {
  return std::ssize(sequence.masked) - static_cast<int64_t>(sequence.answer_begin);
}

// A third of the longest answer; 0, no blocks, for Dream, whose published sampler has none.
int64_t default_block_length(const std::vector<TokenSequence>& sequences, const std::string& sampler) {
  int64_t longest = 0;
  for (const auto& s : sequences) longest = std::max(longest, tail(s));
  return sampler == "dream" ? 0 : (longest + 2) / 3;
}

double exact_match(const Answers& answers, const DatasetPart& part, const std::vector<TokenSequence>& sequences,
                   const BenchCheckpoint& checkpoint) {
  int64_t right = 0;
  for (size_t i = 0; i < answers.size(); ++i)
    right += answer_text(answers[i], sequences[i], checkpoint.tokenizer, checkpoint.model.config.eos_id) ==
                     part.items[i].answer
                 ? 1
                 : 0;
  return percent(right, std::ssize(answers));
}

double equal_tokens(const Answers& answers, const Answers& reference, const std::vector<DecodeTask>& tasks) {
  int64_t equal = 0, all = 0;
  for (size_t i = 0; i < answers.size(); ++i)
    for (size_t j = static_cast<size_t>(tasks[i].region); j < answers[i].size(); ++j, ++all)
      equal += answers[i][j] == reference[i][j] ? 1 : 0;
  return percent(equal, all);
}

nlohmann::json random_config(const RandomShape& s) {
  return {{"d_model", s.width},
          {"n_heads", s.heads},
          {"n_layers", s.layers},
          {"mlp_hidden_size", s.mlp_width},
          {"vocab_size", s.vocabulary},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 500000.0},
          {"mask_token_id", s.vocabulary - 1},
          {"eos_token_id", s.vocabulary - 2}};
}

std::vector<int64_t> random_prompt(const RandomShape& shape, Random random) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < shape.prompt; ++i)
    ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(shape.vocabulary - 2))));
  ids.insert(ids.end(), static_cast<size_t>(shape.answer), shape.vocabulary - 1);
  return ids;
}

}  // namespace

BenchCheckpoint load_bench_checkpoint(const std::filesystem::path& path, const std::string& name) {
  const CheckpointFolder folder(path);
  return {name, folder.hash(), load_decoder(folder, "", at::kFloat), Tokenizer::load(path)};
}

std::shared_ptr<const DecodeSet> task_set(const BenchSettings& settings, const BenchCheckpoint& checkpoint,
                                          const std::string& task, bool in_one_block) {
  const DecoderConfig& config = checkpoint.model.config;
  const DatasetPart part = read_dataset(settings.datasets, task, "test", settings.num_items).at(0);
  const auto sequences = lay_out_all(part, checkpoint.tokenizer, {config.mask_id, config.eos_id});
  int64_t block = settings.block_length > 0 ? settings.block_length : default_block_length(sequences, config.sampler);
  if (in_one_block) block = 0;
  const auto set = std::make_shared<DecodeSet>();
  set->model = checkpoint.model;
  set->name = checkpoint.name;
  set->checkpoint_hash = checkpoint.hash;
  set->note = block == 0 ? "one block" : fmt::format("blocks of {}", block);
  set->timed_tasks = static_cast<size_t>(settings.timed_items);
  set->accuracy_kind = "exact match";
  for (const auto& s : sequences)
    set->tasks.push_back(
        make_decode_task(s.masked, static_cast<int64_t>(s.answer_begin), block == 0 ? tail(s) : block, config.mask_id));
  set->accuracy = [=](const Answers& answers) { return exact_match(answers, part, sequences, checkpoint); };
  return set;
}

Decoder random_llada(const RandomShape& shape, uint64_t seed) {
  Decoder model = random_decoder(llada_family(), random_config(shape), seed);
  model.head.weight[model.config.mask_id].fill_(0);  // as a trained model, this one does not predict masks
  return model;
}

std::shared_ptr<const DecodeSet> random_set(const BenchSettings& settings, const RandomShape& shape) {
  const auto set = std::make_shared<DecodeSet>();
  const int64_t block = settings.block_length > 0 ? settings.block_length : shape.block;
  set->model = random_llada(shape, derive_seed(settings.seed, "random weights"));
  set->name = fmt::format("random weights, width {}, {} layers", shape.width, shape.layers);
  set->note =
      fmt::format("random weights, speed only; prompt {}, answer {}, blocks of {}", shape.prompt, shape.answer, block);
  set->timed_tasks = 1;
  for (int64_t i = 0; i < shape.answers; ++i)
    set->tasks.push_back(make_decode_task(random_prompt(shape, Random(settings.seed, fmt::format("prompt {}", i))),
                                          shape.prompt, block, set->model.config.mask_id));
  set->accuracy_kind = "equal tokens";
  const auto reference = std::make_shared<Answers>();
  set->accuracy = [reference, model = set->model, tasks = set->tasks](const Answers& answers) {
    if (reference->empty())
      for (const DecodeTask& task : tasks) reference->push_back(decode(model, task, {}));
    return equal_tokens(answers, *reference, tasks);
  };
  return set;
}

}  // namespace freeact
