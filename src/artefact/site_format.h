// Sites and key/value paths: their linears under the published names, and all else they hold under a prefix, named as
// QuantisedSite::save() and QuantisedKvPath::save() name it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "artefact/linear_format.h"
#include "model/decoder.h"

namespace freeact {

struct NamedLinear {
  std::string name;
  LinearShape shape;
};

// Throws UserError naming what the format has no place for: a site that is not quantised, a transform of another kind.
void add_site(TensorTable& table, const std::string& prefix, const std::vector<NamedLinear>& linears, const Site* site,
              const Grid& weights);
// Tries what it has read on a token of each type, so that tensors that do not fit together are a UserError here.
std::shared_ptr<const QuantisedSite> load_site(TensorSource& source, const std::string& prefix,
                                               const std::vector<NamedLinear>& linears, const Grid& weights,
                                               int64_t num_types);

// kv may be null: keys and values in 16 bits.
void add_kv_path(TensorTable& table, const std::string& prefix, const KvPath* kv);
std::shared_ptr<const QuantisedKvPath> load_kv_path(TensorSource& source, const std::string& prefix,
                                                    const DecoderConfig& config);

}  // namespace freeact
