#include "calibration/saved_block.h"

#include <ATen/ATen.h>

#include "checkpoint/safetensors.h"
#include "util/error.h"

namespace freeact {
namespace {

std::filesystem::path block_path(const std::filesystem::path& folder, int64_t index) {
  return folder / fmt::format("block_{}.safetensors", index);
}

constexpr int kErrorColumns = 7;

// [rows, 7] float64: layer, site, token type, relative error, tokens, truncation, error of rounded activations alone.
at::Tensor pack_errors(const std::vector<SiteError>& errors) {
  at::Tensor table = at::empty({static_cast<int64_t>(errors.size()), kErrorColumns}, at::kDouble);
  for (size_t i = 0; i < errors.size(); ++i) {
    const SiteError& e = errors[i];
    const double row[] = {static_cast<double>(e.layer),
                          static_cast<double>(e.site),
                          static_cast<double>(e.token_type),
                          e.relative_error,
                          static_cast<double>(e.tokens),
                          e.truncation,
                          e.activation_only};
    for (int column = 0; column < kErrorColumns; ++column) table[static_cast<int64_t>(i)][column] = row[column];
  }
  return table;
}

std::vector<SiteError> unpack_errors(const at::Tensor& table) {
  FREEACT_CHECK(table.size(1) == kErrorColumns, "a file of another version");
  std::vector<SiteError> errors;
  const auto rows = table.accessor<double, 2>();
  for (int64_t i = 0; i < table.size(0); ++i)
    errors.push_back({static_cast<int64_t>(rows[i][0]), static_cast<SiteId>(static_cast<int>(rows[i][1])),
                      static_cast<int64_t>(rows[i][2]), rows[i][3], static_cast<int64_t>(rows[i][4]), rows[i][5],
                      rows[i][6]});
  return errors;
}

at::Tensor pack_text(const std::string& text) {
  return at::tensor(std::vector<uint8_t>(text.begin(), text.end()), at::kByte);
}

std::string unpack_text(const at::Tensor& bytes) {
  const auto* data = bytes.const_data_ptr<uint8_t>();
  return {data, data + bytes.numel()};
}

std::string site_prefix(size_t site) {
  return fmt::format("site{}.", site);
}

}  // namespace

void save_block(const std::filesystem::path& folder, int64_t index, const SavedBlock& saved) {
  if (folder.empty()) return;
  TensorMap all = {{"attention_norm", saved.block.attention_norm},
                   {"mlp_norm", saved.block.mlp_norm},
                   {"errors", pack_errors(saved.errors)}};
  for (size_t i = 0; i < kNumSites; ++i)
    all.merge(dynamic_cast<const QuantisedSite&>(*saved.block.sites[i]).save(site_prefix(i)));
  if (saved.block.kv) all.merge(dynamic_cast<const QuantisedKvPath&>(*saved.block.kv).save("kv."));
  if (saved.training) all["training"] = pack_text(to_text(*saved.training));
  write_safetensors(block_path(folder, index), all);
}

bool load_block(const std::filesystem::path& folder, int64_t index, SavedBlock& saved) {
  if (folder.empty() || !std::filesystem::exists(block_path(folder, index))) return false;
  try {
    const TensorMap all = SafetensorsFile(block_path(folder, index)).load_all();
    saved.block.index = index;
    saved.block.attention_norm = all.at("attention_norm");
    saved.block.mlp_norm = all.at("mlp_norm");
    saved.errors = unpack_errors(all.at("errors"));
    for (size_t i = 0; i < kNumSites; ++i) saved.block.sites[i] = QuantisedSite::load(all, site_prefix(i));
    saved.block.kv = QuantisedKvPath::load(all, "kv.");
    if (all.contains("training")) saved.training = training_log_from_text(unpack_text(all.at("training")));
    return true;
  } catch (const std::exception&) {
    return false;  // unreadable progress costs time, never a result
  }
}

}  // namespace freeact
