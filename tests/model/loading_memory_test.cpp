// How much memory loading takes, measured on a checkpoint of 0.3 GB in four files (holes on the disk, so they cost
// none).
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "checkpoint/temporary_folder.h"
#include "model/family.h"
#include "model/random_model.h"
#include "model/sharded_checkpoint.h"

namespace freeact {
namespace {

constexpr int64_t kMegabyte = 1'000'000;
// Pages beside tensors, code of LibTorch that runs for the first time, the allocator's own.
constexpr int64_t kSlack = 24 * kMegabyte;
constexpr size_t kShards = 4;

nlohmann::json wide_config(bool tied) {
  nlohmann::json config = llada_config();
  config.update({{"d_model", 1024}, {"n_heads", 8}, {"n_kv_heads", 8}, {"n_layers", 8}, {"mlp_hidden_size", 4096}});
  config.update({{"embedding_size", 8192}, {"weight_tying", tied}});
  return config;
}

// A weight file of zeros that takes no room on the disk.
int64_t write_hollow(const std::filesystem::path& path, const std::vector<TensorSpec>& table) {
  nlohmann::json header;
  int64_t end = 0;
  for (const TensorSpec& spec : table) {
    const int64_t begin = end;
    end += 2 * c10::multiply_integers(spec.shape);
    header[spec.name] = {{"dtype", "BF16"}, {"shape", spec.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  write_file_atomically(path, safetensors_bytes(text, 0));
  std::filesystem::resize_file(path, 8 + text.size() + static_cast<uint64_t>(end));
  return end;
}

// One line of /proc/self/status, in bytes.
int64_t status_of(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::stoll(line.substr(key.size() + 1)) * 1024;
  return -1;
}

struct Memory {
  int64_t peak = 0;       // most resident memory, mapped files counted, beyond that before
  int64_t anonymous = 0;  // that no file stands behind, with the model alive, beyond that before
};

class LoadingMemory : public TemporaryFolder {
 protected:
  void write(bool tied) {
    const nlohmann::json config = wide_config(tied);
    write_file_atomically(folder_ / "config.json", config.dump());
    const Family family = llada_family();
    const std::vector<TensorSpec> table = expected_tensors(family.read_config(config), family.modules);
    std::map<std::string, std::string> file_of;
    for (size_t shard = 0; shard < kShards; ++shard) {
      const auto at = [&](size_t i) { return table.begin() + static_cast<long>(table.size() * i / kShards); };
      const std::vector<TensorSpec> part(at(shard), at(shard + 1));
      for (const TensorSpec& spec : part) file_of[spec.name] = shard_name(shard, kShards);
      const int64_t bytes = write_hollow(folder_ / shard_name(shard, kShards), part);
      stored_ += bytes;
      largest_shard_ = std::max(largest_shard_, bytes);
    }
    write_index(folder_, file_of);
  }

  Memory measure(at::ScalarType dtype) const {
    at::set_num_threads(1);
    const int64_t resident = status_of("VmRSS"), anonymous = status_of("RssAnon");
    const Decoder decoder = load_decoder(CheckpointFolder(folder_), "", dtype);
    return {status_of("VmHWM") - resident, status_of("RssAnon") - anonymous};
  }

  // In a process of its own, whose peak is that of loading.
  Memory load_apart(at::ScalarType dtype) const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const Memory memory = measure(dtype);
      ::_exit(::write(ends[1], &memory, sizeof memory) == sizeof memory ? 0 : 1);
    }
    ::close(ends[1]);
    Memory memory;
    EXPECT_EQ(::read(ends[0], &memory, sizeof memory), static_cast<ssize_t>(sizeof memory));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return memory;
  }

  int64_t stored_ = 0, largest_shard_ = 0;
};

TEST_F(LoadingMemory, AWidenedModelNeedsItselfAndLessThanAShard) {
  write(/*tied=*/false);
  ASSERT_GT(stored_, 280 * kMegabyte);
  const Memory memory = load_apart(at::kFloat);
  EXPECT_GE(memory.anonymous, 2 * stored_ - kSlack);  // the measurement sees the model
  EXPECT_LE(memory.peak, 2 * stored_ + largest_shard_ + kSlack);
}

TEST_F(LoadingMemory, AModelInTheFilesDtypeNeedsNone) {
  for (const bool tied : {false, true}) {
    write(tied);
    EXPECT_LE(load_apart(at::kBFloat16).anonymous, kSlack / 2) << (tied ? "tied" : "untied");
  }
}

TEST_F(LoadingMemory, ATiedHeadIsNotWidenedTwice) {
  write(/*tied=*/true);
  EXPECT_LE(load_apart(at::kFloat).anonymous, 2 * stored_ + kSlack);
}

}  // namespace
}  // namespace freeact
