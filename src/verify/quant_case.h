// One case of a folder of quantisation fixtures: NAME.json names the tensors of NAME.safetensors, what they mean and
// how close an implementation must come.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "checkpoint/safetensors.h"
#include "model/decoder.h"
#include "verify/check.h"

namespace freeact {

class QuantCase {
 public:
  // siblings: all cases of the file.
  QuantCase(const nlohmann::json& description, const nlohmann::json& siblings, const SafetensorsFile& tensors);

  const std::string& name() const { return name_; }
  const nlohmann::json& params() const { return description_.at("params"); }
  std::string kind() const { return params().value("kind", ""); }
  // A parameter that the case may leave to the first case of its kind in the file. Throws when none states it.
  const nlohmann::json& shared_param(const std::string& key) const;
  std::vector<std::string> outputs() const;

  bool has(const std::string& role) const { return description_.at("inputs").contains(role); }
  at::Tensor in(const std::string& role) const;
  // Input roles that start with the prefix, without it.
  std::vector<std::string> roles(const std::string& prefix) const;
  // A tensor of the file that no case names (weights of the tiny models).
  at::Tensor file_tensor(const std::string& tensor) const { return tensors_.tensor(tensor); }

  bool wants(const std::string& role) const { return description_.at("outputs").contains(role); }
  // The fixture's own output, where it is an input of a further check (stored weights, the sizes of a table).
  at::Tensor reference(const std::string& role) const;
  // Compares with the fixture; roles it does not have are ignored.
  void expect(const std::string& role, const at::Tensor& ours);

  // What was compared; outputs that were never computed are failures.
  std::vector<CheckLine> finish();

  // The tiny Llama model that the case's params describe, with weights orig.*.
  Decoder tiny_llama() const;

 private:
  const nlohmann::json& description_;
  const nlohmann::json& siblings_;
  const SafetensorsFile& tensors_;
  std::string name_;
  std::vector<CheckLine> lines_;
  std::set<std::string> seen_;
};

// Site and position of a linear by its Hugging Face Llama name ("self_attn.q_proj").
struct LinearPlace {
  SiteId site;
  size_t part;
};
LinearPlace linear_place(const std::string& name);
// All seven such names.
const std::vector<std::string>& llama_linears();

// The checks of each fixture file, by its "method".
void check_rtn(QuantCase& c);
void check_smoothquant(QuantCase& c);
void check_quarot_hadamard(QuantCase& c);
void check_quarot_model(QuantCase& c);
void check_flatquant_trans(QuantCase& c);
void check_flatquant_linear(QuantCase& c);
void check_flatquant_train(QuantCase& c);
void check_flatquant_block(QuantCase& c);
void check_gptq(QuantCase& c);
void check_freeact(QuantCase& c);

}  // namespace freeact
