// The tables and plots of a report.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/comparison.h"
#include "report/document.h"
#include "report/published.h"

namespace freeact {

// With what was published of the setting's model beside its average.
Table main_table(const Setting& setting, const std::vector<PublishedScore>& published = {});
// Scores as rows and methods as columns, with standard errors: every score of the tasks that have several; the headline
// of every subset of a benchmark. Nothing without any.
std::optional<Table> score_table(const Setting& setting);
std::optional<Table> subset_table(const Setting& setting);
// Nothing when no task reports parts.
std::optional<Table> group_table(const Setting& setting);

// Every method against the reference (FlatQuant) in average accuracy, NLL and perplexity, FreeAct in every column, each
// of its configurations against each of the reference's. Their p-values are adjusted to each other. Empty without the
// reference.
std::vector<Comparison> comparisons(const Setting& setting);
Table difference_table(const Setting& setting, const std::vector<Comparison>& comparisons);

// A row for each method. Nothing when no site sees tokens of several types.
std::optional<Table> token_type_table(const Setting& setting);
// Nothing when no run recorded layer errors.
std::optional<Table> layer_table(const Setting& setting);
std::optional<Figure> layer_figure(const Setting& setting);

// How large each method's model is, and how long its calibration took. Nothing where no run has a size.
std::optional<Table> cost_table(const Setting& setting);

// The appendix: what every run was.
Table run_table(const std::vector<Run>& runs);
// Every configuration once, under the hash that the appendix has and the runs it belongs to.
std::string configurations(const std::vector<Run>& runs);

// CSV files in long format for other programs, with full precision: a row for every run and metric, or run, layer, site
// and type.
void write_metric_rows(const std::vector<Run>& runs, const std::filesystem::path& path);
void write_layer_rows(const std::vector<Run>& runs, const std::filesystem::path& path);
void write_activation_rows(const std::vector<Run>& runs, const std::filesystem::path& path);

}  // namespace freeact
