// A checkpoint folder with the stored outputs of its reference code: io.json names the cases, io.safetensors holds
// their inputs and outputs under CASE.ROLE ("forward.logits").
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "model/decoder.h"
#include "model/family.h"
#include "verify/check.h"

namespace freeact {

class ReferenceSet {
 public:
  // Throws UserError when io.json or io.safetensors is missing or broken; the model's own files are read on first use.
  explicit ReferenceSet(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& description() const { return io_; }
  const nlohmann::json& cases() const { return io_.at("cases"); }
  // An entry of io.json's "images". Throws UserError when there is none.
  const nlohmann::json& image(const std::string& name) const;
  const SafetensorsFile& tensors() const { return tensors_; }

  // A bound of io.json's "tolerance", or what the sets' description says where it gives none.
  double bound(const char* key, double fallback) const;
  // An id of io.json's "special_ids"; -1 when there is none.
  int64_t special_id(const char* name) const;

  const Family& family();
  // The model with its weights cast to dtype, and with the special ids of io.json. One at a time is kept: the
  // reference holds until the model is asked for in another dtype.
  const Decoder& model(at::ScalarType dtype);
  // Its vision tower, in float32. Throws UserError when the model has none.
  const VisionTower& vision();

 private:
  const CheckpointFolder& checkpoint();

  std::filesystem::path folder_;
  nlohmann::json io_;
  SafetensorsFile tensors_;
  std::optional<CheckpointFolder> checkpoint_;
  std::optional<LoadedNetwork> network_;
};

// One case while it is checked: hands out its inputs, and remembers which of its tensors were asked for, so that an
// output nobody understands cannot pass unnoticed.
class ReferenceCase {
 public:
  // name is the case's key in io.json, or what the names of a group of tensors begin with; title what the report calls
  // it.
  ReferenceCase(ReferenceSet& set, const std::string& name, const std::string& title);

  ReferenceSet& set() { return set_; }
  const std::string& name() const { return name_; }
  const nlohmann::json& settings() const { return set_.cases().at(name_); }
  // Roles this case holds tensors for ("input_ids", "hidden.block0").
  const std::vector<std::string>& roles() const { return roles_; }

  // Throws UserError when the case has no such tensor.
  at::Tensor input(const std::string& role);
  // Undefined when the case has no such tensor.
  at::Tensor optional_input(const std::string& role);
  // The stored output, or undefined; what is taken must be reported by add().
  at::Tensor reference(const std::string& role) { return optional_input(role); }
  void add(CheckLine line) { lines_.push_back(std::move(line)); }
  // Adds a line when the case stores this output.
  void compare(const std::string& role, const at::Tensor& ours, const Tolerance& tolerance);
  const std::string& title() const { return title_; }

  // All lines, and a failed one per tensor that was neither an input nor compared.
  std::vector<CheckLine> finish();
  // All lines so far and a failed one with the reason why the case ended early.
  std::vector<CheckLine> fail(const std::string& reason);

 private:
  ReferenceSet& set_;
  std::string name_, title_;
  std::vector<std::string> roles_;
  std::set<std::string> used_;
  std::vector<CheckLine> lines_;
};

}  // namespace freeact
