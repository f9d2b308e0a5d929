#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <filesystem>
#include <limits>

#include "bench/cpu_ceilings.h"
#include "bench/cpu_groups.h"
#include "bench/cpu_random_sites.h"
#include "bench/decode_sets.h"
#include "bench/random_model.h"
#include "model/family.h"
#include "util/cache.h"
#include "util/instruction_set.h"
#include "util/random.h"

namespace freeact {
namespace {

// A masked-diffusion model in LLaDA's form, so that there are two types of token.
struct ModelShape {
  std::string name;
  int64_t width, heads, kv_heads, layers, mlp_width, vocabulary;
};

nlohmann::json config_of(const ModelShape& s) {
  return {{"d_model", s.width},
          {"n_heads", s.heads},
          {"n_kv_heads", s.kv_heads},
          {"n_layers", s.layers},
          {"mlp_hidden_size", s.mlp_width},
          {"vocab_size", s.vocabulary},
          {"weight_tying", true},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 100000.0},
          {"mask_token_id", s.vocabulary - 1},
          {"eos_token_id", s.vocabulary - 2}};
}

constexpr int64_t kSequences = 2, kTokens = 128;

// Every second token is masked, as on average in an evaluation of likelihoods.
at::Tensor half_masked(std::vector<int64_t> ids, int64_t mask_id) {
  for (size_t i = 0; i < ids.size(); i += 2) ids[i] = mask_id;
  return at::tensor(ids, at::kLong).view({kSequences, kTokens});
}

at::Tensor random_ids(const ModelShape& s, uint64_t seed) {
  Random random(seed, "ids");
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < kSequences * kTokens; ++i)
    ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(s.vocabulary - 2))));
  return half_masked(ids, s.vocabulary - 1);
}

// Plain sentences, again and again until the sequences are full.
at::Tensor text_ids(const BenchCheckpoint& checkpoint) {
  const std::vector<int64_t> once = checkpoint.tokenizer.encode(
      "The harbour wakes before the town does. Fishermen carry their nets to the boats, gulls follow them along the "
      "wall, and the first bus waits with its lights on. By eight the market is full: bread, apples, cheese from the "
      "hills, and a man who mends clocks under a green umbrella. Children pass on their way to school and count the "
      "ships. When the wind turns to the west, everybody knows that it will rain before the evening, and the old "
      "women bring their washing in. ");
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < kSequences * kTokens; ++i) ids.push_back(once[static_cast<size_t>(i) % once.size()]);
  return half_masked(ids, checkpoint.model.config.mask_id);
}

struct EvaluationBench {
  Decoder plain;
  QuantisedPair quantised;
  at::Tensor ids_BT;
  at::Tensor reference_BTV;  // the logits of the simulated model

  at::Tensor logits(const Decoder& model) const {
    const at::NoGradGuard no_gradients;
    return model.logits(TokenBatch(ids_BT));
  }
};

std::shared_ptr<const EvaluationBench> make_bench(const Decoder& plain, const at::Tensor& ids_BT, uint64_t seed) {
  const auto bench = std::make_shared<EvaluationBench>();
  bench->plain = plain;
  bench->quantised = random_quantised(plain, seed);
  bench->ids_BT = ids_BT;
  bench->reference_BTV = bench->logits(bench->quantised.simulated);
  return bench;
}

// Of the most probable tokens, and of the logits, in % of their norm.
Evidence agreement(const at::Tensor& logits_BTV, const at::Tensor& reference_BTV) {
  const at::Tensor equal_BT = logits_BTV.argmax(-1) == reference_BTV.argmax(-1);
  const double difference = ((logits_BTV - reference_BTV).norm() / reference_BTV.norm()).item<double>();
  return {100 * equal_BT.to(at::kDouble).mean().item<double>(),
          {{"tokens", equal_BT.numel()}, {"logit_difference_percent", 100 * difference}}};
}

using Pick = const Decoder& (*)(const EvaluationBench&);

Contender make_contender(const std::shared_ptr<const EvaluationBench>& bench, const char* name, const char* backend,
                         Pick pick) {
  const auto run = [bench, pick] { bench->logits(pick(*bench)); };
  const auto examine = [bench, pick] { return agreement(bench->logits(pick(*bench)), bench->reference_BTV); };
  return {name, run, examine, {}, backend};
}

// How far the simulated model agrees with itself when its embeddings change in their last digit: where a rounding tips
// over, a code changes by one, which tips more of them in the layers after. No other arithmetic can agree better.
Evidence agreement_with_itself(const EvaluationBench& bench) {
  Evidence evidence = agreement(bench.reference_BTV, bench.reference_BTV);
  Decoder nudged = bench.quantised.simulated;
  nudged.embedding = nudged.embedding * (1 + std::numeric_limits<float>::epsilon());
  const Evidence after = agreement(bench.logits(nudged), bench.reference_BTV);
  evidence.statistics["equal_after_last_digit_percent"] = after.accuracy;
  evidence.statistics["logit_difference_after_last_digit_percent"] = after.statistics["logit_difference_percent"];
  return evidence;
}

std::vector<Contender> all_contenders(const std::shared_ptr<const EvaluationBench>& bench) {
  std::vector<Contender> contenders = {
      make_contender(bench, "fake_quantised", "simulated float32",
                     [](const EvaluationBench& b) -> const Decoder& { return b.quantised.simulated; }),
      make_contender(bench, "float32", "torch float32, not quantised",
                     [](const EvaluationBench& b) -> const Decoder& { return b.plain; }),
      make_contender(bench, "integer", "cpu int4",
                     [](const EvaluationBench& b) -> const Decoder& { return b.quantised.integer; }),
  };
  contenders.front().examine = [bench] { return agreement_with_itself(*bench); };
  contenders.back().instruction_set = freeact::name(instruction_set());
  return contenders;
}

void check_first_block(const EvaluationBench& bench, uint64_t seed) {
  const at::Tensor types_BT = bench.plain.types(TokenBatch(bench.ids_BT));
  const Block& block = bench.plain.blocks.front();
  for (size_t s = 0; s < kNumSites; ++s) {
    const int64_t width = block.linears[s].front().weight.size(1);
    const at::Tensor x_BTD =
        gaussian({types_BT.size(0), types_BT.size(1), width}, derive_seed(seed, kSiteNames[s])).to(at::kFloat);
    check_site(*bench.quantised.simulated.blocks.front().sites[s], *bench.quantised.integer.blocks.front().sites[s],
               x_BTD, types_BT);
  }
}

Contest evaluation_contest(const std::shared_ptr<const EvaluationBench>& bench, const std::string& what,
                           const BenchSettings& settings) {
  const DecoderConfig& c = bench->plain.config;
  Contest contest;
  contest.model = fmt::format("{}, {} layers of width {}", what, c.num_layers, c.width);
  contest.note = fmt::format(
      "{}, random rotations: {} layers, width {}, MLP {}, vocabulary {}; {} sequences of {} tokens, logits of all; "
      "embedding, attention product and head stay float32",
      what, c.num_layers, c.width, c.mlp_width, c.vocabulary_rows, kSequences, kTokens);
  contest.unit = "forward pass";
  contest.accuracy_kind = "equal arg-max";
  contest.tokens_per_unit = static_cast<double>(kSequences * kTokens);
  contest.goal = {
      "C6",
      "integer",
      {{"own fake-quantised float32", {"fake_quantised"}, 2, 3.5}, {"float32, not quantised", {"float32"}}}};
  contest.probe = processor_speed;
  contest.check_exact = [bench, seed = settings.seed] { check_first_block(*bench, seed); };
  contest.contenders = all_contenders(bench);
  return contest;
}

using Prepare = std::function<Contest(const BenchSettings& settings)>;

BenchmarkGroup evaluation_group(const std::string& name, const std::string& about, const Prepare& prepare) {
  return {"cpu/C6/" + name,
          "a forward pass at W4A4, integers against floats: " + about,
          {"fake_quantised", "float32", "integer"},
          [prepare](const BenchSettings& settings, const std::vector<std::string>&) { return prepare(settings); },
          /*whole=*/true};
}

BenchmarkGroup random_group(const ModelShape& shape) {
  return evaluation_group(
      shape.name, fmt::format("random weights, {} layers of width {}", shape.layers, shape.width),
      [=](const BenchSettings& settings) {
        const Decoder model =
            random_decoder(llada_family(), config_of(shape), derive_seed(settings.seed, "random weights"));
        return evaluation_contest(make_bench(model, random_ids(shape, settings.seed), settings.seed), "random weights",
                                  settings);
      });
}

// A trained model tells whether answers stay equal, which random weights, that hardly prefer any token, do not.
BenchmarkGroup trained_group(const std::filesystem::path& folder) {
  return evaluation_group("evaluation_smollm2", "SmolLM2-135M-Diffusion", [=](const BenchSettings& settings) {
    const BenchCheckpoint checkpoint = load_bench_checkpoint(folder, "SmolLM2-135M-Diffusion");
    Contest contest = evaluation_contest(make_bench(checkpoint.model, text_ids(checkpoint), settings.seed),
                                         "SmolLM2-135M-Diffusion", settings);
    contest.checkpoint_hash = checkpoint.hash;
    return contest;
  });
}

}  // namespace

std::vector<BenchmarkGroup> evaluation_groups() {
  std::vector<BenchmarkGroup> groups = {random_group({"evaluation", 576, 9, 3, 30, 1536, 49152}),  // SmolLM2-135M
                                        random_group({"evaluation_d1024", 1024, 16, 16, 24, 2816, 32000})};
  const std::filesystem::path trained = cache_folder() / "smollm2-135m-diffusion";  // freeact data import
  if (std::filesystem::exists(trained / "config.json")) groups.push_back(trained_group(trained));
  return groups;
}

}  // namespace freeact
