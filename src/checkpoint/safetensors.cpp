#include "checkpoint/safetensors.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the reference implementation

struct DtypeName {
  const char* name;
  at::ScalarType dtype;
};
constexpr std::array kDtypes = {DtypeName{"F64", at::kDouble}, DtypeName{"F32", at::kFloat},
                                DtypeName{"F16", at::kHalf},   DtypeName{"BF16", at::kBFloat16},
                                DtypeName{"I64", at::kLong},   DtypeName{"I32", at::kInt},
                                DtypeName{"I16", at::kShort},  DtypeName{"I8", at::kChar},
                                DtypeName{"U8", at::kByte},    DtypeName{"BOOL", at::kBool}};

std::optional<at::ScalarType> dtype_of(const std::string& name) {
  for (const auto& entry : kDtypes)
    if (name == entry.name) return entry.dtype;
  return std::nullopt;
}

const char* name_of(at::ScalarType dtype) {
  for (const auto& entry : kDtypes)
    if (dtype == entry.dtype) return entry.name;
  throw Defect(fmt::format("dtype {} cannot be written to safetensors", c10::toString(dtype)));
}

// Bytes of a tensor, or nothing when the product overflows or a dimension is negative.
std::optional<uint64_t> byte_size(const TensorInfo& info) {
  uint64_t bytes = c10::elementSize(info.dtype);
  for (const int64_t size : info.shape)
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) return std::nullopt;
  return bytes;
}

TensorInfo parse_entry(const json& entry, uint64_t data_start, uint64_t file_bytes) {
  const auto dtype = dtype_of(entry.at("dtype").get<std::string>());
  if (!dtype) throw UserError("dtype {} is not supported", entry.at("dtype").dump());
  const auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > file_bytes - data_start)
    throw UserError("its data lie outside the file (is the file truncated?)");
  TensorInfo info{*dtype, entry.at("shape").get<std::vector<int64_t>>(), data_start + offsets[0],
                  offsets[1] - offsets[0]};
  if (byte_size(info) != info.bytes)
    throw UserError("{} bytes do not hold shape {}", info.bytes, shape_text(info.shape));
  return info;
}

}  // namespace

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw UserError("cannot read '{}': {}", path, std::strerror(errno));
    struct stat status {};
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode)) bytes_ = static_cast<uint64_t>(status.st_size);
    if (bytes_ > 0) data_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    ::close(file);
    if (data_ == MAP_FAILED) throw EnvironmentError("cannot map '{}' into memory: {}", path, std::strerror(errno));
  }
  ~Mapping() {
    if (data_) ::munmap(data_, bytes_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return static_cast<char*>(data_); }
  uint64_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  uint64_t bytes_ = 0;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path.string()), mapping_(std::make_shared<Mapping>(path_)) {
  parse_header();
}

void SafetensorsFile::parse_header() {
  const uint64_t file_bytes = mapping_->bytes();
  uint64_t header_bytes = 0;
  if (file_bytes >= 8) std::memcpy(&header_bytes, mapping_->data(), 8);
  if (file_bytes < 8 || header_bytes > kMaxHeaderBytes || header_bytes > file_bytes - 8)
    throw UserError("'{}' is no safetensors file or is truncated: header of {} bytes in a file of {} bytes", path_,
                    header_bytes, file_bytes);
  json header;
  try {
    header = json::parse(mapping_->data() + 8, mapping_->data() + 8 + header_bytes);
  } catch (const json::exception& error) {
    throw UserError("'{}': the safetensors header is no valid JSON: {}", path_, error.what());
  }
  if (!header.is_object()) throw UserError("'{}': the safetensors header is no JSON object", path_);
  std::vector<std::pair<uint64_t, std::string>> starts;
  for (const auto& [name, entry] : header.items()) {
    try {
      if (name == "__metadata__") {
        metadata_ = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const TensorInfo info = parse_entry(entry, 8 + header_bytes, file_bytes);
      if (info.bytes > 0) starts.emplace_back(info.offset, name);
      tensors_.emplace(name, info);
    } catch (const std::exception& error) {
      throw UserError("'{}': tensor '{}': {}", path_, name, error.what());
    }
  }
  std::sort(starts.begin(), starts.end());
  for (size_t i = 1; i < starts.size(); ++i) {
    const auto& before = tensors_.at(starts[i - 1].second);
    if (before.offset + before.bytes > starts[i].first)
      throw UserError("'{}': tensors '{}' and '{}' overlap", path_, starts[i - 1].second, starts[i].second);
  }
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw UserError("'{}' has no tensor '{}'", path_, name);
  const TensorInfo& info = found->second;
  char* data = mapping_->data() + info.offset;
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(info.dtype) != 0) {  // the format does not promise alignment
    at::Tensor copy = at::empty(info.shape, info.dtype);
    std::memcpy(copy.data_ptr(), data, info.bytes);
    return copy;
  }
  return at::from_blob(
      data, info.shape, [mapping = mapping_](void*) {}, at::TensorOptions(info.dtype));
}

TensorMap SafetensorsFile::load_all() const {
  TensorMap all;
  for (const auto& [name, info] : tensors_) all.emplace(name, tensor(name));
  return all;
}

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", name_of(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // keeps the data aligned
  const uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  bytes.reserve(8 + length + offset);
  bytes += text;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor plain = tensor.detach().cpu().contiguous();
    bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  write_file_atomically(path, bytes);
}

}  // namespace freeact
