#include "device/fake_accelerator.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>

#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

namespace freeact {
namespace {

constexpr size_t kBytes = size_t{4} << 30;  // reserved; a page counts once it is written
constexpr size_t kSmallest = 64;

char* reserve(int protection) {
  void* memory = mmap(nullptr, kBytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(memory);
}

// Every piece has two addresses at a fixed distance: the device's, which tensors hold and nothing can be read at, and
// the host's, which only this file knows. Pieces are powers of two and used again.
class DeviceMemory : public c10::Allocator {
 public:
  static DeviceMemory& instance() {
    static DeviceMemory memory;
    return memory;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &give_back, kFakeDevice};
    void* piece = take(std::bit_ceil(std::max(bytes, kSmallest)));
    return {piece, piece, &give_back, kFakeDevice};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(on_host(to), on_host(from), bytes);
  }

  void* on_host(const void* device) const {
    return device ? real_ + (static_cast<const char*>(device) - guard_) : nullptr;
  }

  FakeMemory counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    counts_.peak = counts_.in_use;
  }

 private:
  DeviceMemory() : real_(reserve(PROT_READ | PROT_WRITE)), guard_(reserve(PROT_NONE)) {}

  void* take(size_t size) {
    const std::lock_guard lock(mutex_);
    auto& free = free_[size];
    char* piece = guard_ + used_;
    if (!free.empty()) {
      piece = free.back();
      free.pop_back();
    } else if ((used_ += size) > kBytes) {
      throw std::bad_alloc();
    }
    sizes_[piece] = size;
    counts_.in_use += static_cast<int64_t>(size);
    counts_.peak = std::max(counts_.peak, counts_.in_use);
    return piece;
  }

  static void give_back(void* piece) {
    if (!piece) return;
    DeviceMemory& memory = instance();
    const std::lock_guard lock(memory.mutex_);
    const size_t size = memory.sizes_.at(static_cast<char*>(piece));
    memory.free_[size].push_back(static_cast<char*>(piece));
    memory.counts_.in_use -= static_cast<int64_t>(size);
  }

  char *real_, *guard_;
  std::mutex mutex_;
  size_t used_ = 0;
  std::map<size_t, std::vector<char*>> free_;
  std::map<char*, size_t> sizes_;
  FakeMemory counts_;
};

bool is_on_device(const at::Tensor& x) {
  return x.device().type() == at::DeviceType::PrivateUse1;
}

// The same elements as the host sees them.
at::Tensor seen_by_host(const at::Tensor& x) {
  if (!is_on_device(x)) return x;
  void* first = DeviceMemory::instance().on_host(x.unsafeGetTensorImpl()->data());
  return at::from_blob(first, x.sizes(), x.strides(), at::TensorOptions(x.scalar_type()));
}

// ---- the operations that know of memory

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &DeviceMemory::instance(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   dtype.value_or(at::kFloat), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &DeviceMemory::instance(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           dtype.value_or(at::kFloat));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  seen_by_host(to).copy_(seen_by_host(from));
  return to;
}

// A result whose size the operation finds out: it gets other memory, without what it held.
const at::Tensor& resize_result(const at::Tensor& self, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
  if (self.sizes() == size) return self;
  c10::TensorImpl* impl = self.unsafeGetTensorImpl();
  impl->set_storage_keep_dtype(at::empty(size, self.options()).storage());
  impl->set_storage_offset(0);
  impl->set_sizes_contiguous(size);
  return self;
}

at::Tensor copy_and_resize(const at::Tensor& from, const at::Tensor& to) {
  resize_result(to, from.sizes(), {});
  return copy_from(from, to, false);
}

// ---- all others

// CUDA computes with a number that lies on the host, never with a tensor that does.
void refuse_mixture(const c10::OperatorHandle& op, const at::Tensor& x) {
  TORCH_CHECK(!x.defined() || is_on_device(x) || x.dim() == 0, "Expected all tensors to be on the same device, but ",
              op.operator_name(), " got one of sizes ", x.sizes(), " on ", x.device());
}

void refuse_mixtures(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  const size_t count = op.schema().arguments().size();
  for (size_t i = stack.size() - count; i < stack.size(); ++i) {
    const c10::IValue& argument = stack[i];
    if (argument.isTensor()) refuse_mixture(op, argument.toTensor());
    if (argument.isTensorList())
      for (const at::Tensor& each : argument.toTensorVector()) refuse_mixture(op, each);
    if (argument.isOptionalTensorList())
      for (const auto& each : argument.toOptionalTensorVector())
        if (each) refuse_mixture(op, *each);
  }
}

void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  refuse_mixtures(op, *stack);
  at::native::cpu_fallback(op, stack, /*error_on_views=*/true);
}

// ---- its place among PyTorch's devices

const c10::Stream kStream(c10::Stream::DEFAULT, kFakeDevice);

struct Guard final : c10::impl::NoOpDeviceGuardImpl<at::DeviceType::PrivateUse1> {
  c10::Device exchangeDevice(c10::Device) const override { return kFakeDevice; }
  c10::Device getDevice() const override { return kFakeDevice; }
  c10::Stream getStream(c10::Device) const noexcept override { return kStream; }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return kStream; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

// What at::manual_seed and the backward pass ask an accelerator.
struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(at::DeviceIndex) const override { return true; }
  at::DeviceIndex deviceCount() const override { return 1; }
  const at::Generator& getDefaultGenerator(at::DeviceIndex) const override { return generator_; }

 private:
  at::Generator generator_ = at::detail::createCPUGenerator();
};

const bool kIsRegistered = [] {
  static Hooks hooks;
  at::RegisterPrivateUse1HooksInterface(&hooks);
  c10::register_privateuse1_backend("fake");
  return true;
}();

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("resize_", resize_result);
  library.impl("_copy_from", copy_from);
  library.impl("_copy_from_and_resize", copy_and_resize);
  library.impl("as_strided", at::native::as_strided_tensorimpl);
  library.impl("view", at::native::view);
  library.impl("unfold", at::native::unfold);
  library.impl("_reshape_alias", at::native::_reshape_alias);
  // In one piece, or they would take other paths than the CPU's.
  library.impl("conv2d", torch::CppFunction::makeFromBoxedFunction<&compute>());
  library.impl("scaled_dot_product_attention", torch::CppFunction::makeFromBoxedFunction<&compute>());
}

}  // namespace

FakeMemory fake_memory() {
  return DeviceMemory::instance().counts();
}

void reset_fake_peak() {
  DeviceMemory::instance().reset_peak();
}

}  // namespace freeact
