#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>

#include "util/fields.h"
#include "util/files.h"
#include "util/hash.h"
#include "util/progress.h"
#include "util/random.h"
#include "util/suggest.h"
#include "util/text.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

struct Inner {
  int64_t size = 3;
  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("size", size, "a size");
  }
};

struct Outer {
  std::string name = "default";
  bool on = false;
  std::vector<double> ratios;
  Inner inner;
  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "a name");
    visit("on", on, "a switch");
    visit("ratios", ratios, "some numbers");
    visit("inner", inner, "a group");
  }
};

std::string message_of(const Json& json) {
  try {
    read_fields<Outer>(json, "outer.");
  } catch (const FieldError& error) {
    return error.what();
  }
  return "";
}

TEST(Fields, AbsentKeysKeepTheirDefaults) {
  const auto value = read_fields<Outer>(Json{{"inner", {{"size", 7}}}});
  EXPECT_EQ(value.name, "default");
  EXPECT_EQ(value.inner.size, 7);
}

TEST(Fields, WrittenAndReadIsTheSame) {
  const Json json = {{"name", "x"}, {"on", true}, {"ratios", {0.5, 1.0}}, {"inner", {{"size", 2}}}};
  EXPECT_EQ(write_fields(read_fields<Outer>(json)), json);
}

TEST(Fields, UnknownKeyNamesTheNearOne) {
  EXPECT_THAT(message_of({{"nane", "x"}}), testing::HasSubstr("did you mean 'outer.name'"));
  EXPECT_THAT(message_of({{"inner", {{"sise", 1}}}}), testing::HasSubstr("outer.inner.size"));
}

TEST(Fields, WrongTypesAreRefused) {
  EXPECT_THAT(message_of({{"on", 1}}), testing::HasSubstr("true or false"));
  EXPECT_THAT(message_of({{"ratios", "half"}}), testing::HasSubstr("a list"));
  EXPECT_THAT(message_of({{"inner", 3}}), testing::HasSubstr("a group of keys"));
}

TEST(Random, SameSeedSameNumbersAndOtherPurposeOthers) {
  Random a(7, "masks"), b(7, "masks"), c(7, "noise");
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(b.next(), c.next());
}

TEST(Random, BelowReachesEveryValueAndNoOther) {
  Random random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

TEST(Random, ShuffleKeepsAllItems) {
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  auto shuffled = items;
  Random(3).shuffle(shuffled);
  EXPECT_NE(shuffled, items);
  EXPECT_THAT(shuffled, testing::UnorderedElementsAreArray(items));
}

TEST(Hash, KnownVectors) {  // FIPS 180-2, appendix B
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const fs::path file = fs::path(testing::TempDir()) / "freeact_abc";
  std::ofstream(file) << "abc";
  EXPECT_EQ(sha256_file(file), sha256("abc"));
}

TEST(Suggest, EditDistance) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("same", "same"), 0);
}

TEST(Files, AtomicWriteReplacesAndLeavesNothingBeside) {
  const fs::path folder = fs::path(testing::TempDir()) / "freeact_atomic";
  fs::remove_all(folder);
  write_file_atomically(folder / "file", "old");
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(read_file(folder / "file"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST(Files, MalformedJsonNamesTheFile) {
  const fs::path file = fs::path(testing::TempDir()) / "freeact_broken.json";
  std::ofstream(file) << "{\"a\": ";
  try {
    read_json(file);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("freeact_broken.json"));
  }
}

TEST(Progress, DurationsReadWell) {
  EXPECT_EQ(format_duration(0.34), "0.3s");
  EXPECT_EQ(format_duration(65), "1m 05s");
  EXPECT_EQ(format_duration(3725), "1h 02m");
}

TEST(CutAtStops, CutsAtWhicheverStopComesFirst) {
  EXPECT_EQ(cut_at_stops("x = 1\n\nQ: more</s>", {"</s>", "\n\n"}), "x = 1");
  EXPECT_EQ(cut_at_stops("x = 1\n\nQ: more</s>", {"\n\n", "</s>"}), "x = 1");
}

TEST(CutAtStops, KeepsTextWithoutAStop) {
  EXPECT_EQ(cut_at_stops("abc", {"d"}), "abc");
  EXPECT_EQ(cut_at_stops("abc", {}), "abc");
  EXPECT_EQ(cut_at_stops("", {"d"}), "");
  EXPECT_EQ(cut_at_stops("dabc", {"d"}), "");
}

TEST(CutAtStops, RefusesAnEmptyStop) {
  EXPECT_THROW(cut_at_stops("abc", {""}), UserError);
}

}  // namespace
}  // namespace freeact
