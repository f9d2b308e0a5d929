// The folder of a quantised model: its config.json, the header of its weight file, and the weights, which are filled up
// with zeros to what the header promises.
#include <ATen/ATen.h>

#include <algorithm>

#include "artefact/model_format.h"
#include "fuzz/run.h"
#include "fuzz/scratch_folder.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr int64_t kMaxWeights = 1 << 20;

// Where its last tensor ends; 0 where it says no such thing.
int64_t end_of_weights(std::string_view header) {
  const nlohmann::json tensors = nlohmann::json::parse(header, nullptr, /*allow_exceptions=*/false);
  int64_t end = 0;
  if (!tensors.is_object()) return end;
  for (const auto& tensor : tensors) {
    const nlohmann::json offsets = tensor.is_object() ? tensor.value("data_offsets", nlohmann::json()) : nullptr;
    if (offsets.is_array() && offsets.size() == 2 && offsets[1].is_number_unsigned())
      end = std::max(end, offsets[1].get<int64_t>());
  }
  return end;
}

std::string weight_file(std::string_view header, std::string_view weights) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);  // little-endian, as this machine
  file.append(header).append(weights);
  const int64_t missing = end_of_weights(header) - std::ssize(weights);
  if (missing > 0 && missing <= kMaxWeights) file.append(static_cast<size_t>(missing), '\0');
  return file;
}

void load(const std::filesystem::path& path) {
  const CheckpointFolder folder(path);
  const SavedDescription description = read_description(folder.config(), "folder");
  const SavedNetwork network = load_saved_network(folder, "", description.format.scalar_type());
  FREEACT_CHECK(std::ssize(network.decoder.blocks) == network.decoder.config.num_layers, "{} blocks",
                network.decoder.blocks.size());
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static const OwnFolder folder;
  return run_input(data, size, [](std::string_view input) {
    const auto parts = parts_of(input, 3);
    folder.write("config.json", parts[0]);
    folder.write("model.safetensors", weight_file(parts[1], parts[2]));
    load(folder.path());
  });
}
