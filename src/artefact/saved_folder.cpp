#include "artefact/saved_folder.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>

#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What belongs to a model besides its weights, in published folders.
constexpr const char* kCompanions[] = {"tokenizer.json",
                                       "tokenizer.model",
                                       "tokenizer_config.json",
                                       "special_tokens_map.json",
                                       "added_tokens.json",
                                       "vocab.json",
                                       "vocab.txt",
                                       "merges.txt",
                                       "chat_template.json",
                                       "chat_template.jinja",
                                       "generation_config.json",
                                       "preprocessor_config.json",
                                       "processor_config.json",
                                       "video_preprocessor_config.json",
                                       "LICENSE",
                                       "LICENSE.txt"};

// Without a slash at its end, so that names can be put beside it.
fs::path plain_path(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

[[noreturn]] void refuse_disk(const fs::path& path, const std::error_code& error) {
  throw EnvironmentError("cannot write '{}': {}", path.string(), error.message());
}

// A folder that is removed again unless it is kept.
class PartialFolder {
 public:
  explicit PartialFolder(const fs::path& target) : path_(target.string() + fmt::format(".{}.partial", getpid())) {
    std::error_code error;
    fs::remove_all(path_, error);
    fs::create_directories(path_, error);
    if (error) refuse_disk(path_, error);
  }
  ~PartialFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const fs::path& path() const { return path_; }

  // What is at the target goes when this one is there.
  void move_to(const fs::path& target) {
    const fs::path old = target.string() + fmt::format(".{}.old", getpid());
    std::error_code error;
    const bool replaces = fs::exists(target);
    if (replaces) fs::rename(target, old, error);
    if (!error) fs::rename(path_, target, error);
    if (error) {
      std::error_code ignored;
      if (replaces && fs::exists(old)) fs::rename(old, target, ignored);
      refuse_disk(target, error);
    }
    fs::remove_all(old, error);
  }

 private:
  fs::path path_;
};

// In the order of the table, each shard as full as its limit allows.
std::vector<TensorTable> shards_of(const TensorTable& table, int64_t limit) {
  std::vector<TensorTable> shards(1);
  int64_t bytes = 0;
  for (const auto& tensor : table) {
    if (bytes > 0 && bytes + tensor.bytes() > limit) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(tensor);
    bytes += tensor.bytes();
  }
  return shards;
}

// Returns the bytes of the file.
int64_t write_shard(const fs::path& path, const TensorTable& shard) {
  TensorMap tensors;
  for (const auto& entry : shard) {
    at::Tensor tensor = entry.make();
    FREEACT_CHECK(tensor.scalar_type() == entry.dtype && tensor.sizes() == at::IntArrayRef(entry.shape),
                  "tensor {} is not what the table says", entry.name);
    tensors[entry.name] = std::move(tensor);
  }
  write_safetensors(path, tensors, {{"format", "pt"}});
  return static_cast<int64_t>(fs::file_size(path));
}

// With an index even of a single file: what is missing later is then known.
int64_t write_weights(const fs::path& folder, const TensorTable& table, int64_t shard_bytes) {
  const auto shards = shards_of(table, shard_bytes);
  json map = json::object();
  int64_t bytes = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = shards.size() == 1 ? "model.safetensors"
                                                : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    for (const auto& tensor : shards[i]) map[tensor.name] = name;
    bytes += write_shard(folder / name, shards[i]);
  }
  const json index = {{"metadata", {{"total_size", bytes_of(table)}}}, {"weight_map", map}};
  write_file_atomically(folder / "model.safetensors.index.json", index.dump(1) + "\n");
  return bytes;
}

void copy_companions(const fs::path& from, const fs::path& to) {
  for (const char* name : kCompanions) {
    std::error_code error;
    if (!fs::exists(from / name)) continue;
    fs::copy_file(from / name, to / name, error);
    if (error) refuse_disk(to / name, error);
  }
}

void check_space(const fs::path& folder, int64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (!error && static_cast<double>(space.available) < static_cast<double>(bytes))
    throw EnvironmentError("'{}' needs {:.2f} GB, but only {:.2f} GB of the disk are free", folder.string(),
                           static_cast<double>(bytes) / 1e9, static_cast<double>(space.available) / 1e9);
}

}  // namespace

int64_t bfloat16_bytes(const CheckpointFolder& published) {
  int64_t numbers = 0;
  for (const auto& name : published.names()) numbers += published.tensor(name).numel();
  return 2 * numbers;
}

void check_target(const SaveTarget& target) {
  const fs::path folder = plain_path(target.folder);
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder)) throw UserError("'{}' is a file: give a folder to write", folder.string());
  if (fs::is_empty(folder)) return;
  if (!is_saved_model(folder))
    throw UserError("folder '{}' holds other files and is left as it is: give a new one", folder.string());
  if (!target.replace)
    throw UserError("folder '{}' holds a saved model: give another one, or --force to replace it", folder.string());
}

SavedSize save_model(const ModelToSave& model, const json& made_by, const SaveTarget& target) {
  check_target(target);
  const CheckpointFolder source(target.source);
  const TensorTable table = tensor_table(model);
  const fs::path folder = plain_path(target.folder);
  PartialFolder partial(folder);
  check_space(partial.path(), bytes_of(table));
  json config = source.config();
  config["quantization_config"] = quantization_config(model.format, saved_modules(model), made_by);
  write_file_atomically(partial.path() / "config.json", config.dump(2) + "\n");
  copy_companions(target.source, partial.path());
  const int64_t bytes = write_weights(partial.path(), table, target.shard_bytes);
  partial.move_to(folder);
  return {bytes, bfloat16_bytes(source)};
}

}  // namespace freeact
