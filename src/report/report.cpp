#include "report/report.h"

#include <set>

#include "report/activations.h"
#include "report/backends.h"
#include "report/block_training.h"
#include "report/curves.h"
#include "report/error_parts.h"
#include "report/format.h"
#include "report/gallery.h"
#include "report/latencies.h"
#include "report/layer_ratio.h"
#include "report/main_figure.h"
#include "report/page_limits.h"
#include "report/pareto.h"
#include "report/render.h"
#include "report/row_spaces.h"
#include "report/sample_files.h"
#include "report/stream.h"
#include "report/summary.h"
#include "report/surfaces.h"
#include "report/tables.h"
#include "report/training.h"
#include "report/unmasking.h"
#include "util/error.h"
#include "util/files.h"
#include "util/suggest.h"

namespace freeact {
namespace {

void check_experiment(const Store& store, const std::string& experiment) {
  std::set<std::string> known;
  for (const auto& run : store.runs()) known.insert(run.experiment);
  for (const auto& stream : store.streams()) known.insert(stream.experiment);
  if (!experiment.empty() && !known.contains(experiment))
    throw UserError(unknown_name("experiment", experiment, {known.begin(), known.end()}, store.path().string() + ": "));
}

template <typename T>
void add_if(ReportDocument& document, std::optional<T> block) {
  if (block) document.blocks.push_back(*std::move(block));
}

// What a report is made of. Trainings and latencies belong to no experiment.
struct Contents {
  std::vector<Run> runs;
  std::vector<Setting> settings;  // of these runs, into which they point
  std::vector<StreamRecord> streams;
  std::vector<TrainingCurve> trainings;
  std::vector<LatencyRow> latencies;
  std::vector<PublishedScore> published;
};

Contents load_contents(const Store& store, const ReportOptions& options) {
  const std::string& experiment = options.experiment;
  Contents contents{.runs = load_runs(store, experiment),
                    .settings = {},
                    .streams = {},
                    .trainings = {},
                    .latencies = {},
                    .published = read_published(options.published)};
  contents.settings = make_settings(contents.runs);
  for (auto& stream : store.streams())
    if (experiment.empty() || stream.experiment == experiment) contents.streams.push_back(std::move(stream));
  if (!experiment.empty()) return contents;
  contents.trainings = store.trainings();
  contents.latencies = store.latencies();
  return contents;
}

// Statistics of the 16-bit model are the same at all bit widths: shown with the first setting that has them.
void add_activations(ReportDocument& document, const std::vector<Setting>& settings, size_t index) {
  const auto runs = runs_with_activations(settings[index]);
  for (size_t i = 0; i < index && !runs.empty(); ++i)
    if (runs_with_activations(settings[i]) == runs) {
      document.blocks.push_back(Paragraph{"Activations of the 16-bit model: as under " + settings[i].title +
                                          "; they depend on model, calibration data and seed alone."});
      return;
    }
  add_if(document, activation_figure(settings[index]));
  add_if(document, activation_table(settings[index]));
  add_if(document, row_space_figure(runs, settings[index].title));
  add_if(document, row_space_table(runs, settings[index].title));
  add_if(document, solution_space_table(runs, settings[index].title));
}

void add_training(ReportDocument& document, const std::vector<TrainingCurve>& curves) {
  auto sentences = training_sentences(curves);
  if (sentences.empty()) return;
  document.blocks.push_back(Heading{"Embedded models: training"});
  for (auto& figure : training_figures(curves)) document.blocks.push_back(std::move(figure));
  document.blocks.push_back(BulletList{.title = "What was trained", .items = std::move(sentences)});
}

void add_latencies(ReportDocument& document, const std::vector<LatencyRow>& rows) {
  if (!rows.empty()) document.blocks.push_back(Heading{"Latency"});
  for (auto& figure : latency_paretos(rows)) document.blocks.push_back(std::move(figure));
  add_if(document, latency_goal_table(rows));
  add_if(document, latency_table(rows));
}

void add_setting(ReportDocument& document, const Setting& setting, const std::vector<Comparison>& differences,
                 const std::vector<PublishedScore>& published) {
  document.blocks.push_back(Heading{setting.title});
  add_if(document, main_figure(setting));
  document.blocks.push_back(main_table(setting, published));
  add_if(document, score_table(setting));
  add_if(document, cost_table(setting));
  if (differences.empty())
    document.blocks.push_back(Paragraph{"No paired differences: they need FlatQuant and another method."});
  else
    document.blocks.push_back(difference_table(setting, differences));
  for (auto& figure : sweep_figures(setting)) document.blocks.push_back(std::move(figure));
  add_if(document, group_table(setting));
  add_if(document, subset_table(setting));
  add_if(document, published_table(setting, published));
  add_if(document, token_type_table(setting));
  const auto layers = layer_table(setting);
  if (!layers) document.blocks.push_back(Paragraph{"No layer errors were recorded."});
  add_if(document, layer_figure(setting));
  add_if(document, layers);
  add_if(document, layer_ratio_table(setting));
  add_if(document, truncation_figure(setting));
  add_if(document, error_parts_table(setting));
  for (auto& figure : surface_figures(setting)) document.blocks.push_back(std::move(figure));
  add_if(document, block_training_figure(setting));
  add_if(document, training_warning_table(setting));
}

void add_galleries(ReportDocument& document, const std::vector<Setting>& settings) {
  std::vector<Gallery> all;
  for (const auto& setting : settings)
    for (auto& gallery : galleries(setting)) all.push_back(std::move(gallery));
  if (all.empty()) return;
  document.blocks.push_back(Heading{"Gallery"});
  for (auto& gallery : all) document.blocks.push_back(std::move(gallery));
}

void add_unmaskings(ReportDocument& document, const std::vector<Setting>& settings) {
  std::vector<ReportBlock> blocks;
  for (const auto& setting : settings) {
    if (auto table = unmasking_table(setting)) blocks.emplace_back(*std::move(table));
    for (auto& map : unmasking_maps(setting)) blocks.emplace_back(std::move(map));
  }
  if (blocks.empty()) return;
  document.blocks.push_back(Heading{"Order of unmasking"});
  for (auto& block : blocks) document.blocks.push_back(std::move(block));
}

void add_samples(ReportDocument& document, const std::vector<Run>& runs) {
  size_t samples = 0;
  for (const auto& run : runs)
    for (const auto& task : run.tasks) samples += task.size();
  if (samples == 0) return;
  document.blocks.push_back(Heading{"Samples"});
  document.blocks.push_back(
      Link{.text = fmt::format("Browse the {}: prompts, pictures and every method's answer, by agreement and by text",
                               count_of(samples, "sample")),
           .file = "samples.html"});
}

void add_backends(ReportDocument& document, const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  auto table = backend_table(runs, settings);
  auto times = method_pareto(runs, settings);
  if (!table && !times) return;
  document.blocks.push_back(Heading{"Backends"});
  add_if(document, std::move(table));
  add_if(document, std::move(times));
}

void add_experiments(ReportDocument& document, const Contents& contents) {
  const std::vector<Run>& runs = contents.runs;
  const std::vector<Setting>& settings = contents.settings;
  std::vector<std::vector<Comparison>> differences;
  BulletList answers{.title = "FreeAct against FlatQuant", .items = {}};
  for (const auto& setting : settings) {
    differences.push_back(comparisons(setting));
    for (auto& sentence : findings(setting, differences.back())) answers.items.push_back(std::move(sentence));
    for (const auto& comparison : differences.back())
      answers.alarm |= comparison.arm->method == "freeact" && comparison.worse();
  }
  document.blocks.push_back(std::move(answers));
  document.blocks.push_back(BulletList{.title = "Read with these limits in mind", .items = caveats(runs, settings)});
  document.blocks.push_back(BulletList{.title = "Where the numbers come from", .items = provenance(runs)});
  add_backends(document, runs, settings);
  for (auto& figure : bit_figures(settings)) document.blocks.push_back(std::move(figure));
  add_if(document, size_pareto(settings));
  for (size_t i = 0; i < settings.size(); ++i) {
    add_setting(document, settings[i], differences[i], contents.published);
    add_activations(document, settings, i);
  }
  add_galleries(document, settings);
  add_unmaskings(document, settings);
  add_samples(document, runs);
}

ReportDocument make_document(const Contents& contents, const std::string& title) {
  ReportDocument document{.title = title, .blocks = {}};
  if (contents.runs.empty() && contents.streams.empty() && contents.latencies.empty() && contents.trainings.empty())
    document.blocks.push_back(Paragraph{"The store holds no runs yet: 'freeact run EXPERIMENT' adds some."});
  else if (!contents.runs.empty())
    add_experiments(document, contents);
  for (auto& block : stream_blocks(contents.streams)) document.blocks.push_back(std::move(block));
  add_latencies(document, contents.latencies);
  add_training(document, contents.trainings);
  if (contents.runs.empty()) return document;
  document.blocks.push_back(Heading{"Appendix: runs"});
  document.blocks.push_back(run_table(contents.runs));
  return document;
}

void write_parts(const ReportDocument& document, const std::filesystem::path& folder) {
  for (const auto& block : document.blocks) {
    if (const auto* table = std::get_if<Table>(&block)) {
      write_file_atomically(folder / "tables" / (table->name + ".tex"), render_latex(*table));
      write_file_atomically(folder / "tables" / (table->name + ".csv"), render_csv(*table));
    } else if (const auto* gallery = std::get_if<Gallery>(&block)) {
      write_file_atomically(folder / "tables" / (gallery->name + ".csv"), render_csv(text_table(*gallery)));
    } else if (const auto* map = std::get_if<UnmaskingMap>(&block)) {
      write_file_atomically(folder / "tables" / (map->name + ".csv"), render_csv(data_table(*map)));
    } else if (const auto* figure = std::get_if<Figure>(&block)) {
      write_file_atomically(folder / "figures" / (figure->name + ".svg"), figure->svg);
    }
  }
}

}  // namespace

ReportDocument make_report(const Store& store, const ReportOptions& options) {
  check_experiment(store, options.experiment);
  return make_document(load_contents(store, options), options.title);
}

void write_report(const Store& store, const ReportOptions& options) {
  check_experiment(store, options.experiment);
  const Contents contents = load_contents(store, options);
  ReportDocument document = make_document(contents, options.title);
  const auto write = [&](const char* name, const std::string& text) {
    write_file_atomically(options.out_dir / name, text);
  };
  write_parts(document, options.out_dir);
  write_samples(SampleReader(store.path()), sample_groups(contents.runs, contents.settings), options.out_dir,
                options.title);
  write_metric_rows(contents.runs, options.out_dir / "results.csv");
  write_layer_rows(contents.runs, options.out_dir / "layer_errors.csv");
  write_activation_rows(contents.runs, options.out_dir / "activation_statistics.csv");
  write_row_space_rows(contents.runs, options.out_dir / "row_spaces.csv");
  write_solution_space_rows(contents.runs, options.out_dir / "solution_spaces.csv");
  if (!contents.streams.empty()) write("streams.csv", render_csv(stream_rows(contents.streams)));
  if (!contents.trainings.empty()) write("training.csv", render_csv(training_rows(contents.trainings)));
  write("report.md", render_markdown(document));
  write("configurations.txt", configurations(contents.runs));
  write("report.html", render_html(within_limits(std::move(document))));
}

}  // namespace freeact
