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

// Bytes of a tensor. Sizes that multiply beyond int64 are refused even beside a 0: strides are made of them.
uint64_t byte_size(at::ScalarType dtype, const std::vector<int64_t>& shape) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype));
  for (const int64_t size : shape)
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes))
      throw UserError("the sizes of shape {} multiply beyond 64 bits", shape_text(shape));
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? static_cast<uint64_t>(bytes) : 0;
}

// A list of numbers that Int holds, from 0 on. The JSON library's own conversion would take 2.7, -1 and true as well.
template <typename Int>
std::vector<Int> whole_numbers(const json& entry, const char* key) {
  const json& list = entry.at(key);
  if (!list.is_array()) throw UserError("its {} must be a list, not of type {}", key, list.type_name());
  std::vector<Int> numbers;
  numbers.reserve(list.size());
  for (const json& item : list) {
    if (!item.is_number_unsigned() || !std::in_range<Int>(item.get<uint64_t>()))
      throw UserError("its {} must hold whole numbers from 0 on, not {}", key,
                      item.is_number() ? item.dump() : item.type_name());
    numbers.push_back(static_cast<Int>(item.get<uint64_t>()));
  }
  return numbers;
}

TensorInfo parse_entry(const json& entry, uint64_t data_start, uint64_t file_bytes) {
  constexpr size_t kMaxDimensions = 64;  // of ATen's iterators
  const auto name = entry.at("dtype").get<std::string>();
  const auto dtype = dtype_of(name);
  if (!dtype) throw UserError("dtype '{}' is not supported", name);
  const auto offsets = whole_numbers<uint64_t>(entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > file_bytes - data_start)
    throw UserError("its data lie outside the file (is the file truncated?)");
  TensorInfo info{*dtype, whole_numbers<int64_t>(entry, "shape"), data_start + offsets[0], offsets[1] - offsets[0]};
  if (info.shape.size() > kMaxDimensions) throw UserError("it has {} dimensions", info.shape.size());
  if (byte_size(info.dtype, info.shape) != info.bytes)
    throw UserError("{} bytes do not hold shape {}", info.bytes, shape_text(info.shape));
  return info;
}

// The format does not promise it; the mapping itself begins at a page.
bool is_aligned(const TensorInfo& info) {
  return info.offset % c10::elementSize(info.dtype) == 0;
}

}  // namespace

const char* dtype_text(at::ScalarType dtype) {
  for (const auto& entry : kDtypes)
    if (dtype == entry.dtype) return entry.name;
  throw Defect(fmt::format("dtype {} has no name in safetensors", c10::toString(dtype)));
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

class SafetensorsFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not keep us waiting
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

  // Gives back the memory of the pages that lie in the range as a whole; reading them again reads the file again.
  void release(uint64_t offset, uint64_t length) const {
    const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    const uint64_t begin = (offset + page - 1) / page * page, end = (offset + length) / page * page;
    if (begin < end) ::madvise(data() + begin, end - begin, MADV_DONTNEED);
  }

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
  const json header = parse_json({mapping_->data() + 8, header_bytes}, path_, RepeatedKeys::kRefused);
  if (!header.is_object()) throw UserError("'{}': the safetensors header is no JSON object", path_);
  for (const auto& [name, entry] : header.items()) {
    try {
      if (name == "__metadata__")
        metadata_ = entry.get<std::map<std::string, std::string>>();
      else
        tensors_.emplace(name, parse_entry(entry, 8 + header_bytes, file_bytes));
    } catch (const std::exception& error) {
      throw UserError("'{}': tensor '{}': {}", path_, name, error.what());
    }
  }
  refuse_overlaps();
}

void SafetensorsFile::refuse_overlaps() const {
  std::vector<std::pair<uint64_t, std::string>> starts;
  for (const auto& [name, info] : tensors_)
    if (info.bytes > 0) starts.emplace_back(info.offset, name);
  std::sort(starts.begin(), starts.end());
  for (size_t i = 1; i < starts.size(); ++i) {
    const auto& before = tensors_.at(starts[i - 1].second);
    if (before.offset + before.bytes > starts[i].first)
      throw UserError("'{}': tensors '{}' and '{}' overlap", path_, starts[i - 1].second, starts[i].second);
  }
}

const TensorInfo& SafetensorsFile::info(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw UserError("'{}' has no tensor '{}'", path_, name);
  return found->second;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const TensorInfo& stored = info(name);
  char* data = mapping_->data() + stored.offset;
  if (!is_aligned(stored)) {
    at::Tensor copy = at::empty(stored.shape, stored.dtype);
    if (stored.bytes > 0) std::memcpy(copy.data_ptr(), data, stored.bytes);  // an empty tensor has no memory
    return copy;
  }
  return at::from_blob(
      data, stored.shape, [mapping = mapping_](void*) {}, at::TensorOptions(stored.dtype));
}

at::Tensor SafetensorsFile::load(const std::string& name, at::ScalarType dtype, at::Device device) const {
  const TensorInfo& stored = info(name);
  const at::Tensor original = tensor(name);
  const at::Tensor wanted = original.to(device).to(dtype);
  if (!wanted.is_same(original) || !is_aligned(stored)) mapping_->release(stored.offset, stored.bytes);
  return wanted;
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
    header[name] = {{"dtype", dtype_text(tensor.scalar_type())},
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
