#include "bench/decode.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "generation/dream_sampler.h"
#include "generation/llada_sampler.h"
#include "generation/text.h"
#include "util/error.h"

namespace freeact {
namespace {

int64_t count_masks(const at::Tensor& ids, int64_t mask_id) {
  return (ids == mask_id).sum().item<int64_t>();
}

at::Tensor decode_llada(const Decoder& model, const DecodeTask& task, const Acceleration& acceleration,
                        DecodeStatistics* statistics) {
  UnmaskSettings settings;
  settings.gen_length = task.num_blocks * task.block_length;
  settings.block_length = task.block_length;
  settings.steps = task.num_blocks * task.steps_per_block;
  settings.acceleration = acceleration;
  return unmask(model, task.start_1L, task.region, settings, {}, 0, nullptr, statistics);
}

at::Tensor decode_dream(const Decoder& model, const DecodeTask& task, const Acceleration& acceleration,
                        DecodeStatistics* statistics) {
  DiffusionSettings settings;
  settings.alg = "maskgit_plus";  // ranks by a probability, which a threshold needs
  settings.block_length =
      task.num_blocks == 1 ? 0 : task.block_length;  // this sampler's blocks begin at the first mask
  settings.steps = task.num_blocks * task.steps_per_block;
  settings.acceleration = acceleration;
  return unmask(model, task.start_1L, settings, {}, 0, nullptr, statistics);
}

const DecodeRival& find_rival(const std::string& name) {
  const auto& all = decode_rivals();
  const auto found = std::find_if(all.begin(), all.end(), [&](const DecodeRival& r) { return r.name == name; });
  FREEACT_CHECK(found != all.end(), "no rival '{}'", name);
  return *found;
}

Evidence examine(const DecodeSet& set, const Acceleration& acceleration) {
  DecodeStatistics total;
  Answers answers;
  int64_t tokens = 0;
  for (const DecodeTask& task : set.tasks) {
    DecodeStatistics one;
    answers.push_back(decode(set.model, task, acceleration, &one));
    tokens += task.num_masks;
    total.forward_passes += one.forward_passes;
    total.positions += one.positions;
    total.steps += one.steps;
  }
  const auto per_answer = [&](int64_t sum) { return static_cast<double>(sum) / static_cast<double>(set.tasks.size()); };
  return {set.accuracy(answers),
          {{"answers", set.tasks.size()},
           {"tokens", per_answer(tokens)},
           {"forward_passes", per_answer(total.forward_passes)},
           {"positions", per_answer(total.positions)},
           {"steps", per_answer(total.steps)}}};
}

}  // namespace

// Thresholds follow Fast-dLLM (Wu et al., 2025), which writes what is more confident than 0.9.
const std::vector<DecodeRival>& decode_rivals() {
  static const std::vector<DecodeRival> rivals = {
      {"none", {}},
      {"prefix", {"prefix", 0}},
      {"dual", {"dual", 0}},
      {"threshold0.9", {"none", 0.9}},
      {"dual+threshold0.9", {"dual", 0.9}},
  };
  return rivals;
}

std::vector<std::string> rival_names(const std::function<bool(const Acceleration&)>& wanted) {
  std::vector<std::string> names;
  for (const DecodeRival& rival : decode_rivals())
    if (wanted(rival.acceleration)) names.push_back(rival.name);
  return names;
}

DecodeTask make_decode_task(const std::vector<int64_t>& ids, int64_t begin, int64_t block_length, int64_t mask_id) {
  const auto length = static_cast<int64_t>(ids.size());
  if (block_length < 1 || block_length > length)
    throw UserError("a block of {} tokens does not fit a sequence of {}: give another --block-length", block_length,
                    length);
  DecodeTask task;
  task.start_1L = at::tensor(ids).unsqueeze(0);
  task.block_length = block_length;
  task.num_blocks = (length - begin + block_length - 1) / block_length;
  task.region = length - task.num_blocks * block_length;
  if (task.region < 0)
    throw UserError("blocks of {} tokens over the last {} of {} begin before the sequence: give another --block-length",
                    block_length, length - begin, length);
  task.num_masks = count_masks(task.start_1L, mask_id);
  for (int64_t block = 0; block < task.num_blocks; ++block) {
    const int64_t from = task.region + block * block_length;
    task.steps_per_block =
        std::max(task.steps_per_block, count_masks(task.start_1L.slice(1, from, from + block_length), mask_id));
  }
  return task;
}

std::vector<int64_t> decode(const Decoder& model, const DecodeTask& task, const Acceleration& acceleration,
                            DecodeStatistics* statistics) {
  const std::string& sampler = model.config.sampler;
  if (sampler != "llada" && sampler != "dream")
    throw UserError("a model of the family {} does not decode by diffusion: give another --model", model.config.family);
  return ids_of((sampler == "llada" ? decode_llada : decode_dream)(model, task, acceleration, statistics));
}

Contest decode_contest(std::shared_ptr<const DecodeSet> set, const std::vector<std::string>& rivals) {
  Contest contest;
  contest.model = set->name;
  contest.checkpoint_hash = set->checkpoint_hash;
  contest.backend = "cpu float32";
  contest.note = set->note;
  contest.unit = "answer";
  contest.accuracy_kind = set->accuracy_kind;
  const size_t timed = std::min(set->timed_tasks, set->tasks.size());
  contest.units_per_run = static_cast<int64_t>(timed);
  for (size_t i = 0; i < timed; ++i)
    contest.tokens_per_unit += static_cast<double>(set->tasks[i].num_masks) / static_cast<double>(timed);
  for (const std::string& name : rivals) {
    const Acceleration acceleration = find_rival(name).acceleration;
    const auto run = [set, acceleration, timed] {
      for (size_t i = 0; i < timed; ++i) decode(set->model, set->tasks[i], acceleration);
    };
    contest.contenders.push_back({name, run, [set, acceleration] { return examine(*set, acceleration); }});
  }
  return contest;
}

}  // namespace freeact
