// Where models and data sets of third parties are looked for.
#include "util/cache.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "util/error.h"
#include "util/shell.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// Sets environment variables for one test, empty ones to nothing.
class Cache : public testing::Test {
 protected:
  void set(const char* name, const std::string& value) {
    const char* was = std::getenv(name);
    before_.try_emplace(name, was == nullptr ? std::nullopt : std::optional<std::string>(was));
    if (value.empty())
      unsetenv(name);
    else
      setenv(name, value.c_str(), 1);
  }
  void TearDown() override {
    for (const auto& [name, value] : before_)
      if (value)
        setenv(name.c_str(), value->c_str(), 1);
      else
        unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(Cache, FollowsTheXdgSpecification) {
  set("HOME", "/home/me");
  set("XDG_CACHE_HOME", "/fast");
  EXPECT_EQ(cache_folder(), "/fast/freeact");
  set("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(cache_folder(), "/home/me/.cache/freeact") << "relative paths are to be ignored";
  set("XDG_CACHE_HOME", "");
  EXPECT_EQ(cache_folder(), "/home/me/.cache/freeact");
  set("HOME", "");
  EXPECT_THROW(cache_folder(), EnvironmentError);
}

TEST_F(Cache, OnesOwnDataComesFirstWhereItHasTheSet) {
  const fs::path own = fs::path(testing::TempDir()) / "freeact_own_data";
  fs::create_directories(own / "wikitext2");
  set("XDG_CACHE_HOME", "/cache");
  set("FREEACT_DATA", own.string());
  EXPECT_EQ(data_folder("wikitext2"), own / "wikitext2");
  EXPECT_EQ(data_folder("bible"), "/cache/freeact/data/bible");
  set("FREEACT_DATA", "");
  EXPECT_EQ(data_folder("wikitext2"), "/cache/freeact/data/wikitext2");
}

TEST(Shell, AnyTextIsOneWord) {
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace freeact
