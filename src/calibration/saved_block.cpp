#include "calibration/saved_block.h"

#include <ATen/ATen.h>

#include "checkpoint/safetensors.h"
#include "util/error.h"

namespace freeact {
namespace {

std::filesystem::path block_path(const std::filesystem::path& folder, int64_t index) {
  return folder / fmt::format("block_{}.safetensors", index);
}

constexpr int kErrorColumns = 5;

// [rows, 5] float64: layer, site, token type, relative error, tokens.
at::Tensor pack_errors(const std::vector<SiteError>& errors) {
  at::Tensor table = at::empty({static_cast<int64_t>(errors.size()), kErrorColumns}, at::kDouble);
  for (size_t i = 0; i < errors.size(); ++i) {
    const SiteError& e = errors[i];
    const double row[] = {static_cast<double>(e.layer), static_cast<double>(e.site), static_cast<double>(e.token_type),
                          e.relative_error, static_cast<double>(e.tokens)};
    for (int column = 0; column < kErrorColumns; ++column) table[static_cast<int64_t>(i)][column] = row[column];
  }
  return table;
}

std::vector<SiteError> unpack_errors(const at::Tensor& table) {
  std::vector<SiteError> errors;
  const auto rows = table.accessor<double, 2>();
  for (int64_t i = 0; i < table.size(0); ++i)
    errors.push_back({static_cast<int64_t>(rows[i][0]), static_cast<SiteId>(static_cast<int>(rows[i][1])),
                      static_cast<int64_t>(rows[i][2]), rows[i][3], static_cast<int64_t>(rows[i][4])});
  return errors;
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
    return true;
  } catch (const std::exception&) {
    return false;  // unreadable progress costs time, never a result
  }
}

}  // namespace freeact
