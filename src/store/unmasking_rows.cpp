#include "store/unmasking_rows.h"

#include "store/columns.h"
#include "util/fields.h"

namespace freeact {
namespace {

// [["The", 3], [" cat", 0]]. A low-bit model may write bytes that are no UTF-8.
std::string to_json(const std::vector<UnmaskedToken>& tokens) {
  Json list = Json::array();
  for (const auto& token : tokens) list.push_back({token.text, token.step});
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<UnmaskedToken> from_json(const std::string& text) {
  std::vector<UnmaskedToken> tokens;
  for (const auto& token : Json::parse(text)) tokens.push_back({token.at(0), token.at(1)});
  return tokens;
}

}  // namespace

void insert_unmaskings(SQLite::Database& database, const std::vector<UnmaskedAnswer>& answers, int64_t run_id) {
  SQLite::Statement statement(database, "INSERT INTO unmaskings VALUES (?,?,?,?)");
  for (const auto& answer : answers) insert(statement, run_id, answer.task, answer.index, to_json(answer.tokens));
}

std::vector<UnmaskedAnswer> select_unmaskings(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database,
                              "SELECT task, \"index\", tokens FROM unmaskings WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, run_id);
  std::vector<UnmaskedAnswer> answers;
  while (statement.executeStep())
    answers.push_back({statement.getColumn(0).getString(), statement.getColumn(1).getInt64(),
                       from_json(statement.getColumn(2).getString())});
  return answers;
}

}  // namespace freeact
