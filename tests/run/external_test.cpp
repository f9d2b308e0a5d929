// A model made by an adapter that the repository ships; the repository's own lists.
#include "run/external.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "checkpoint/safetensors.h"
#include "config/yaml.h"
#include "embedded/adapted_model.h"
#include "embedded/tiny_llama.h"
#include "embedded/train.h"
#include "util/cache.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::ThrowsMessage;

// A project whose data sets hold a recipe and an untrained adapter of a tiny model, which lies in the cache.
class AdapterImport : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    write_tiny_llama(cache_folder() / "base");
    write_file_atomically(shipped_ / "recipe.yaml",
                          "kind: adapter\nname: tiny\nbase: base\nrank: 2\npuzzles: [{kind: sort_digits}]\n");
    const AdapterRecipe recipe = read_adapter_recipe(shipped_ / "recipe.yaml");
    const AdaptedModel model(CheckpointFolder(cache_folder() / "base"), 258, {recipe.rank, recipe.scale, 1},
                             at::kFloat);
    write_safetensors(shipped_ / "adapter.safetensors", model.adapter(),
                      {{"scale", "2"}, {"recipe", recipe_hash(recipe)}});
    merge_recipe(shipped_ / "recipe.yaml", shipped_ / "adapter.safetensors", folder_ / "by_hand");
    adapted_.name = adapted_.folder = "adapted";
    adapted_.adapter = "shipped";
    for (const auto& entry : fs::directory_iterator(folder_ / "by_hand"))
      adapted_.files.push_back({entry.path().filename(), sha256_file(entry.path())});
  }
  void TearDown() override { unsetenv("XDG_CACHE_HOME"); }

  const fs::path folder_ = test_folder(), shipped_ = folder_ / "datasets" / "shipped";
  const Project project_{folder_};
  External adapted_;
};

TEST_F(AdapterImport, WritesTheMergedModelOnceAndAgainWhenItIsGone) {
  EXPECT_EQ(adapted_.files.size(), 4U);
  for (int time = 0; time < 2; ++time) {
    import_external(project_, adapted_);
    EXPECT_EQ(fault_of(adapted_, adapted_.imported()), "");
    fs::remove_all(adapted_.imported());
  }
}

TEST_F(AdapterImport, OfAnotherAdapterIsRefused) {
  write_file_atomically(shipped_ / "recipe.yaml", read_file(shipped_ / "recipe.yaml") + "seed: 9\n");
  EXPECT_THAT([&] { import_external(project_, adapted_); },
              ThrowsMessage<UserError>(HasSubstr("was not made by the recipe")));
  EXPECT_FALSE(fs::exists(adapted_.imported()));
}

TEST_F(AdapterImport, TakesNoFiles) {
  EXPECT_THAT([&] { import_external(project_, adapted_, {folder_}); },
              ThrowsMessage<UserError>(HasSubstr("takes no files")));
}

const Project kRepository{FREEACT_SOURCE_DIR};

class Imported : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    unsetenv("FREEACT_DATA");
  }
  void TearDown() override { unsetenv("XDG_CACHE_HOME"); }
  const fs::path folder_ = test_folder();
};

// Where there may be copies of the published files; of the harnesses' texts, cases that hold them.
fs::path copies_of(const std::string& name) {
  const fs::path shared = fs::path(FREEACT_SOURCE_DIR) / "../shared";
  return name == "harness_prompts" ? shared / "golden" / "tasks" : shared / "datasets" / name;
}

TEST_P(Imported, PublishedFilesHaveTheirSums) {
  const fs::path published = copies_of(GetParam());
  if (!fs::exists(published)) GTEST_SKIP() << "there is no " << published;
  const auto externals = list_externals(kRepository);
  const External& external = find_external(externals, GetParam());
  import_external(kRepository, external, {published});
  EXPECT_EQ(fault_of(external, external.found()), "");
}

INSTANTIATE_TEST_SUITE_P(Sets, Imported,
                         testing::Values("gsm8k", "math500", "humaneval", "mbpp", "planning", "blindtest", "wikitext2",
                                         "pope_annotations", "ocrbench_annotations", "harness_prompts"),
                         [](const auto& set) { return set.param; });

TEST(Manifests, OwnFilesHaveTheirSums) {
  for (const auto& folder : fs::directory_iterator(kRepository.datasets())) {
    if (!fs::exists(folder.path() / "manifest.yaml")) continue;
    const Tree manifest = load_yaml(folder.path() / "manifest.yaml");
    EXPECT_EQ(manifest.values.at("name"), folder.path().filename().string());
    for (const auto& file : manifest.values.at("files"))
      EXPECT_EQ(file.at("sha256"), sha256_file(folder.path() / file.at("name").get<std::string>()))
          << folder.path() / file.at("name").get<std::string>();
  }
}

// A tool that is missing or misnamed would be found only by who has gigabytes of images.
TEST(Manifests, NameToolsThatAreThere) {
  for (const auto& external : list_externals(kRepository))
    EXPECT_TRUE(external.tool.empty() || fs::exists(kRepository.root / "tools" / external.tool)) << external.name;
}

}  // namespace
}  // namespace freeact
