// The report: tables and plots of what is in the store, made from the store and from what others published alone.
#pragma once

#include <filesystem>
#include <string>

#include "report/document.h"
#include "store/store.h"

namespace freeact {

struct ReportOptions {
  std::filesystem::path out_dir = "report";
  std::string experiment = "";           // empty: all
  std::filesystem::path published = {};  // folder of published scores (report/published.h) to show beside ours
  std::string title = "Low-bit quantisation of diffusion and multimodal LLMs";
};

// Throws UserError for an experiment the store does not know; an empty store gives a report that says so.
ReportDocument make_report(const Store& store, const ReportOptions& options);

// Writes report.html, report.md, figures/*.svg, tables/*.tex and *.csv (galleries as *.csv only), results.csv,
// layer_errors.csv, activation_statistics.csv, row_spaces.csv, solution_spaces.csv, configurations.txt, samples.html
// with samples/*.js and, where the store holds streams or trainings, streams.csv and training.csv.
void write_report(const Store& store, const ReportOptions& options);

}  // namespace freeact
