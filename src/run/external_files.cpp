#include "run/external_files.h"

#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <set>

#include "config/yaml.h"
#include "util/files.h"
#include "util/hash.h"
#include "util/shell.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// VLMEvalKit publishes nothing better for its tables. It tells versions apart, and is no guard against forgery.
std::string md5_file(const fs::path& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1)
    throw EnvironmentError("this machine's OpenSSL computes no MD5, by which '{}' would be known", path.string());
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), std::ssize(block)) || file.gcount() > 0)
    EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(file.gcount()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

std::vector<std::string> names_of(const ExternalFile& file) {
  std::vector<std::string> names = {file.name};
  names.insert(names.end(), file.from.begin(), file.from.end());
  return names;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// A file that was given by itself is known by its last name: images/a.png is a.png.
fs::path place_in(const fs::path& given, const std::string& name) {
  if (fs::is_directory(given)) return given / name;
  return given.filename() == fs::path(name).filename() ? given : fs::path();
}

fs::path find(const ExternalFile& wanted, const std::vector<fs::path>& from) {
  for (const auto& name : names_of(wanted))
    for (const auto& given : from)
      if (const fs::path place = place_in(given, name); is_file(place)) return place;
  return {};
}

std::string names_of_all(const std::vector<ExternalFile>& files) {
  constexpr size_t kShown = 4;
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.name);
  const std::string more = names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "";
  names.resize(std::min(names.size(), kShown));
  return fmt::format("{}{}", fmt::join(names, ", "), more);
}

void refuse_unused(const External& external, const std::vector<ExternalFile>& wanted, const std::vector<fs::path>& from,
                   const std::vector<fs::path>& used) {
  for (const auto& given : from)
    if (!fs::is_directory(given) && std::ranges::find(used, given) == used.end())
      throw UserError("'{}' is no file of {}, which are {}: nothing is imported", given.string(), external.name,
                      names_of_all(wanted));
}

bool is_packed(const ExternalFile& file, const fs::path& path) {
  return path.extension() == ".gz" && fs::path(file.name).extension() != ".gz";
}

void unpack(const fs::path& packed, const fs::path& target) {
  const std::string command =
      "gzip --decompress --stdout " + shell_quoted(packed.string()) + " 2>/dev/null >" + shell_quoted(target.string());
  const int status = std::system(command.c_str());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw UserError("'{}' cannot be unpacked: it is not what gzip writes, or not all of it", packed.string());
}

void copy_one(const ExternalFile& file, const fs::path& source, const fs::path& folder) {
  const fs::path target = folder / file.name;
  fs::create_directories(target.parent_path());
  std::error_code error;
  if (is_packed(file, source))
    unpack(source, target);
  else
    fs::copy_file(source, target, error);
  if (error) throw EnvironmentError("cannot write '{}': {}", target.string(), error.message());
  fs::permissions(target, fs::perms::owner_write, fs::perm_options::add);  // or it could never be taken away again
  if (const std::string wrong = wrong_sum(file, target); !wrong.empty())
    throw UserError("'{}' holds another {} than expected ({}): nothing is imported", source.string(), file.name, wrong);
}

std::string text_of(const nlohmann::json& line, const char* key, const std::string& place) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_string()) throw UserError("{}: must have the text '{}'", place, key);
  return found->get<std::string>();
}

std::vector<ExternalFile> recorded_files(const fs::path& record) {
  std::vector<ExternalFile> files;
  const Tree tree = load_yaml(record);
  for (const auto& [name, sum] : tree.values.items()) {
    if (!sum.is_string()) throw UserError("{}: '{}' must be a SHA-256", record.string(), name);
    files.push_back({.name = name, .sha256 = sum.get<std::string>()});
  }
  return files;
}

bool knows_all(const External& external) {
  return std::ranges::none_of(external.files, [](const ExternalFile& file) { return file.sha256.empty(); });
}

}  // namespace

std::vector<ExternalFile> listed_files(const External& external, const fs::path& folder) {
  std::vector<ExternalFile> files;
  if (external.lists.empty()) return files;
  std::ifstream list(folder / external.lists);
  std::string line;
  for (int number = 1; std::getline(list, line); ++number) {
    const std::string place = fmt::format("{}:{}", (folder / external.lists).string(), number);
    const auto item = parse_json(line, place);
    files.push_back({.name = text_of(item, "image", place), .sha256 = text_of(item, "sha256", place)});
  }
  return files;
}

std::vector<ExternalFile> expected_files(const External& external, const fs::path& folder) {
  std::vector<ExternalFile> files = external.files;
  if (!knows_all(external)) {
    if (!is_file(folder / kImportRecord)) return {{.name = kImportRecord}};
    const auto recorded = recorded_files(folder / kImportRecord);
    files.insert(files.end(), recorded.begin(), recorded.end());
  }
  const auto listed = is_file(folder / external.lists) ? listed_files(external, folder) : std::vector<ExternalFile>();
  files.insert(files.end(), listed.begin(), listed.end());
  return files;
}

void record_import(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder).string());
  Json sums = Json::object();
  for (const auto& name : names) sums[name] = sha256_file(folder / name);
  write_file_atomically(folder / kImportRecord, "# SHA-256 of what was imported.\n" + to_yaml(sums));
}

std::vector<fs::path> find_published(const External& external, const std::vector<ExternalFile>& wanted,
                                     const std::vector<fs::path>& from) {
  std::vector<fs::path> places;
  for (const auto& file : wanted) {
    places.push_back(find(file, from));
    if (places.back().empty() && from.size() == 1 && fs::is_directory(from.front()))
      throw UserError("'{}' holds no {}: see {}", from.front().string(), file.name, external.source);
  }
  refuse_unused(external, wanted, from, places);
  for (size_t i = 0; i < wanted.size(); ++i)
    if (places[i].empty())
      throw UserError("{} is missing among the files of {}: see {}", wanted[i].name, external.name, external.source);
  return places;
}

void copy_published(const External& external, const std::vector<fs::path>& from, const fs::path& folder) {
  // What a file lists is known once that file is there.
  std::vector<ExternalFile> wanted = external.files;
  for (const auto& file : external.files) {
    const fs::path place = find(file, from);
    if (file.name != external.lists || place.empty()) continue;
    copy_one(file, place, folder);
    const auto listed = listed_files(external, folder);
    wanted.insert(wanted.end(), listed.begin(), listed.end());
  }
  const auto places = find_published(external, wanted, from);
  for (size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].name != external.lists) copy_one(wanted[i], places[i], folder);
}

std::string wrong_sum(const ExternalFile& file, const fs::path& path) {
  if (!file.sha256.empty()) {
    const std::string is = sha256_file(path);
    return is == file.sha256 ? "" : fmt::format("SHA-256 {} instead of {}", is, file.sha256);
  }
  if (file.md5.empty()) return "";
  const std::string is = md5_file(path);
  return is == file.md5 ? "" : fmt::format("MD5 {} instead of {}", is, file.md5);
}

}  // namespace freeact
