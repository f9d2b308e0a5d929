#include "bench/cpu_linears.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>

#include "kernel/cpu/packed_weight.h"
#include "kernel/cpu/transform_quantise.h"
#include "quant/quantiser.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

bool always() {
  return true;
}

// oneDNN packs bfloat16 only where the processor has AVX-512 with its BW, DQ and VL parts.
bool has_wide_bfloat16() {
  const auto sets = available_instruction_sets();
  return std::find(sets.begin(), sets.end(), InstructionSet::kAvx512Vnni) != sets.end();
}

bool has_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""}).has_value();
}

c10::IValue call(const char* name, std::vector<c10::IValue> stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(stack);
  return stack.at(0);
}

// ---- float

BoundLinear bind_float(const at::Tensor& weight_OK, const at::Tensor& x_MK, at::ScalarType dtype) {
  return [w = weight_OK.to(dtype).clone(), x = x_MK.to(dtype)] { return at::linear(x, w); };
}

// oneDNN's own product with a weight in its own order, where at::linear may take another library's.
BoundLinear bind_bfloat16_onednn(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const c10::IValue packed =
      call("mkldnn::_reorder_linear_weight", {weight_OK.to(at::kBFloat16), std::optional<int64_t>(x_MK.size(0))});
  return [packed, x = x_MK.to(at::kBFloat16)] {
    return call("mkldnn::_linear_pointwise", {x, packed, std::optional<at::Tensor>(), "none",
                                              c10::List<std::optional<at::Scalar>>(), std::optional<std::string>("")})
        .toTensor();
  };
}

// ---- int8: symmetric codes, a scale per output

struct Int8Weight {
  at::Tensor codes_OK, scale_O;
};

Int8Weight int8_weight(const at::Tensor& weight_OK) {
  const at::Tensor scale_O1 = weight_OK.abs().amax(1, true) / 127;
  return {(weight_OK / scale_O1).round().clamp(-127, 127).to(at::kChar), scale_O1.squeeze(1)};
}

// Integer products only: neither quantises nor scales.
BoundLinear bind_int_mm(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const at::Tensor codes_MK = (x_MK * (127 / x_MK.abs().amax())).round().to(at::kChar);
  return [x = codes_MK, w_KO = int8_weight(weight_OK).codes_OK.t()] { return at::_int_mm(x, w_KO); };
}

bool has_engine(at::QEngine engine) {
  const auto& engines = at::globalContext().supportedQEngines();
  return has_operator("quantized::linear_dynamic") &&
         std::find(engines.begin(), engines.end(), engine) != engines.end();
}

// Sets the engine that quantized::* uses while it lives.
class EngineScope {
 public:
  explicit EngineScope(at::QEngine engine) : before_(at::globalContext().qEngine()) {
    at::globalContext().setQEngine(engine);
  }
  ~EngineScope() { at::globalContext().setQEngine(before_); }
  EngineScope(const EngineScope&) = delete;
  EngineScope& operator=(const EngineScope&) = delete;

 private:
  at::QEngine before_;
};

// The operators of torch's dynamic quantisation: one range for all tokens, found anew in every call.
BoundLinear bind_dynamic(const at::Tensor& weight_OK, const at::Tensor& x_MK, at::QEngine engine) {
  const EngineScope scope(engine);
  const at::Tensor scale_O = int8_weight(weight_OK).scale_O.to(at::kDouble);
  const at::Tensor zero_O = at::zeros({weight_OK.size(0)}, at::kLong);
  const c10::IValue packed =
      call("quantized::linear_prepack",
           {at::quantize_per_channel(weight_OK, scale_O, zero_O, 0, at::kQInt8), std::optional<at::Tensor>()});
  return [packed, engine, x = x_MK] {
    const EngineScope at_call(engine);
    return call("quantized::linear_dynamic", {x, packed, false}).toTensor();
  };
}

// oneDNN with ready unsigned activation codes of one scale, packed weights and a float32 output.
BoundLinear bind_static(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const Int8Weight weight = int8_weight(weight_OK);
  const double x_scale = x_MK.abs().amax().item<double>() / 127;
  const at::Tensor codes_MK = ((x_MK / x_scale).round() + 128).clamp(0, 255).to(at::kByte);
  const c10::IValue packed =
      call("onednn::qlinear_prepack", {weight.codes_OK, std::vector<int64_t>(x_MK.sizes().vec())});
  const at::Tensor zero_O = at::zeros({weight_OK.size(0)}, at::kInt);
  return [=, scale_O = weight.scale_O] {
    return call("onednn::qlinear_pointwise",
                {codes_MK, x_scale, int64_t{128}, packed, scale_O, zero_O, std::optional<at::Tensor>(), 1.0, int64_t{0},
                 std::optional<at::ScalarType>(at::kFloat), "none", c10::List<std::optional<at::Scalar>>(), ""})
        .toTensor();
  };
}

// ---- 4-bit weights, bfloat16 activations: ranges over 128 inputs

constexpr int64_t kInt4Group = 128;

BoundLinear bind_int4_weight_only(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const at::Tensor groups_OGS = weight_OK.unflatten(1, {-1, kInt4Group});
  const at::Tensor scale_OG1 = groups_OGS.abs().amax(2, true) / 7;
  const at::Tensor codes_OK = ((groups_OGS / scale_OG1).round().clamp(-8, 7) + 8).flatten(1).to(at::kInt);
  const at::Tensor scale_GO = scale_OG1.squeeze(2).t();
  const at::Tensor scales_and_zeros = at::stack({scale_GO, at::zeros_like(scale_GO)}, 2).to(at::kBFloat16).contiguous();
  const at::Tensor packed = at::_convert_weight_to_int4pack_for_cpu(codes_OK, 2);
  return [=, x = x_MK.to(at::kBFloat16)] {
    return at::_weight_int4pack_mm_for_cpu(x, packed, kInt4Group, scales_and_zeros);
  };
}

// ---- ours

BoundLinear bind_w4a4(const at::Tensor& weight_OK, const at::Tensor& x_MK) {
  const Grid grid = {4, true};
  const Scale scale = weight_scale(weight_OK, grid);
  const at::Tensor codes_OK = quantise_weight(weight_OK, scale, grid).to(at::kChar);
  const PackedWeight weight = pack_weight(codes_OK, scale.scale, {}, grid.bits);
  const TransformQuantise quantise({}, grid, x_MK.size(1), x_MK.size(1));
  return [=, x = x_MK, types_M = at::zeros({x_MK.size(0)}, at::kLong)] {
    const auto rows = quantise(x, types_M, {Clip{}}).at(0).at(0);
    const at::Tensor y_MO = at::empty({x.size(0), weight.outputs}, at::kFloat);
    at::Tensor y = y_MO;
    integer_linear(rows, weight, {}, y);
    return y;
  };
}

}  // namespace

const std::vector<LinearKind>& torch_linears() {
  using at::QEngine;
  const auto dynamic_by = [](QEngine engine) {
    return [engine](const at::Tensor& w, const at::Tensor& x) { return bind_dynamic(w, x, engine); };
  };
  static const std::vector<LinearKind> kinds = {
      {"float32", "torch float32", "at::linear", 4, always,
       [](const at::Tensor& w, const at::Tensor& x) { return bind_float(w, x, at::kFloat); }},
      {"bfloat16", "torch bfloat16", "at::linear", 2, always,
       [](const at::Tensor& w, const at::Tensor& x) { return bind_float(w, x, at::kBFloat16); }},
      {"bfloat16_onednn", "torch bfloat16, oneDNN", "mkldnn::_linear_pointwise on a packed weight", 2,
       [] { return has_operator("mkldnn::_linear_pointwise") && has_wide_bfloat16(); }, bind_bfloat16_onednn},
      {"int_mm", "torch int8", "at::_int_mm on ready codes, products only", 1, always, bind_int_mm},
      {"int8_dynamic_fbgemm", "torch int8, FBGEMM", "quantized::linear_dynamic", 1,
       [] { return has_engine(QEngine::FBGEMM); }, dynamic_by(QEngine::FBGEMM)},
      {"int8_dynamic_onednn", "torch int8, oneDNN", "quantized::linear_dynamic", 1,
       [] { return has_engine(QEngine::ONEDNN); }, dynamic_by(QEngine::ONEDNN)},
      {"int8_static_onednn", "torch int8, oneDNN", "onednn::qlinear_pointwise on ready codes", 1,
       [] { return has_operator("onednn::qlinear_pointwise"); }, bind_static},
      {"int4_weight_only", "torch int4 weights, bfloat16", "at::_weight_int4pack_mm_for_cpu", 0.5, always,
       bind_int4_weight_only},
  };
  return kinds;
}

const LinearKind& w4a4_linear() {
  static const LinearKind kind = {"w4a4", "cpu int4", "quantises every token, integer products, scales",
                                  0.5,    always,     bind_w4a4};
  return kind;
}

}  // namespace freeact
