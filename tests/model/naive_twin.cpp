#include "model/naive_twin.h"

#include <cmath>

namespace freeact::twin {
namespace {

// The two families under one set of names.
struct Model {
  bool dream;
  size_t width, heads, kv_heads, layers;
  double eps, theta;
  bool tied;
  std::string embedding, final_norm, head;
  const Weights& weights;

  // The published name of a part of a block.
  std::string part(size_t layer, const std::string& name) const {
    static const std::map<std::string, std::string> kDream = {
        {"norm1", "input_layernorm"}, {"norm2", "post_attention_layernorm"},
        {"q", "self_attn.q_proj"},    {"k", "self_attn.k_proj"},
        {"v", "self_attn.v_proj"},    {"o", "self_attn.o_proj"},
        {"gate", "mlp.gate_proj"},    {"up", "mlp.up_proj"},
        {"down", "mlp.down_proj"}};
    static const std::map<std::string, std::string> kLlada = {
        {"norm1", "attn_norm"}, {"norm2", "ff_norm"}, {"q", "q_proj"},   {"k", "k_proj"},   {"v", "v_proj"},
        {"o", "attn_out"},      {"gate", "ff_proj"},  {"up", "up_proj"}, {"down", "ff_out"}};
    return dream ? "model.layers." + std::to_string(layer) + "." + kDream.at(name)
                 : "model.transformer.blocks." + std::to_string(layer) + "." + kLlada.at(name);
  }
};

Model read_model(const nlohmann::json& config, const Weights& weights) {
  if (config.at("model_type") == "Dream")
    return {true,
            config.at("hidden_size"),
            config.at("num_attention_heads"),
            config.at("num_key_value_heads"),
            config.at("num_hidden_layers"),
            config.at("rms_norm_eps"),
            config.at("rope_theta"),
            config.at("tie_word_embeddings"),
            "model.embed_tokens.weight",
            "model.norm.weight",
            "lm_head.weight",
            weights};
  return {false,
          config.at("d_model"),
          config.at("n_heads"),
          config.at("n_kv_heads"),
          config.at("n_layers"),
          config.at("rms_norm_eps"),
          config.at("rope_theta"),
          config.at("weight_tying"),
          "model.transformer.wte.weight",
          "model.transformer.ln_f.weight",
          "model.transformer.ff_out.weight",
          weights};
}

Matrix rms_norm(const Matrix& x, const Matrix& weight, double eps) {
  Matrix out(x.rows, x.columns);
  for (size_t t = 0; t < x.rows; ++t) {
    double squares = 0;
    for (size_t i = 0; i < x.columns; ++i) squares += x(t, i) * x(t, i);
    const double scale = 1 / std::sqrt(squares / static_cast<double>(x.columns) + eps);
    for (size_t i = 0; i < x.columns; ++i) out(t, i) = x(t, i) * scale * weight(0, i);
  }
  return out;
}

// x weight^T + bias, where the checkpoint has a bias under the name.
Matrix linear(const Matrix& x, const Model& model, const std::string& name) {
  const Matrix& weight = model.weights.at(name + ".weight");
  const auto bias = model.weights.find(name + ".bias");
  Matrix out(x.rows, weight.rows);
  for (size_t t = 0; t < x.rows; ++t)
    for (size_t o = 0; o < weight.rows; ++o) {
      double sum = bias == model.weights.end() ? 0 : bias->second(0, o);
      for (size_t i = 0; i < x.columns; ++i) sum += x(t, i) * weight(o, i);
      out(t, o) = sum;
    }
  return out;
}

// LLaDA counts every place from the left edge; Dream counts real tokens, and pads stand at 1, once there are pads.
std::vector<double> positions_of(const Model& model, const std::vector<int64_t>& real) {
  std::vector<double> positions;
  double count = 0;
  bool padded = false;
  for (const int64_t flag : real) padded |= flag == 0;
  for (size_t t = 0; t < real.size(); ++t) {
    if (!model.dream || !padded)
      positions.push_back(static_cast<double>(t));
    else
      positions.push_back(real[t] ? count++ : 1);
  }
  return positions;
}

// Rotary embedding of the half-split kind: within a head, i turns with i + half.
void rotate(Matrix& x, size_t head_width, double theta, const std::vector<double>& positions) {
  const size_t half = head_width / 2;
  for (size_t t = 0; t < x.rows; ++t)
    for (size_t head = 0; head < x.columns; head += head_width)
      for (size_t i = 0; i < half; ++i) {
        const double angle =
            positions[t] * std::pow(theta, -2 * static_cast<double>(i) / static_cast<double>(head_width));
        const double a = x(t, head + i), b = x(t, head + i + half);
        x(t, head + i) = a * std::cos(angle) - b * std::sin(angle);
        x(t, head + i + half) = b * std::cos(angle) + a * std::sin(angle);
      }
}

// What query place t draws from the values of one head, added to out.
void attend_one(const Matrix& q, const Matrix& k, const Matrix& v, size_t t, size_t q_begin, size_t kv_begin,
                size_t head_width, const std::vector<int64_t>& real, Matrix& out) {
  std::vector<double> shares(k.rows);
  double highest = -INFINITY, total = 0;
  for (size_t s = 0; s < k.rows; ++s) {
    double product = 0;
    for (size_t i = 0; i < head_width; ++i) product += q(t, q_begin + i) * k(s, kv_begin + i);
    shares[s] = real[s] ? product / std::sqrt(static_cast<double>(head_width)) : -INFINITY;
    highest = std::max(highest, shares[s]);
  }
  for (double& share : shares) total += share = std::exp(share - highest);
  for (size_t s = 0; s < k.rows; ++s)
    for (size_t i = 0; i < head_width; ++i) out(t, q_begin + i) += shares[s] / total * v(s, kv_begin + i);
}

Matrix attention(const Matrix& x, const Model& model, size_t layer, const std::vector<int64_t>& real) {
  Matrix q = linear(x, model, model.part(layer, "q"));
  Matrix k = linear(x, model, model.part(layer, "k"));
  const Matrix v = linear(x, model, model.part(layer, "v"));
  const size_t head_width = q.columns / model.heads, group = model.heads / model.kv_heads;
  const std::vector<double> positions = positions_of(model, real);
  rotate(q, head_width, model.theta, positions);
  rotate(k, head_width, model.theta, positions);
  Matrix heads(q.rows, q.columns);
  for (size_t head = 0; head < model.heads; ++head)
    for (size_t t = 0; t < q.rows; ++t)
      attend_one(q, k, v, t, head * head_width, head / group * head_width, head_width, real, heads);
  return linear(heads, model, model.part(layer, "o"));
}

Matrix mlp(const Matrix& x, const Model& model, size_t layer) {
  Matrix hidden = linear(x, model, model.part(layer, "gate"));
  const Matrix up = linear(x, model, model.part(layer, "up"));
  for (size_t i = 0; i < hidden.values.size(); ++i) {
    const double gate = hidden.values[i];
    hidden.values[i] = gate / (1 + std::exp(-gate)) * up.values[i];
  }
  return linear(hidden, model, model.part(layer, "down"));
}

void add(Matrix& x, const Matrix& y) {
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
}

}  // namespace

Matrix logits(const nlohmann::json& config, const Weights& weights, const std::vector<int64_t>& ids,
              const std::vector<int64_t>& real) {
  const Model model = read_model(config, weights);
  const Matrix& embedding = weights.at(model.embedding);
  Matrix x(ids.size(), model.width);
  for (size_t t = 0; t < ids.size(); ++t)
    for (size_t i = 0; i < model.width; ++i) x(t, i) = embedding(static_cast<size_t>(ids[t]), i);
  for (size_t layer = 0; layer < model.layers; ++layer) {
    const Matrix& norm1 = weights.at(model.part(layer, "norm1") + ".weight");
    const Matrix& norm2 = weights.at(model.part(layer, "norm2") + ".weight");
    add(x, attention(rms_norm(x, norm1, model.eps), model, layer, real));
    add(x, mlp(rms_norm(x, norm2, model.eps), model, layer));
  }
  const Matrix normed = rms_norm(x, weights.at(model.final_norm), model.eps);
  const Matrix& head = weights.at(model.tied ? model.embedding : model.head);
  Matrix out(normed.rows, head.rows);
  for (size_t t = 0; t < out.rows; ++t)
    for (size_t o = 0; o < out.columns; ++o)
      for (size_t i = 0; i < normed.columns; ++i) out(t, o) += normed(t, i) * head(o, i);
  return out;
}

}  // namespace freeact::twin
