// The one interface of all quantisation methods. A method acts on sites, never on model families, so every method works
// on every model. Adding one: a folder with a class, and a line in the table of src/app/methods.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "calibration/driver.h"
#include "util/fields.h"

namespace freeact {

// What a method may know besides the model.
struct MethodContext {
  QuantSpec quant;
  uint64_t seed = 0;
  at::Device device = at::kCPU;  // where prepare() computes; the blocks of calibrate() lie there already
};

class Method {
 public:
  virtual ~Method() = default;
  // Sequences per calibration batch.
  virtual int64_t batch_size() const { return 4; }
  // Whole-model rewrites that keep the function exactly (folding, rotation). The model stays where it lies.
  virtual void prepare(Decoder& model, const std::vector<TokenBatch>& calibration) const {
    static_cast<void>(model), static_cast<void>(calibration);
  }
  // Chooses and trains what each site of one block holds. Batches carry the block's full-precision inputs and outputs.
  virtual CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                    const DecoderConfig& config) const = 0;
};

// One line of the table of methods.
struct MethodEntry {
  std::string name;   // as in experiments: "rtn"
  std::string title;  // as in reports: "RTN"
  std::string summary;
  // All settings with their defaults filled in. Throws UserError on an unknown key or a bad value.
  std::function<Json(const Json& settings)> resolve;
  std::function<std::unique_ptr<Method>(const Json& settings, const MethodContext& context)> make;
};

// An entry for a class that is made from (Config, MethodContext), its Config read strictly from the experiment's
// `method.` keys and checked by Config::check().
template <typename Class, typename Config>
MethodEntry method_entry(std::string name, std::string title, std::string summary) {
  const auto read = [](const Json& settings) {
    auto config = read_fields<Config>(settings, "method.");
    config.check();
    return config;
  };
  return {std::move(name), std::move(title), std::move(summary),
          [read](const Json& settings) { return write_fields(read(settings)); },
          [read](const Json& settings, const MethodContext& context) -> std::unique_ptr<Method> {
            return std::make_unique<Class>(read(settings), context);
          }};
}

using MethodTable = std::vector<MethodEntry>;
// Throws UserError naming the near ones.
const MethodEntry& find_method(const MethodTable& table, const std::string& name);

}  // namespace freeact
