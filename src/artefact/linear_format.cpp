#include "artefact/linear_format.h"

#include <ATen/ATen.h>

#include "artefact/packing.h"
#include "util/error.h"

namespace freeact {
namespace {

at::Tensor packed(const std::string& name, const at::Tensor& codes, const Grid& grid) {
  try {
    return pack_codes(codes, grid);
  } catch (const UserError& error) {
    throw UserError("'{}' cannot be saved: {}", name, error.what());
  }
}

// The zero points [O, G] are packed along the outputs, as codes of the weights' bits.
void add_zero_points(TensorTable& table, const std::string& name, const at::Tensor& zero_OG, const Grid& grid) {
  const at::Tensor codes_OG = zero_OG.to(at::kByte);
  if (!at::equal(codes_OG.to(zero_OG.scalar_type()), zero_OG) || codes_OG.max().item<int>() > grid.highest())
    throw UserError("'{}' cannot be saved: it has zero points other than the whole numbers from 0 to {}", name,
                    grid.highest());
  table.push_back({name + ".weight_zero_point", at::kInt, {words_of(zero_OG.size(0), grid.bits), zero_OG.size(1)}, [=] {
                     return packed(name, codes_OG.t(), grid).t().contiguous();
                   }});
}

void require_type(const TensorSource& source, const std::string& name, const at::Tensor& tensor, bool fits,
                  const char* wanted) {
  if (!fits)
    throw UserError("saved model '{}': tensor '{}' holds {}, expected {}", source.folder().path().string(), name,
                    dtype_text(tensor.scalar_type()), wanted);
}

at::Tensor take_words(TensorSource& source, const std::string& name, const std::vector<int64_t>& shape) {
  at::Tensor words = source.take(name, shape);
  require_type(source, name, words, words.scalar_type() == at::kInt, "I32");
  return words;
}

at::Tensor take_floats(TensorSource& source, const std::string& name, const std::vector<int64_t>& shape) {
  at::Tensor floats = source.take(name, shape);
  require_type(source, name, floats, floats.is_floating_point(), "floating-point numbers");
  return floats;
}

void check_shape_tensor(TensorSource& source, const std::string& name, const LinearShape& shape) {
  const at::Tensor stored = source.take(name, {2}).to(at::kLong);
  if (stored[0].item<int64_t>() != shape.outputs || stored[1].item<int64_t>() != shape.inputs)
    throw UserError("saved model '{}': '{}' is [{}, {}], expected [{}, {}]", source.folder().path().string(), name,
                    stored[0].item<int64_t>(), stored[1].item<int64_t>(), shape.outputs, shape.inputs);
}

}  // namespace

void add_linear(TensorTable& table, const std::string& name, const QuantisedLinear& linear, const Grid& grid) {
  if (linear.bias.defined()) table.push_back(stored_numbers(name + ".bias", linear.bias));
  if (!linear.scale.scale.defined()) return table.push_back(stored_numbers(name + ".weight", linear.codes));
  const at::ScalarType type = grid.symmetric ? at::kChar : at::kByte;
  FREEACT_CHECK(!grid.is_float() && linear.codes.scalar_type() == type, "{}: codes of another grid", name);
  const int64_t outputs = linear.codes.size(0), inputs = linear.codes.size(1);
  table.push_back(
      {name + ".weight_packed", at::kInt, {outputs, words_of(inputs, grid.bits)}, [name, codes = linear.codes, grid] {
         return packed(name, codes, grid);
       }});
  table.push_back(stored(name + ".weight_scale", linear.scale.scale));
  if (linear.scale.zero.defined()) add_zero_points(table, name, linear.scale.zero, grid);
  table.push_back(stored(name + ".weight_shape", at::tensor({outputs, inputs}, at::kLong)));
}

QuantisedLinear load_linear(TensorSource& source, const std::string& name, const LinearShape& shape, const Grid& grid) {
  QuantisedLinear linear;
  linear.bias = source.take_if_there(name + ".bias", {shape.outputs});
  if (grid.is_float()) {
    linear.codes = take_floats(source, name + ".weight", {shape.outputs, shape.inputs});
    return linear;
  }
  check_shape_tensor(source, name + ".weight_shape", shape);
  const int64_t groups = grid.num_groups(shape.inputs);
  linear.codes =
      unpack_codes(take_words(source, name + ".weight_packed", {shape.outputs, words_of(shape.inputs, grid.bits)}),
                   shape.inputs, grid);
  linear.scale.scale = take_floats(source, name + ".weight_scale", {shape.outputs, groups});
  if (grid.symmetric) return linear;
  const at::Tensor words =
      take_words(source, name + ".weight_zero_point", {words_of(shape.outputs, grid.bits), groups});
  linear.scale.zero =
      unpack_codes(words.t().contiguous(), shape.outputs, grid).t().contiguous().to(linear.scale.scale.scalar_type());
  return linear;
}

}  // namespace freeact
