#include "checkpoint/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "checkpoint/temporary_folder.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Safetensors : public TemporaryFolder {
 protected:
  std::filesystem::path file() const { return folder_ / "model.safetensors"; }
  // What opening a file of these bytes says.
  std::string refusal(const std::string& bytes) const {
    write_file_atomically(file(), bytes);
    return message_of<UserError>([&] { SafetensorsFile opened(file()); });
  }
  std::string refusal_of_header(const std::string& header, size_t data_bytes = 16) const {
    return refusal(safetensors_bytes(header, data_bytes));
  }
};

TEST_F(Safetensors, EveryDtypeAndShapeComesBack) {
  const std::vector<at::ScalarType> dtypes = {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
                                              at::kInt,    at::kShort, at::kChar, at::kByte,     at::kBool};
  const std::vector<std::vector<int64_t>> shapes = {{}, {3}, {2, 1, 5}, {0, 4}};
  TensorMap written;
  for (const auto dtype : dtypes)
    for (const auto& shape : shapes)
      written[std::string(c10::toString(dtype)) + shape_text(shape)] = at::randint(0, 100, shape).to(dtype);
  write_safetensors(file(), written, {{"format", "pt"}});

  const SafetensorsFile opened(file());
  EXPECT_EQ(opened.metadata().at("format"), "pt");
  const TensorMap read = opened.load_all();
  ASSERT_EQ(read.size(), written.size());
  for (const auto& [name, tensor] : written) {
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(read.at(name), tensor)) << name;
  }
}

TEST_F(Safetensors, StridedTensorsAreWrittenInOrder) {
  const at::Tensor tall = at::arange(6).view({2, 3});
  write_safetensors(file(), {{"wide", tall.t()}, {"column", tall.select(1, 1)}});
  const SafetensorsFile opened(file());
  EXPECT_TRUE(at::equal(opened.tensor("wide"), tall.t()));
  EXPECT_TRUE(at::equal(opened.tensor("column"), tall.select(1, 1)));
}

TEST_F(Safetensors, TensorsOutliveTheFileObject) {
  write_safetensors(file(), {{"x", at::arange(1000)}});
  const at::Tensor x = SafetensorsFile(file()).tensor("x");
  EXPECT_TRUE(at::equal(x, at::arange(1000)));
}

TEST_F(Safetensors, ChangingATensorLeavesTheFileAlone) {
  write_safetensors(file(), {{"x", at::zeros({4})}});
  SafetensorsFile(file()).tensor("x").fill_(1);
  EXPECT_TRUE(at::equal(SafetensorsFile(file()).tensor("x"), at::zeros({4})));
}

TEST_F(Safetensors, UnalignedDataAreRead) {
  // One byte before the floats, and a header whose length is no multiple of 8.
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  std::string bytes = safetensors_bytes(header, 1);
  const float values[] = {1.5F, -2.0F};
  bytes.append(reinterpret_cast<const char*>(values), sizeof values);
  write_file_atomically(file(), bytes);
  EXPECT_TRUE(at::equal(SafetensorsFile(file()).tensor("b"), at::tensor({1.5F, -2.0F})));
}

TEST_F(Safetensors, ATruncatedFileIsRefusedWhereverItIsCut) {
  write_safetensors(file(), {{"x", at::arange(8)}, {"y", at::arange(8)}});
  const std::string whole = read_file(file());
  for (size_t length : {size_t{0}, size_t{7}, size_t{8}, size_t{20}, whole.size() / 2, whole.size() - 1})
    EXPECT_THAT(refusal(whole.substr(0, length)), AllOf(HasSubstr("truncated"), HasSubstr("model.safetensors")))
        << "cut to " << length << " bytes";
}

TEST_F(Safetensors, AnAbsurdHeaderLengthIsRefused) {
  for (const uint64_t length : {~uint64_t{0}, ~uint64_t{0} - 7, uint64_t{1} << 63, uint64_t{200'000'000}}) {
    std::string bytes(64, ' ');
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_THAT(refusal(bytes), HasSubstr(std::to_string(length)));
  }
}

TEST_F(Safetensors, AHeaderThatIsNoJsonObjectIsRefused) {
  EXPECT_THAT(refusal_of_header("{\"x\": "), HasSubstr("JSON"));
  EXPECT_THAT(refusal_of_header(std::string("\xff\xfe{}", 4)), HasSubstr("JSON"));
  for (const char* number : {"NaN", "1e999", "Infinity"})
    EXPECT_THAT(
        refusal_of_header(fmt::format(R"({{"x":{{"dtype":"F32","shape":[{}],"data_offsets":[0,16]}}}})", number)),
        HasSubstr("JSON"));
  EXPECT_THAT(refusal_of_header(std::string(100'000, '[')), HasSubstr("nested"));
  for (const char* header : {"[1, 2]", "3", "null", "\"text\""})
    EXPECT_THAT(refusal_of_header(header), HasSubstr("object")) << header;
}

TEST_F(Safetensors, EntriesThatDoNotFitAreRefusedByName) {
  struct Wrong {
    const char *entry, *complaint;
  };
  const std::vector<Wrong> table = {
      {R"({"dtype":"F33","shape":[4],"data_offsets":[0,16]})", "F33"},
      {R"({"dtype":"F32","shape":[3],"data_offsets":[0,16]})", "[3]"},
      {R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})", "-4"},
      {R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", "4294967296"},
      {R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})", "outside"},
      {R"({"dtype":"F32","shape":[4],"data_offsets":[8,24]})", "outside"},
      {R"({"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]})", "outside"},
      {R"({"dtype":"F32","shape":[4],"data_offsets":[0]})", "outside"},
      {R"({"dtype":"F32","shape":[4]})", "data_offsets"},
      {R"({"shape":[4],"data_offsets":[0,16]})", "dtype"},
      {R"({"dtype":"F32","shape":"four","data_offsets":[0,16]})", "type"},
      {R"([4])", "type"},
      {R"({"dtype":"F8_E4M3","shape":[16],"data_offsets":[0,16]})", "F8_E4M3"},
      {R"({"dtype":4,"shape":[4],"data_offsets":[0,16]})", "type"},
      {R"({"dtype":"F32","shape":[4.5],"data_offsets":[0,16]})", "4.5"},
      {R"({"dtype":"F32","shape":[true],"data_offsets":[0,4]})", "boolean"},
      {R"({"dtype":"F32","shape":[4],"data_offsets":[0.5,16.5]})", "0.5"},
      {R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,16]})", "18446744073709551615"},
      {R"({"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]})", "multiply beyond"},
      {R"({"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]})", "multiply beyond"},
  };
  for (const auto& [entry, complaint] : table)
    EXPECT_THAT(refusal_of_header(std::string(R"({"gate":)") + entry + "}"),
                AllOf(HasSubstr("'gate'"), HasSubstr(complaint)))
        << entry;
}

TEST_F(Safetensors, NegativeOffsetsAreRefused) {
  EXPECT_THAT(refusal_of_header(R"({"x":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}})"), HasSubstr("'x'"));
}

TEST_F(Safetensors, ANameThatStandsTwiceIsRefused) {
  const std::string entry = R"("gate":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_THAT(refusal_of_header("{" + entry + "," + entry + "}"), AllOf(HasSubstr("'gate'"), HasSubstr("twice")));
}

TEST_F(Safetensors, LoadingGivesAViewWhereItCan) {
  write_safetensors(file(), {{"x", at::arange(8).to(at::kBFloat16)}});
  const SafetensorsFile opened(file());
  const at::Tensor view = opened.tensor("x");
  EXPECT_EQ(opened.load("x", at::kBFloat16, at::kCPU).data_ptr(), view.data_ptr());
  EXPECT_TRUE(at::equal(opened.load("x", at::kFloat, at::kCPU), at::arange(8).to(at::kFloat)));
}

// The pages of a converted tensor are given back; those it shares with its neighbours, and the file, stay as they are.
TEST_F(Safetensors, TensorsCanBeLoadedAgainAfterConversion) {
  const at::Tensor large = at::arange(100'000).to(at::kFloat);
  write_safetensors(file(), {{"a", at::arange(5).to(at::kFloat)}, {"b", large}, {"c", at::arange(7).to(at::kFloat)}});
  const SafetensorsFile opened(file());
  at::Tensor neighbour = opened.tensor("c");
  neighbour.fill_(3);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(at::equal(opened.load("b", at::kDouble, at::kCPU), large.to(at::kDouble)));
  EXPECT_TRUE(at::equal(opened.tensor("b"), large));
  EXPECT_TRUE(at::equal(neighbour, at::full({7}, 3.0F)));
}

TEST_F(Safetensors, OverlappingTensorsAreRefused) {
  EXPECT_THAT(refusal_of_header(R"({"first":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                                R"("second":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})"),
              AllOf(HasSubstr("'first'"), HasSubstr("'second'"), HasSubstr("overlap")));
}

TEST_F(Safetensors, UnknownNamesAndMissingFilesAreTheUsersError) {
  write_safetensors(file(), {{"x", at::zeros({1})}});
  const SafetensorsFile opened(file());
  EXPECT_THAT(message_of<UserError>([&] { opened.tensor("z"); }), HasSubstr("'z'"));
  EXPECT_THAT(message_of<UserError>([&] { SafetensorsFile(folder_ / "absent"); }), HasSubstr("absent"));
  EXPECT_THROW(SafetensorsFile{folder_}, UserError);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(SafetensorsFile{folder_ / "pipe"}, UserError);
}

}  // namespace
}  // namespace freeact
