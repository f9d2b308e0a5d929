// `freeact generate`: a checkpoint answers prompts, or fills the masks of a text; --watch shows it happen.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <unistd.h>

#include <iostream>

#include "app/canvas.h"
#include "app/named_model.h"
#include "app/verbs.h"
#include "config/overrides.h"
#include "config/tree.h"
#include "generation/dream_sampler.h"
#include "generation/greedy.h"
#include "generation/llada_sampler.h"
#include "generation/text.h"
#include "image/picture.h"
#include "prompt/prompter.h"
#include "run/backend.h"
#include "run/cell_runner.h"
#include "util/files.h"
#include "util/progress.h"
#include "util/text.h"

namespace freeact {
namespace {

constexpr int64_t kDefaultLength = 64, kDefaultBlock = 32;

struct GenerateOptions {
  std::string checkpoint, prompt_file, family, dtype, system, device = "cpu";
  std::vector<std::string> prompts, images, settings, stops;
  int64_t max_new_tokens = 0;  // 0: kDefaultLength
  uint64_t seed = 0;
  int threads = 1;
  bool raw = false, watch = false, json = false;
};

// One answer, and what it took.
struct Answer {
  std::string text;
  DecodeStatistics statistics;
  double seconds = 0;  // of the whole batch
};

// The arguments key=value as the settings of a sampler.
Json settings_json(const std::vector<std::string>& arguments) {
  Tree tree;
  for (const auto& [change, axis] : parse_overrides(arguments)) {
    if (change == Change::kDrop || axis.values.size() != 1)
      throw UserError("setting '{}' must have one value", axis.key);
    tree.set(axis.key, axis.values[0], axis.place);
  }
  return tree.values;
}

std::vector<at::Tensor> read_images(const GenerateOptions& options) {
  if (options.raw && !options.images.empty())
    throw UserError("--image needs the model's chat template, which --raw leaves out");
  std::vector<at::Tensor> images;
  for (const auto& file : options.images) images.push_back(load_picture("", file));
  return images;
}

std::vector<std::string> read_prompts(const GenerateOptions& options) {
  std::vector<std::string> prompts = options.prompts;
  if (!options.prompt_file.empty()) prompts.push_back(read_file(options.prompt_file));
  if (prompts.empty()) throw UserError("nothing to answer: give --prompt TEXT or --prompt-file FILE");
  if (options.watch && prompts.size() > 1)
    throw UserError("--watch shows one prompt, but {} are given", prompts.size());
  return prompts;
}

// Floats on a device.
BackendConfig backend_of(const GenerateOptions& options) {
  return {.name = "simulated", .device = options.device};
}

class Generator {
 public:
  Generator(const GenerateOptions& options, const ModelConfig& config)
      : options_(options),
        model_(on_device(ModelCache(Project{}).get(config), device_of(backend_of(options)), MovedPart::kAll)),
        settings_(settings_json(options.settings)),
        images_(read_images(options)) {
    const auto limits = read_fields<ImageLimits>(settings_.value("images", Json::object()), "images.");
    settings_.erase("images");
    if (!options.raw) prompter_.emplace(*model_, config.path, limits);
    decoder_ = prompter_ ? prompter_->ending_turns(model_->decoder) : model_->decoder;
  }

  std::vector<Answer> answer(const std::vector<std::string>& prompts) {
    std::vector<TokenBatch> batches;
    for (const auto& prompt : prompts) batches.push_back(encode(prompt));
    const auto& config = decoder().config;
    if (config.sampler == "none") return answer_greedily(batches);
    std::vector<std::vector<int64_t>> ids;
    for (const auto& batch : batches) ids.push_back(ids_of(batch.ids_BT));
    return config.sampler == "dream" ? unmask_with(dream_settings(), ids) : unmask_with(llada_settings(), ids);
  }

 private:
  const Decoder& decoder() const { return decoder_; }
  const Tokenizer& tokenizer() const { return model_->tokenizer; }

  TokenBatch encode(const std::string& prompt) const {
    if (!prompter_) return tokenizer().encode(prompt);
    std::vector<Message> messages;
    if (!options_.system.empty()) messages.push_back({"system", options_.system});
    messages.push_back(question_with_images(prompter_->chat().family(), prompt, images_.size()));
    return prompter_->prompt(messages, images_);
  }

  int64_t length() const { return options_.max_new_tokens > 0 ? options_.max_new_tokens : kDefaultLength; }

  // What the command line says, over the defaults that go with the answer's length.
  template <typename Settings>
  Settings settings_over(Json defaults) const {
    defaults.merge_patch(settings_);
    return read_fields<Settings>(defaults);
  }
  UnmaskSettings llada_settings() const {
    return settings_over<UnmaskSettings>({{"gen_length", length()},
                                          {"steps", length()},
                                          {"block_length", length() % kDefaultBlock == 0 ? kDefaultBlock : length()},
                                          {"eot_id", tokenizer().id_of(end_of_turn(ChatFamily::kLlada)).value_or(-1)}});
  }
  DiffusionSettings dream_settings() const {
    return settings_over<DiffusionSettings>({{"max_new_tokens", length()}, {"steps", length()}});
  }

  // Masks in the prompts themselves are filled in place; other prompts get their answer appended.
  bool fills_in(const std::vector<std::vector<int64_t>>& prompts) const {
    const auto has_mask = [&](const auto& ids) {
      return std::find(ids.begin(), ids.end(), decoder().config.mask_id) != ids.end();
    };
    const auto count = std::count_if(prompts.begin(), prompts.end(), has_mask);
    if (count != 0 && count != std::ssize(prompts)) throw UserError("some prompts hold masks and others do not");
    return count != 0;
  }

  template <typename Settings>
  std::vector<Answer> unmask_with(Settings settings, const std::vector<std::vector<int64_t>>& prompts) const {
    const Stopwatch watch;
    DecodeStatistics statistics;
    const auto [ids_BP, mask_BP] = pad_left(prompts, decoder().config.pad_id);
    const bool in_place = fills_in(prompts);
    Canvas canvas(tokenizer(), decoder().config.mask_id, in_place ? 0 : prompts[0].size(), isatty(STDOUT_FILENO) == 1,
                  std::cout);
    const UnmaskObserver observer = observer_of(canvas);
    const at::Tensor done_BL =
        in_place ? fill(settings, ids_BP, mask_BP, observer, statistics)
                 : generate(decoder(), ids_BP, settings, mask_BP, options_.seed, observer, &statistics);
    if (options_.watch) std::cout << "\n\n";
    std::vector<Answer> answers;
    for (size_t row = 0; row < prompts.size(); ++row) {
      const int64_t begin = ids_BP.size(1) - (in_place ? std::ssize(prompts[row]) : 0);
      answers.push_back(
          {text_of(ids_of(done_BL[static_cast<int64_t>(row)].slice(0, begin))), statistics, watch.seconds()});
    }
    return answers;
  }

  UnmaskObserver observer_of(Canvas& canvas) const {
    if (!options_.watch) return nullptr;
    return [&canvas](const at::Tensor& tokens_BL, const at::Tensor&, const at::Tensor&) {
      canvas.show(ids_of(tokens_BL[0]));
    };
  }

  at::Tensor fill(UnmaskSettings settings, const at::Tensor& ids_BP, const at::Tensor& mask_BP,
                  const UnmaskObserver& observer, DecodeStatistics& statistics) const {
    settings.gen_length = settings.block_length = ids_BP.size(1);
    if (options_.max_new_tokens == 0) settings.steps = most_masks(ids_BP);
    return unmask(decoder(), ids_BP, 0, settings, mask_BP, options_.seed, observer, &statistics);
  }
  at::Tensor fill(DiffusionSettings settings, const at::Tensor& ids_BP, const at::Tensor& mask_BP,
                  const UnmaskObserver& observer, DecodeStatistics& statistics) const {
    if (options_.max_new_tokens == 0) settings.steps = most_masks(ids_BP);
    return unmask(decoder(), ids_BP, settings, mask_BP, options_.seed, observer, &statistics);
  }
  int64_t most_masks(const at::Tensor& ids_BP) const {
    return (ids_BP == decoder().config.mask_id).sum(-1).max().item<int64_t>();
  }

  // Up to a token that ends answers, then up to a stop string.
  std::string text_of(std::vector<int64_t> ids) const {
    const auto ends = [&](int64_t id) { return decoder().config.ends_answer(id); };
    ids.erase(std::find_if(ids.begin(), ids.end(), ends), ids.end());
    return cut_at_stops(tokenizer().decode(ids, /*skip_special=*/true), options_.stops);
  }

  // The penalty that the model's makers decode with, unless the command line says another.
  std::vector<Answer> answer_greedily(const std::vector<TokenBatch>& prompts) const {
    const auto settings = settings_over<GreedySettings>(
        {{"max_new_tokens", length()}, {"repetition_penalty", model_->generation.repetition_penalty}});
    std::vector<Answer> answers;
    for (const auto& prompt : prompts) {
      const Stopwatch watch;
      const auto ids = generate_greedy(decoder(), prompt, settings, options_.watch ? typewriter() : nullptr);
      if (options_.watch) std::cout << "\n\n";
      const auto count = std::ssize(ids);
      answers.push_back({text_of(ids), {count, prompt.length() + count, count}, watch.seconds()});
    }
    return answers;
  }

  // Prints each token as it comes, whole characters only.
  TokenObserver typewriter() const {
    auto ids = std::make_shared<std::vector<int64_t>>();
    auto shown = std::make_shared<std::string>();
    return [this, ids, shown](int64_t id) {
      ids->push_back(id);
      const std::string text = tokenizer().decode(*ids, /*skip_special=*/true);
      if (text.ends_with("\uFFFD") || text.size() <= shown->size()) return;
      std::cout << text.substr(shown->size()) << std::flush;
      *shown = text;
    };
  }

  const GenerateOptions& options_;
  std::shared_ptr<const LoadedModel> model_;
  Json settings_;  // of the sampler
  const std::vector<at::Tensor> images_;
  std::optional<Prompter> prompter_;  // none: the prompts are the texts themselves
  Decoder decoder_;                   // the model's, whose answers end with their turn where there are turns
};

void print(const std::vector<std::string>& prompts, const std::vector<Answer>& answers, bool json) {
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& a = answers[i];
    if (json)
      std::cout << Json{{"prompt", prompts[i]},
                        {"text", a.text},
                        {"forward_passes", a.statistics.forward_passes},
                        {"positions", a.statistics.positions},
                        {"seconds", a.seconds}}
                       .dump()
                << "\n";
    else
      std::cout << a.text << "\n";
  }
  if (json || answers.empty()) return;
  const Answer& last = answers.back();
  fmt::print(stderr, "{} forward passes, {}\n", last.statistics.forward_passes, format_duration(last.seconds));
}

void generate_answers(const GenerateOptions& options) {
  check_backend(backend_of(options));  // before any tensor is made
  const at::NoGradGuard no_grad;
  at::set_num_threads(options.threads);
  const auto prompts = read_prompts(options);
  const ModelConfig config = named_model(options.checkpoint, options.family, options.dtype);
  print(prompts, Generator(options, config).answer(prompts), options.json);
}

}  // namespace

Verb add_generate(CLI::App& app) {
  auto* verb = app.add_subcommand("generate", "Let a checkpoint answer a prompt, or fill the masks of a text");
  auto options = std::make_shared<GenerateOptions>();
  verb->add_option("checkpoint", options->checkpoint, "Checkpoint folder, or a model of `freeact list models`")
      ->required();
  verb->add_option("settings", options->settings, "The sampler's settings: steps=32 acceleration.kv_cache=dual");
  verb->add_option("--prompt", options->prompts, "What is asked; several are answered as one batch")
      ->allow_extra_args(false);
  verb->add_option("--prompt-file", options->prompt_file, "A file that holds a prompt");
  verb->add_option("--image", options->images,
                   "PNG or JPEG that the question is about, or draw:SPEC (src/image/drawing.h); several in their order")
      ->allow_extra_args(false);
  verb->add_option("--system", options->system, "System message in place of the template's own");
  verb->add_flag("--raw", options->raw, "No chat template: the prompt is the text itself; its mask tokens are filled");
  verb->add_option("--max-new-tokens", options->max_new_tokens, "Length of the answer (default: 64)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--stop", options->stops, "Text before which an answer ends")->allow_extra_args(false);
  verb->add_option("--seed", options->seed, "Of all random choices");
  verb->add_option("--family", options->family, "Model family (default: by config.json)");
  verb->add_option("--dtype", options->dtype, "float32 (default), bfloat16 or float16");
  verb->add_option("--device", options->device, "Where the model computes: cpu (default), cuda or cuda:N");
  verb->add_option("--threads", options->threads, "CPU threads (default: 1)")->check(CLI::PositiveNumber);
  verb->add_flag("--watch", options->watch, "Show the tokens as they are written");
  verb->add_flag("--json", options->json, "A JSON line per answer");
  add_examples(*verb,
               "  freeact generate puzzle_dllm --raw --prompt '<|sort|>5103984627=' --max-new-tokens 10 --watch\n"
               "  freeact generate path/to/LLaDA-8B-Instruct --prompt 'Why is the sky blue?' --watch steps=64\n"
               "  freeact generate path/to/Dream-7B --prompt 'Why is the sky blue?' alg=entropy top_p=0.95\n"
               "  freeact generate path/to/Qwen2.5-VL-7B --image chart.png --prompt 'Which bar is highest?' "
               "images.max_pixels=1003520");
  return [options] { generate_answers(*options); };
}

}  // namespace freeact
