#include "report/row_spaces.h"

#include <fmt/format.h>

#include "report/csv_file.h"
#include "report/format.h"
#include "report/over_layers.h"

namespace freeact {
namespace {

using Overlaps = RowGroup<RowSpaceOverlap>;
using Solutions = RowGroup<SolutionSpace>;

double shared_share(const RowSpaceOverlap& o) {
  return static_cast<double>(o.shared_dims) / static_cast<double>(std::min(o.dims, o.other_dims));
}

// Of the d^2 dimensions of M: those of which X M W^T depends are rank X times rank W.
double free_share(const SolutionSpace& s) {
  const auto width = static_cast<double>(s.width);
  return 1 - static_cast<double>(s.activation_rank) * static_cast<double>(s.weight_rank) / (width * width);
}

std::string percent(double share) {
  return fmt::format("{:#.3g}%", 100 * share);
}

template <typename Row>
TableCell count_cell(const RowGroup<Row>& group, const RowValue<Row>& value) {
  return text_cell(fmt::format("{:.1f}", mean_over_layers<Row>(group, value)));
}
template <typename Row>
TableCell share_cell(const RowGroup<Row>& group, const RowValue<Row>& value) {
  return text_cell(percent(mean_over_layers<Row>(group, value)));
}

std::vector<TableCell> overlap_row(const Overlaps& group) {
  const auto count = [&](auto value) { return count_cell<RowSpaceOverlap>(group, value); };
  const auto share = [&](auto value) { return share_cell<RowSpaceOverlap>(group, value); };
  TableCell own = count([](const auto& o) { return static_cast<double>(o.dims); });
  own.note = fmt::format("of {}", group.front()->width);
  const double angle = mean_over_layers<RowSpaceOverlap>(group, [](const auto& o) { return o.largest_angle; });
  return {text_cell(group.front()->token_type),
          text_cell(group.front()->other_type),
          text_cell(group.front()->site),
          own,
          count([](const auto& o) { return static_cast<double>(o.other_dims); }),
          count([](const auto& o) { return static_cast<double>(o.shared_dims); }),
          text_cell(fmt::format(
              "{:.3f}", mean_over_layers<RowSpaceOverlap>(group, [](const auto& o) { return o.mean_cosine_squared; }))),
          text_cell(fmt::format("{:.0f}°", angle)),
          share([](const auto& o) { return o.own_energy; }),
          share([](const auto& o) { return o.other_energy; }),
          share([](const auto& o) { return o.other_output; })};
}

std::vector<TableCell> solution_row(const Solutions& group) {
  const auto share = [&](auto value) { return share_cell<SolutionSpace>(group, value); };
  TableCell type = text_cell(group.front()->token_type);
  type.note = fmt::format("{:.0f} tokens", mean_over_layers<SolutionSpace>(
                                               group, [](const auto& s) { return static_cast<double>(s.tokens); }));
  TableCell rank =
      count_cell<SolutionSpace>(group, [](const auto& s) { return static_cast<double>(s.activation_rank); });
  rank.note = fmt::format("of {}", group.front()->width);
  return {type,
          text_cell(group.front()->site),
          rank,
          count_cell<SolutionSpace>(group, [](const auto& s) { return static_cast<double>(s.weight_rank); }),
          share(free_share),
          share([](const auto& s) { return s.weakest_energy; }),
          share([](const auto& s) { return s.weakest_output; }),
          share([](const auto& s) { return s.unread_output; })};
}

void add_panels(LinePlot& plot, const std::vector<const Run*>& runs, const std::string& site) {
  const auto overlaps_of = [&](const std::string& type) {
    return rows_where(runs, &RunRecord::row_spaces,
                      [&](const auto& o) { return o.site == site && o.token_type == type; });
  };
  const auto losses_of = [&](const std::string& type) {
    return rows_where(runs, &RunRecord::row_spaces,
                      [&](const auto& o) { return o.site == site && o.other_type == type; });
  };
  const auto solutions_of = [&](const std::string& type) {
    return rows_where(runs, &RunRecord::solution_spaces,
                      [&](const auto& s) { return s.site == site && s.token_type == type; });
  };
  Panel shared{.row = "shared dims", .column = site, .series = {}};
  Panel lost{.row = "output lost", .column = site, .series = {}};
  Panel free{.row = "free share", .column = site, .series = {}};
  for (const auto& type : distinct_names(runs, &RunRecord::solution_spaces, &SolutionSpace::token_type)) {
    const std::string label = type + " tokens";
    shared.series.push_back(layer_series<RowSpaceOverlap>(overlaps_of(type), label, shared_share));
    lost.series.push_back(
        layer_series<RowSpaceOverlap>(losses_of(type), label, [](const auto& o) { return o.other_output; }));
    free.series.push_back(layer_series<SolutionSpace>(solutions_of(type), label, free_share));
  }
  for (auto* panel : {&shared, &lost, &free}) plot.panels.push_back(std::move(*panel));
}

}  // namespace

std::optional<Table> row_space_table(const std::vector<const Run*>& runs, const std::string& title) {
  Table table{.name = "row_spaces_" + file_stem(title),
              .title = "Row spaces of token types beside each other, " + title,
              .caption =
                  "Dominating subspace of a type: the fewest principal directions of its inputs x that hold 95% of "
                  "their energy. Shared: principal angles between two subspaces below 30°; cos²: mean over all "
                  "angles. Exclusive: the d/32 directions of the type's subspace that are farthest from the other's; "
                  "energy that both types hold in them, and ‖x U Uᵀ Wᵀ‖² / ‖x Wᵀ‖² of the other type, which is what "
                  "zeroing them costs it. At most 2048 tokens of held-out calibration data and 12 layers; mean over "
                  "layers of the mean over seeds.",
              .columns = {"Tokens", "Beside", "Site", "Dims, 95%", "Other's dims", "Shared", "Mean cos²",
                          "Largest angle", "Exclusive: own energy", "Other's energy", "Other's output"},
              .rows = {},
              .num_text_columns = 3};
  for (const auto& type : distinct_names(runs, &RunRecord::row_spaces, &RowSpaceOverlap::token_type))
    for (const auto& other : distinct_names(runs, &RunRecord::row_spaces, &RowSpaceOverlap::other_type))
      for (const auto& site : distinct_names(runs, &RunRecord::row_spaces, &RowSpaceOverlap::site)) {
        const Overlaps group = rows_where(runs, &RunRecord::row_spaces, [&](const auto& o) {
          return o.token_type == type && o.other_type == other && o.site == site;
        });
        if (!group.empty()) table.rows.push_back(overlap_row(group));
      }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

std::optional<Table> solution_space_table(const std::vector<const Run*>& runs, const std::string& title) {
  Table table{
      .name = "solution_spaces_" + file_stem(title),
      .title = "What Proposition 1 leaves free, " + title,
      .caption =
          "X M Wᵀ = X Wᵀ for M = Z − P_X (Z − I) P_W: of M's d² dimensions rank(X) rank(W) are bound, the others free. "
          "Ranks are the fewest principal directions that hold 99.9% of the energy of x (at most as many as "
          "tokens) and of W (all linears of the site); at a tolerance of 0 real ones are full. Least used: the "
          "d/32 directions with the least energy of the type's tokens, their share of it, which no exclusive "
          "block of another type can undercut, and the output error when they are zeroed. Least read: that "
          "error when the d/32 directions that the weights read least are zeroed instead.",
      .columns = {"Tokens", "Site", "Rank of X", "Rank of W", "Free", "Least used: energy", "Output",
                  "Least read: output"},
      .rows = {},
      .num_text_columns = 2};
  for (const auto& type : distinct_names(runs, &RunRecord::solution_spaces, &SolutionSpace::token_type))
    for (const auto& site : distinct_names(runs, &RunRecord::solution_spaces, &SolutionSpace::site)) {
      const Solutions group = rows_where(runs, &RunRecord::solution_spaces,
                                         [&](const auto& s) { return s.token_type == type && s.site == site; });
      if (!group.empty()) table.rows.push_back(solution_row(group));
    }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

std::optional<Figure> row_space_figure(const std::vector<const Run*>& runs, const std::string& title) {
  const auto sites = distinct_names(runs, &RunRecord::solution_spaces, &SolutionSpace::site);
  if (sites.empty()) return std::nullopt;
  LinePlot plot{.title = "Row spaces of token types, " + title,
                .x_label = "layer",
                .y_label = "",
                .log_y = false,
                .own_rows = true,
                .log_rows = {"output lost"},
                .labels = {},
                .panels = {}};
  for (const auto& type : distinct_names(runs, &RunRecord::solution_spaces, &SolutionSpace::token_type))
    plot.labels.push_back(type + " tokens");
  for (const auto& site : sites) add_panels(plot, runs, site);
  return Figure{.name = "row_spaces_" + file_stem(title),
                .caption =
                    "By layer and token type, mean over seeds: the share of the smaller dominating subspace that is "
                    "within 30° of the other one (the same for both types of a pair); the output error of a type when "
                    "the other's d/32 exclusive directions are zeroed for it (logarithmic; mean over the others); the "
                    "share of M that Proposition 1 leaves free at a tolerance of 0.1% of the energy.",
                .svg = render_svg(plot)};
}

void write_row_space_rows(const std::vector<Run>& runs, const std::filesystem::path& path) {
  CsvFile file(path,
               {"run", "key", "seed", "layer", "site", "token_type", "other_type", "width", "dims", "other_dims",
                "shared_dims", "mean_cos2", "max_angle", "exclusive", "own_energy", "other_energy", "other_output"});
  for (const auto& [id, run, tasks] : runs)
    for (const auto& o : run.row_spaces)
      file.add({std::to_string(id), run.key, std::to_string(run.seed), std::to_string(o.layer), o.site, o.token_type,
                o.other_type, std::to_string(o.width), std::to_string(o.dims), std::to_string(o.other_dims),
                std::to_string(o.shared_dims), fmt::format("{}", o.mean_cosine_squared),
                fmt::format("{}", o.largest_angle), std::to_string(o.exclusive_dims), fmt::format("{}", o.own_energy),
                fmt::format("{}", o.other_energy), fmt::format("{}", o.other_output)});
  file.finish();
}

void write_solution_space_rows(const std::vector<Run>& runs, const std::filesystem::path& path) {
  CsvFile file(path, {"run", "key", "seed", "layer", "site", "token_type", "tokens", "width", "activation_rank",
                      "weight_rank", "weakest_dims", "weakest_energy", "weakest_output", "unread_output"});
  for (const auto& [id, run, tasks] : runs)
    for (const auto& s : run.solution_spaces)
      file.add({std::to_string(id), run.key, std::to_string(run.seed), std::to_string(s.layer), s.site, s.token_type,
                std::to_string(s.tokens), std::to_string(s.width), std::to_string(s.activation_rank),
                std::to_string(s.weight_rank), std::to_string(s.weakest_dims), fmt::format("{}", s.weakest_energy),
                fmt::format("{}", s.weakest_output), fmt::format("{}", s.unread_output)});
  file.finish();
}

}  // namespace freeact
