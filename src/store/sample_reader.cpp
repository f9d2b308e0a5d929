#include "store/sample_reader.h"

#include <fmt/format.h>

#include "store/columns.h"
#include "store/connection.h"
#include "store/rows.h"
#include "util/error.h"

namespace freeact {
namespace {

// 128 MiB: the pages of one task of some hundred runs, which samples() returns to for each of its stretches.
constexpr const char* kCache = "PRAGMA cache_size = -131072";

// Without a copy; the text lives until the statement's next step.
std::string_view text_of(const SQLite::Column& column) {
  const char* text = column.getText();  // before its length, which a conversion could change
  return {text, static_cast<size_t>(column.getBytes())};
}

}  // namespace

SampleReader::SampleReader(const std::filesystem::path& path) : path_(path), database_(connect_for_reading(path)) {
  guarded(path_, [&] {
    database_->exec(kCache);
    by_index_ = std::make_unique<SQLite::Statement>(
        *database_, fmt::format("{} WHERE s.run_id = ? AND s.task = ? AND s.\"index\" BETWEEN ? AND ? "
                                "ORDER BY s.\"index\"",
                                kSelectSamples));
  });
}
SampleReader::~SampleReader() = default;

RunRecord SampleReader::load_without_samples(int64_t run) const {
  return guarded(path_, [&] {
    auto record = select_run_without_samples(*database_, run);
    if (!record) throw UserError("no run {} in '{}': 'freeact list runs' shows what there is", run, path_.string());
    return *std::move(record);
  });
}

void SampleReader::visit_samples(int64_t run, const std::function<void(const SampleView&)>& visit) const {
  guarded(path_, [&] {
    SQLite::Statement statement(*database_,
                                "SELECT task, \"index\", input_hash, output, score FROM samples WHERE run_id = ? "
                                "ORDER BY task, \"index\"");
    statement.bind(1, run);
    while (statement.executeStep()) {
      const auto task = statement.getColumn(0), hash = statement.getColumn(2), output = statement.getColumn(3);
      visit({text_of(task), statement.getColumn(1).getInt64(), text_of(hash), text_of(output),
             real(statement.getColumn(4))});
    }
  });
}

std::vector<Sample> SampleReader::samples(int64_t run, const std::string& task, int64_t first, int64_t last) const {
  return guarded(path_, [&] {
    by_index_->reset();
    by_index_->bind(1, run);
    by_index_->bind(2, task);
    by_index_->bind(3, first);
    by_index_->bind(4, last);
    std::vector<Sample> samples;
    while (by_index_->executeStep()) samples.push_back(sample_of(*by_index_));
    return samples;
  });
}

}  // namespace freeact
