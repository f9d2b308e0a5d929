#include "artefact/site_format.h"

#include <ATen/ATen.h>

#include <set>

#include "util/error.h"

namespace freeact {
namespace {

// "freeact.blocks.0.mlp.down." without its end.
std::string place(const std::string& prefix) {
  return prefix.substr(0, prefix.size() - 1);
}

std::string linear_prefix(const std::string& prefix, size_t i) {
  return fmt::format("{}linear{}.", prefix, i);
}

void check_transforms(const QuantisedSite& site, const std::string& prefix) {
  for (const auto& transform : site.parts().transforms) try {
      make_transform(transform->kind(), transform->tensors());
    } catch (const UserError&) {
      throw UserError("'{}' cannot be saved: the format has no form for the transform '{}'", place(prefix),
                      transform->kind());
    }
}

// Whatever is wrong with tensors that were read, in one line that names them.
template <typename Make>
auto made_of_tensors(const TensorSource& source, const std::string& prefix, const Make& make) {
  try {
    return make();
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw UserError("saved model '{}': tensors of '{}' are missing or do not fit together ({})",
                    source.folder().path().string(), place(prefix), text.substr(0, text.find('\n')));
  }
}

void put_linear(NamedTensors& tensors, const std::string& prefix, const QuantisedLinear& linear) {
  tensors[prefix + "codes"] = linear.codes;
  if (linear.scale.scale.defined()) tensors[prefix + "scale"] = linear.scale.scale;
  if (linear.scale.zero.defined()) tensors[prefix + "zero"] = linear.scale.zero;
  if (linear.bias.defined()) tensors[prefix + "bias"] = linear.bias;
}

// Tensors that were read and have no part in what was made of them.
template <typename Made>
void refuse_unused(const NamedTensors& read, const Made& made, const std::string& prefix) {
  const NamedTensors used = made.save(prefix);
  for (const auto& [name, tensor] : read)
    if (!used.contains(name)) throw UserError("'{}' belongs to nothing", name);
}

void try_site(const QuantisedSite& site, const std::vector<NamedLinear>& linears, int64_t num_types,
              at::ScalarType dtype) {
  const at::Tensor types_BT = at::arange(num_types).unsqueeze(0);
  const auto outputs = site.forward(at::zeros({1, num_types, linears.front().shape.inputs}, dtype), types_BT);
  if (outputs.size() != linears.size()) throw UserError("{} linears in place of {}", outputs.size(), linears.size());
  for (size_t i = 0; i < linears.size(); ++i)
    if (outputs[i].sizes() != at::IntArrayRef({1, num_types, linears[i].shape.outputs}))
      throw UserError("outputs of the shape {}", shape_text(outputs[i].sizes()));
}

}  // namespace

void add_site(TensorTable& table, const std::string& prefix, const std::vector<NamedLinear>& linears, const Site* site,
              const Grid& weights) {
  const auto* quantised = dynamic_cast<const QuantisedSite*>(site);
  if (!quantised) throw UserError("'{}' cannot be saved: it is not quantised", place(prefix));
  check_transforms(*quantised, prefix);
  std::set<std::string> written;
  for (size_t i = 0; i < linears.size(); ++i) {
    add_linear(table, linears[i].name, quantised->parts().linears.at(i), weights);
    for (const char* name : {"codes", "scale", "zero", "bias"}) written.insert(linear_prefix(prefix, i) + name);
  }
  for (const auto& [name, tensor] : quantised->save(prefix))
    if (!written.contains(name)) table.push_back(stored(name, tensor));
}

std::shared_ptr<const QuantisedSite> load_site(TensorSource& source, const std::string& prefix,
                                               const std::vector<NamedLinear>& linears, const Grid& weights,
                                               int64_t num_types) {
  NamedTensors tensors = source.take_all(prefix);
  for (size_t i = 0; i < linears.size(); ++i)
    put_linear(tensors, linear_prefix(prefix, i), load_linear(source, linears[i].name, linears[i].shape, weights));
  return made_of_tensors(source, prefix, [&] {
    auto site = QuantisedSite::load(tensors, prefix);
    refuse_unused(tensors, *site, prefix);
    try_site(*site, linears, num_types, source.dtype());
    return site;
  });
}

void add_kv_path(TensorTable& table, const std::string& prefix, const KvPath* kv) {
  if (!kv) return;
  const auto* quantised = dynamic_cast<const QuantisedKvPath*>(kv);
  if (!quantised)
    throw UserError("'{}' cannot be saved: the format knows no such path of keys and values", place(prefix));
  for (const auto& [name, tensor] : quantised->save(prefix)) table.push_back(stored(name, tensor));
}

std::shared_ptr<const QuantisedKvPath> load_kv_path(TensorSource& source, const std::string& prefix,
                                                    const DecoderConfig& c) {
  const NamedTensors tensors = source.take_all(prefix);
  if (tensors.empty()) return nullptr;
  return made_of_tensors(source, prefix, [&] {
    auto kv = QuantisedKvPath::load(tensors, prefix);
    if (!kv) throw UserError("'layout' is missing");
    refuse_unused(tensors, *kv, prefix);
    const at::Tensor q_BHTK = at::zeros({1, c.num_heads, 1, c.head_width}, source.dtype());
    const at::Tensor k_BGTK = at::zeros({1, c.num_kv_heads, 1, c.head_width}, source.dtype());
    kv->query_key(q_BHTK, k_BGTK);
    kv->value(k_BGTK);
    return kv;
  });
}

}  // namespace freeact
