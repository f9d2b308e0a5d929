#include "report/report.h"

#include <set>

#include "report/format.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/tables.h"
#include "util/error.h"
#include "util/files.h"
#include "util/suggest.h"

namespace freeact {
namespace {

void check_experiment(const Store& store, const std::string& experiment) {
  std::set<std::string> known;
  for (const auto& run : store.runs()) known.insert(run.experiment);
  if (!experiment.empty() && !known.contains(experiment))
    throw UserError(unknown_name("experiment", experiment, {known.begin(), known.end()}, store.path().string() + ": "));
}

template <typename T>
void add_if(Document& document, std::optional<T> block) {
  if (block) document.blocks.push_back(*std::move(block));
}

void add_setting(Document& document, const Setting& setting, const std::vector<Comparison>& differences) {
  document.blocks.push_back(Heading{setting.title});
  document.blocks.push_back(main_table(setting));
  if (differences.empty())
    document.blocks.push_back(Paragraph{"No paired differences: they need FlatQuant and another method."});
  else
    document.blocks.push_back(difference_table(setting, differences));
  add_if(document, group_table(setting));
  const auto layers = layer_table(setting);
  if (!layers) document.blocks.push_back(Paragraph{"No layer errors were recorded."});
  add_if(document, layer_figure(setting));
  add_if(document, layers);
}

Document make_document(const std::vector<Run>& runs, const ReportOptions& options) {
  Document document{.title = options.title, .blocks = {}};
  if (runs.empty()) {
    document.blocks.push_back(Paragraph{"The store holds no runs yet: 'freeact run EXPERIMENT' adds some."});
    return document;
  }
  const auto settings = make_settings(runs);
  std::vector<std::vector<Comparison>> differences;
  BulletList answers{.title = "FreeAct against FlatQuant", .items = {}};
  for (const auto& setting : settings) {
    differences.push_back(comparisons(setting));
    for (auto& sentence : findings(setting, differences.back())) answers.items.push_back(std::move(sentence));
    for (const auto& comparison : differences.back())
      answers.alarm |= comparison.arm->method == "freeact" && comparison.worse();
  }
  document.blocks.push_back(BulletList{.title = "Where the numbers come from", .items = provenance(runs)});
  document.blocks.push_back(std::move(answers));
  document.blocks.push_back(BulletList{.title = "Read with these limits in mind", .items = caveats(runs, settings)});
  for (size_t i = 0; i < settings.size(); ++i) add_setting(document, settings[i], differences[i]);
  document.blocks.push_back(Heading{"Appendix: runs"});
  document.blocks.push_back(run_table(runs));
  return document;
}

void write_parts(const Document& document, const std::filesystem::path& folder) {
  for (const auto& block : document.blocks) {
    if (const auto* table = std::get_if<Table>(&block)) {
      write_file_atomically(folder / "tables" / (table->name + ".tex"), render_latex(*table));
      write_file_atomically(folder / "tables" / (table->name + ".csv"), render_csv(*table));
    } else if (const auto* figure = std::get_if<Figure>(&block)) {
      write_file_atomically(folder / "figures" / (figure->name + ".svg"), figure->svg);
    }
  }
}

}  // namespace

Document make_report(const Store& store, const ReportOptions& options) {
  check_experiment(store, options.experiment);
  return make_document(load_runs(store, options.experiment), options);
}

void write_report(const Store& store, const ReportOptions& options) {
  check_experiment(store, options.experiment);
  const auto runs = load_runs(store, options.experiment);
  const Document document = make_document(runs, options);
  write_parts(document, options.out_dir);
  write_file_atomically(options.out_dir / "results.csv", render_csv(metric_rows(runs)));
  write_file_atomically(options.out_dir / "layer_errors.csv", render_csv(layer_rows(runs)));
  write_file_atomically(options.out_dir / "report.md", render_markdown(document));
  write_file_atomically(options.out_dir / "report.html", render_html(document));
}

}  // namespace freeact
