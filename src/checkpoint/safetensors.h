// The safetensors file format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace freeact {

// Named tensors in name order.
using TensorMap = std::map<std::string, at::Tensor>;

struct TensorInfo {
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  uint64_t offset;  // first byte within the file
  uint64_t bytes;
};

// "[2, 3]"
std::string shape_text(at::IntArrayRef shape);

// "F32", "BF16": the format's name of a dtype.
const char* dtype_text(at::ScalarType dtype);

// A memory-mapped file. The header is checked as a whole when the file is opened: a truncated file, offsets that
// overlap or leave the file, an absurd header length, repeated names, an unknown dtype, or sizes that do not follow
// from dtype and shape are a UserError.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // A view of the mapped bytes (private, copy on write) that keeps the mapping alive. Throws UserError on an unknown
  // name.
  at::Tensor tensor(const std::string& name) const;
  // The tensor in dtype on device. On the CPU and in the file's own dtype that is the view; else it is a copy, and the
  // mapped pages are given back, so that loading a file whole needs the result's memory and one tensor's. Whatever was
  // written to a view of the tensor before is lost then.
  at::Tensor load(const std::string& name, at::ScalarType dtype, at::Device device) const;
  TensorMap load_all() const;

 private:
  class Mapping;
  void parse_header();
  const TensorInfo& info(const std::string& name) const;
  void refuse_overlaps() const;

  std::string path_;
  std::shared_ptr<Mapping> mapping_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Writes atomically (see util/files.h); tensors are made contiguous and brought to the CPU.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace freeact
