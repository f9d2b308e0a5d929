// InternVL with a Llama inside. No published code's outputs of one are stored, but InternLM2 computes the same function
// from other names and one fused projection: the stored set is written again under the names of a Llama.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "checkpoint/safetensors.h"
#include "model/family.h"
#include "util/files.h"
#include "verify/checkpoint_cases.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

void write_weights(const fs::path& from, const fs::path& folder) {
  LoadedNetwork network = load_network(CheckpointFolder(from), "", at::kFloat);
  TensorMap tensors;
  const TensorVisitor collect = [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) {
    tensors[name] = tensor.contiguous();
  };
  visit_tensors(network.decoder, internvl_llama_family().modules, collect);
  network.vision->visit_tensors(collect);
  write_safetensors(folder / "model.safetensors", tensors);
}

void write_config(const fs::path& from, const fs::path& folder) {
  nlohmann::json config = read_json(from / "config.json");
  config["llm_config"]["model_type"] = "llama";
  config["llm_config"]["architectures"] = {"LlamaForCausalLM"};
  config["llm_config"].erase("rope_scaling");
  write_file_atomically(folder / "config.json", config.dump());
  fs::copy(from / "preprocessor_config.json", folder);
}

// Without the growing rotary table, which is InternLM2's.
void write_references(const fs::path& from, const fs::path& folder) {
  const std::map<std::string, std::string> names = {{"attention.wqkv", "self_attn.q_proj"},
                                                    {"attention.wo", "self_attn.o_proj"},
                                                    {"feed_forward.w1", "mlp.gate_proj"},
                                                    {"feed_forward.w2", "mlp.down_proj"}};
  TensorMap renamed;
  for (const auto& [name, tensor] : SafetensorsFile(from / "io.safetensors").load_all()) {
    if (name.starts_with("rope_dynamic")) continue;
    std::string role = name;
    for (const auto& [internlm2, llama] : names)
      if (const size_t place = role.find(internlm2); place != std::string::npos)
        role.replace(place, internlm2.size(), llama);
    renamed[role] = tensor;
  }
  write_safetensors(folder / "io.safetensors", renamed);
  fs::copy(from / "io.json", folder);
}

TEST(CheckpointGolden, InternVlWithALlamaInsideMatches) {
  const fs::path from = fs::path(FREEACT_SOURCE_DIR) / "tests/golden/data/internvl2_5_tiny";
  const fs::path folder = fs::path(testing::TempDir()) / fmt::format("internvl_llama_{}", ::getpid());
  fs::create_directories(folder);
  write_weights(from, folder);
  write_config(from, folder);
  write_references(from, folder);
  CheckReport report, original;
  verify_checkpoint(folder, {}, report);
  verify_checkpoint(from, Filter("^internvl2_5_tiny/(?!rope_dynamic)"), original);
  fs::remove_all(folder);
  std::ostringstream table;
  report.write_table(table);
  EXPECT_EQ(report.failed(), 0) << table.str();
  EXPECT_EQ(report.skipped(), 0) << table.str();
  EXPECT_EQ(report.passed(), original.passed()) << table.str();
}

}  // namespace
}  // namespace freeact
