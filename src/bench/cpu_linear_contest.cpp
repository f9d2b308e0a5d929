#include "bench/cpu_linear_contest.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/cpu_ceilings.h"
#include "bench/cpu_checks.h"
#include "bench/cpu_linears.h"
#include "kernel/cpu/transform_quantise.h"
#include "latency/machine.h"
#include "ops/ops.h"
#include "util/instruction_set.h"
#include "util/random.h"

namespace freeact {
namespace {

const Grid kGrid = {4, true};

bool is_ceiling(const std::string& name) {
  return name == kVnniPeak || name == kMemoryRead;
}

// ---- data

at::Tensor random_float(at::IntArrayRef shape, uint64_t seed, const std::string& purpose) {
  return gaussian(shape, derive_seed(seed, purpose)).to(at::kFloat);
}

at::Tensor random_weight(const ContestShape& s, uint64_t seed) {
  return random_float({s.outputs, s.width}, seed, "weight") / std::sqrt(static_cast<double>(s.width));
}

at::Tensor random_activation(const ContestShape& s, uint64_t seed) {
  return random_float({s.tokens, s.width}, seed, "activation");
}

const LinearKind* find_kind(const std::string& name) {
  if (name == w4a4_linear().name) return &w4a4_linear();
  for (const LinearKind& kind : torch_linears())
    if (kind.name == name) return &kind;
  return nullptr;
}

// ---- contenders

// The copies of one rival's work, done in turn.
struct Copies {
  std::vector<BoundLinear> bound;
  size_t next = 0;
  void run() { bound[next++ % bound.size()](); }
};

// % of the norm of the exact result; NaN where the outputs are no values.
double relative_error(const at::Tensor& y, const at::Tensor& exact) {
  if (!y.is_floating_point()) return std::nan("");
  return 100 * ((y.to(at::kFloat) - exact).norm() / exact.norm()).item<double>();
}

// What the groups share.
struct Bench {
  ContestShape shape;
  uint64_t seed;
  int64_t copies;
  at::Tensor x_MK, exact_MO;  // of the first copy

  double operations() const { return 2.0 * static_cast<double>(shape.tokens * shape.width * shape.outputs); }
  int64_t packed_bytes() const { return shape.width * shape.outputs / 2; }
};

Contender make_contender(const std::string& name, const std::string& backend, const Bench& bench,
                         const std::shared_ptr<Copies>& copies, bool ours) {
  const auto examine = [copies, exact = bench.exact_MO, operations = bench.operations()] {
    return Evidence{relative_error(copies->bound.front()(), exact), {{"operations", operations}}};
  };
  Contender contender{name, [copies] { copies->run(); }, examine};
  if (bench.shape.hot) contender.prepare = contender.run;
  contender.backend = backend;
  if (ours) contender.instruction_set = freeact::name(instruction_set());
  return contender;
}

Contender vnni_peak(const Bench& bench) {
  return {kVnniPeak,
          [operations = bench.operations()] { run_int8_operations(operations); },
          [operations = bench.operations()] {
            return Evidence{.statistics = {{"operations", operations}}};
          },
          {},
          "ceiling: integer products without memory"};
}

// Reads as many bytes as the packed 4-bit weight has.
Contender memory_read(const Bench& bench) {
  const auto buffers = std::make_shared<std::vector<at::Tensor>>();
  const at::Tensor bytes = random_float({bench.packed_bytes() / 4}, bench.seed, "bytes");
  for (int64_t i = 0; i < bench.copies; ++i) buffers->push_back(bytes.clone());
  const auto next = std::make_shared<size_t>(0);
  Contender contender{kMemoryRead,
                      [=] {
                        const at::Tensor& buffer = (*buffers)[(*next)++ % buffers->size()];
                        read_memory(buffer.const_data_ptr(), static_cast<int64_t>(buffer.nbytes()));
                      },
                      [size = bench.packed_bytes()] {
                        return Evidence{.statistics = {{"bytes", size}}};
                      }};
  if (bench.shape.hot) contender.prepare = contender.run;
  contender.backend = "ceiling: reading the packed weight";
  return contender;
}

// ---- integers

struct Integers {
  at::Tensor codes_OK;
  PackedWeight weight;
  QuantisedRows rows;
};

Integers make_integers(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const Scale scale = weight_scale(weight_OK, kGrid);
  const at::Tensor codes_OK = quantise_weight(weight_OK, scale, kGrid).to(at::kChar);
  const TransformQuantise quantise({}, kGrid, x_MK.size(1), x_MK.size(1));
  return {codes_OK, pack_weight(codes_OK, scale.scale, {}, kGrid.bits),
          quantise(x_MK, at::zeros({x_MK.size(0)}, at::kLong), {Clip{}}).at(0).at(0)};
}

void check_integers(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const Integers i = make_integers(weight_OK, x_MK);
  check_rows(i.rows, x_MK, kGrid);
  check_products(integer_products(i.rows, i.weight), i.rows.codes_MP.slice(1, 0, i.rows.width),
                 i.codes_OK.to(at::kShort) + 8);
  const at::Tensor simulated =
      at::linear(fake_quantise_activation(x_MK, kGrid), fake_quantise_weight(weight_OK, kGrid));
  check_close(w4a4_linear().bind(weight_OK, x_MK)(), simulated, "the W4A4 linear");
}

BoundLinear bind_products(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  return [i = make_integers(weight_OK, x_MK)] {
    at::Tensor y_MO = at::empty({i.rows.rows(), i.weight.outputs}, at::kFloat);
    integer_linear(i.rows, i.weight, {}, y_MO);
    return y_MO;
  };
}

// ---- contests

BoundLinear bind_rival(const std::string& name, const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  return name == kIntegerLinear ? bind_products(weight_OK, x_MK) : find_kind(name)->bind(weight_OK, x_MK);
}

int64_t bytes_of_a_round(const ContestShape& s, const std::vector<std::string>& rivals) {
  double bytes_per_weight = 0;
  for (const std::string& name : rivals) {
    const LinearKind* kind = find_kind(name);
    bytes_per_weight += kind ? kind->bytes_per_weight : name == kVnniPeak ? 0 : w4a4_linear().bytes_per_weight;
  }
  return static_cast<int64_t>(bytes_per_weight * static_cast<double>(s.width * s.outputs));
}

using CopiesByRival = std::map<std::string, std::shared_ptr<Copies>>;

// All copies hold the same numbers, each in memory of its own.
CopiesByRival bind_copies(const Bench& bench, const std::vector<std::string>& rivals) {
  CopiesByRival all;
  const at::Tensor weight_OK = random_weight(bench.shape, bench.seed);
  for (int64_t i = 0; i < bench.copies; ++i) {
    for (const std::string& name : rivals) {
      if (is_ceiling(name)) continue;
      if (!all[name]) all[name] = std::make_shared<Copies>();
      all[name]->bound.push_back(bind_rival(name, weight_OK, bench.x_MK));
    }
  }
  return all;
}

Contender prepare_rival(const std::string& name, const Bench& bench, const CopiesByRival& copies) {
  if (name == kVnniPeak) return vnni_peak(bench);
  if (name == kMemoryRead) return memory_read(bench);
  const LinearKind* kind = find_kind(name);
  const bool ours = !kind || kind == &w4a4_linear();
  return make_contender(name, ours ? w4a4_linear().backend : kind->backend, bench, copies.at(name), ours);
}

std::string note_of(const Bench& bench) {
  const std::string weights =
      bench.shape.hot ? "weights just read (hot)"
                      : fmt::format("weights from memory (cold): {} copies in turn, last-level cache {} MiB",
                                    bench.copies, last_level_cache_bytes() >> 20);
  return fmt::format("random data; {} tokens, {} to {}; {}", bench.shape.tokens, bench.shape.width, bench.shape.outputs,
                     weights);
}

Bench make_bench(const ContestShape& shape, const BenchSettings& settings, const std::vector<std::string>& rivals) {
  const int64_t copies = shape.hot ? 1 : num_cold_copies(bytes_of_a_round(shape, rivals), last_level_cache_bytes());
  const at::Tensor x_MK = random_activation(shape, settings.seed);
  return {shape, settings.seed, copies, x_MK, at::linear(x_MK, random_weight(shape, settings.seed))};
}

}  // namespace

std::vector<std::string> linear_rivals() {
  std::vector<std::string> names;
  for (const LinearKind& kind : torch_linears())
    if (kind.is_available()) names.push_back(kind.name);
  names.push_back(w4a4_linear().name);
  return names;
}

Contest linear_contest(const ContestShape& shape, const BenchSettings& settings,
                       const std::vector<std::string>& rivals) {
  const Bench bench = make_bench(shape, settings, rivals);
  Contest contest;
  contest.model = fmt::format("linear {}x{}", shape.width, shape.outputs);
  contest.note = note_of(bench);
  contest.unit = "call";
  contest.accuracy_kind = "relative error";
  contest.probe = processor_speed;
  contest.check_exact = [bench] { check_integers(random_weight(bench.shape, bench.seed), bench.x_MK); };
  const CopiesByRival copies = bind_copies(bench, rivals);
  for (const std::string& name : rivals) {
    contest.contenders.push_back(prepare_rival(name, bench, copies));
    if (is_ceiling(name)) contest.ceilings.push_back(name);
  }
  return contest;
}

}  // namespace freeact
