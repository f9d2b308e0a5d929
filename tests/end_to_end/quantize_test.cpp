// `freeact quantize`, and what can be done with the folder it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "program.h"
#include "store/store.h"
#include "without_times.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const std::string kSmall = " seed=1 tasks=[sort,masked_likelihood] task.num_items=6 calibration.num_samples=8";

// Metrics and samples of the only run of a store.
struct Result {
  std::vector<Metric> metrics;
  std::vector<Sample> samples;
  std::string config, bits, method;
  std::optional<int64_t> bytes;
};
Result result_of(const fs::path& database) {
  const Store store = Store::open_for_reading(database);
  EXPECT_EQ(store.runs().size(), 1u);
  const RunRecord record = store.load(store.runs().front().id);
  return {record.metrics, record.samples, record.resolved_config, record.bits, record.method, record.model_bytes};
}

class Quantize : public testing::Test {
 protected:
  void SetUp() override { scratch_ = fresh_folder("quantize"); }
  Outcome program(const std::string& arguments) const { return run_program(arguments, scratch_); }
  fs::path path(const std::string& name) const { return scratch_ / name; }
  Outcome quantize(const std::string& settings, const std::string& more = "") const {
    return program("quantize smoke " + settings + kSmall + " --quiet --out " + path("saved").string() + more);
  }
  std::string on_saved() const { return " model.path=" + path("saved").string(); }

  fs::path scratch_;
};

// Floating-point numbers counted as if they had 16 bits.
int64_t bytes_in_16_bits(const fs::path& folder) {
  int64_t bytes = 0;
  const std::string file = read_all(folder / "model.safetensors");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const auto header = nlohmann::json::parse(file.substr(sizeof header_bytes, header_bytes));
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const auto ends = tensor.at("data_offsets").get<std::array<int64_t, 2>>();
    const std::string type = tensor.at("dtype");
    bytes += (ends[1] - ends[0]) / (type == "F64" ? 4 : type == "F32" ? 2 : 1);
  }
  return bytes;
}

class SameScores : public Quantize, public testing::WithParamInterface<const char*> {};

TEST_P(SameScores, WithTheFolderAsWithTheCalibration) {
  const std::string settings = GetParam();
  const Outcome saved = quantize(settings, " --json");
  ASSERT_EQ(saved.exit_code, 0) << saved.error;
  const auto line = nlohmann::json::parse(saved.out);
  EXPECT_TRUE(fs::exists(line["folder"].get<std::string>() + "/config.json"));
  EXPECT_FALSE(fs::exists(path("saved.progress")));
  const auto run = [&](const std::string& choice, const std::string& name) {
    const Outcome outcome = program("run smoke " + choice + kSmall + " --quiet --db " + path(name).string());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return result_of(path(name));
  };
  const Result before = run(settings, "before.db");
  EXPECT_EQ(before.bytes, bytes_in_16_bits(path("saved")));
  for (const std::string& choice : {"method=saved" + on_saved(), settings + on_saved()}) {
    const Result after = run(choice, choice.starts_with("method=saved") ? "saved.db" : "same.db");
    EXPECT_EQ(after.metrics, before.metrics) << choice;
    EXPECT_EQ(without_times(after.samples), without_times(before.samples)) << choice;
    EXPECT_EQ(after.method, before.method);
    EXPECT_EQ(after.bits, before.bits);
    EXPECT_EQ(after.bytes, before.bytes);
    EXPECT_THAT(after.config, HasSubstr("checkpoint_sha256")) << "the row tells what was saved";
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, SameScores,
                         testing::Values("method=rtn quant=w3a3", "method=smoothquant quant=w4a4_g64",
                                         "method=quarot quant=w4a4 quant.embedding_bits=8", "method=wush quant=w4a4kv4",
                                         "method=flatquant_brief quant=w4a4 method.epochs=2",
                                         "method=freeact_brief quant=w3a3 method.epochs=2 quant.w_symmetric=false",
                                         "method=freeact_plus_brief quant=w4a4kv4 method.epochs=2 "
                                         "model.token_types=prompt_generated_mask",
                                         "method=rtn_gptq quant=w4a4 quant.w_symmetric=false "
                                         "quant.a_symmetric=false quant.kv_bits=4 model.dtype=bfloat16"));

TEST_F(Quantize, AFolderIsAskedForWhatItHolds) {
  ASSERT_EQ(quantize("method=rtn quant=w4a4").exit_code, 0);
  const std::string quiet = kSmall + " --quiet --db " + path("a.db").string();
  const Outcome other = program("run smoke method=quarot quant=w4a4" + on_saved() + quiet);
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.error, AllOf(HasSubstr("rtn W4A4"), HasSubstr("quarot W4A4"), HasSubstr("method=saved")));
  const Outcome bits = program("run smoke method=rtn quant=w3a3" + on_saved() + quiet);
  EXPECT_EQ(bits.exit_code, 2);
  EXPECT_THAT(bits.error, HasSubstr("quant.a_bits"));
  const Outcome key = program("run smoke method=saved quant.w_bits=3" + on_saved() + quiet);
  EXPECT_EQ(key.exit_code, 2);
  EXPECT_THAT(key.error, AllOf(HasSubstr("'quant.w_bits' asks for 3"), HasSubstr("saved with 4")));
  const Outcome plain = program("run smoke method=saved quant=w4a4" + quiet);
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.error, HasSubstr("model.path"));
  EXPECT_EQ(program("run smoke method=none" + on_saved() + quiet).exit_code, 2);
}

TEST_F(Quantize, OneModelIsSavedAndNothingElseTouched) {
  const Outcome sweep = program("quantize smoke --out " + path("saved").string());
  EXPECT_EQ(sweep.exit_code, 2);
  EXPECT_THAT(sweep.error, AllOf(HasSubstr("cells"), HasSubstr("seed=1")));
  EXPECT_EQ(quantize("method=none quant=w4a4").exit_code, 2);
  EXPECT_FALSE(fs::exists(path("saved")));
  fs::create_directories(path("saved"));
  std::ofstream(path("saved") / "mine.txt") << "precious";
  const Outcome taken = quantize("method=rtn quant=w4a4", " --force");
  EXPECT_EQ(taken.exit_code, 2);
  EXPECT_THAT(taken.error, HasSubstr("left as it is"));
  EXPECT_EQ(read_all(path("saved") / "mine.txt"), "precious");
  fs::remove(path("saved") / "mine.txt");
  EXPECT_EQ(quantize("method=rtn quant=w4a4").exit_code, 0);
  EXPECT_THAT(quantize("method=rtn quant=w3a3").error, HasSubstr("--force"));
  EXPECT_EQ(quantize("method=rtn quant=w3a3", " --force").exit_code, 0);
  EXPECT_THAT(quantize("method=rtn quant=w3a3" + on_saved(), " --force").error, HasSubstr("quantised already"));
}

TEST_F(Quantize, AFullDiskIsOneLineAndLeavesNothing) {
  const std::string command = std::string("trap '' XFSZ; ulimit -f 400; ") + FREEACT_PROGRAM +
                              " quantize smoke method=rtn quant=w4a4" + kSmall + " --quiet --out " +
                              path("saved").string() + " 2>" + path("stderr").string();
  const int status = std::system(("bash -c \"" + command + "\"").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3) << read_all(path("stderr"));
  EXPECT_THAT(read_all(path("stderr")), AllOf(HasSubstr("cannot write"), HasSubstr("model.safetensors")));
  for (const auto& entry : fs::directory_iterator(scratch_))
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("partial")));
  EXPECT_FALSE(fs::exists(path("saved")));
}

TEST_F(Quantize, TheFolderAnswersAndOthersSayWhatItIs) {
  ASSERT_EQ(quantize("method=quarot quant=w4a4").exit_code, 0);
  const Outcome answer = program("generate " + path("saved").string() +
                                 " --raw --prompt '<|sort|>5103984627=' --max-new-tokens 10 --json");
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(nlohmann::json::parse(answer.out)["text"].get<std::string>().size(), 10u) << answer.out;
  std::ofstream(path("saved") / "model.safetensors", std::ios::app) << "more";  // bytes behind the data do not matter
  const Outcome broken = program("run smoke method=saved" + on_saved() + kSmall + " --quiet --db " +
                                 path("b.db").string() + " model.dtype=float16");
  EXPECT_EQ(broken.exit_code, 0) << "the type is the saved one too: " << broken.error;
}

}  // namespace
}  // namespace freeact
