#include "task/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"

namespace freeact {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string fill(const std::string& text, const json& document) {
  return fill_template(text, "prompt", document, {{"rules", "Use {every} number."}});
}

TEST(Template, KeysLeadIntoGroupsAndLists) {
  const json document = {{"a", {{"b", "x"}}}, {"list", {"first", "second"}}, {"n", 3}};
  EXPECT_EQ(fill("{a.b} {list.1} {n}", document), "x second 3");
}

TEST(Template, BracesAreDoubledAndTextsStayAsTheyAre) {
  EXPECT_EQ(fill(R"(\boxed{{{n}}} {@rules})", {{"n", 3}}), R"(\boxed{3} Use {every} number.)");
}

TEST(Template, MayNameSeveralKeysOrLackOne) {
  EXPECT_EQ(fill("{prompt?text}", {{"text", "b"}}), "b");
  EXPECT_EQ(fill("{prompt?text}", {{"prompt", "a"}, {"text", "b"}}), "a");
  EXPECT_EQ(fill("[{hint?}]", {{"hint", nullptr}}), "[]");
}

TEST(Template, LinesAppearOnlyWithTheirText) {
  EXPECT_EQ(fill("{hint?|line:Hint: }Q", {{"hint", "Look up."}}), "Hint: Look up.\nQ");
  EXPECT_EQ(fill("{hint?|line:Hint: }Q", json::object()), "Q");
}

TEST(Template, OptionsAreLettered) {
  const std::string expected = "A. cat\nB. dog";
  EXPECT_EQ(fill("{options|lettered}", {{"options", {{"B", "dog"}, {"A", "cat"}}}}), expected);
  EXPECT_EQ(fill("{options|lettered}", {{"options", {"cat", "dog"}}}), expected);
  EXPECT_EQ(fill("{.|lettered}", {{"question", "Which?"}, {"A", "cat"}, {"B", "dog"}, {"C", nullptr}}), expected);
}

TEST(Template, FiltersFollowEachOther) {
  EXPECT_EQ(fill("{t|first:2|lines}", {{"t", {"a", "b", "c"}}}), "a\nb");
  EXPECT_EQ(fill("{t|first:2|json}", {{"t", {"a", "b", "c"}}}), R"(["a","b"])");
  EXPECT_EQ(fill("{t|trim}", {{"t", " a\n"}}), "a");
}

TEST(Template, CapitalisesAsPython) {
  EXPECT_EQ(fill("{q|capitalised}", {{"q", "what is the IBM logo?"}}), "What is the ibm logo?");
  EXPECT_EQ(fill("{q|capitalised}", {{"q", "élan VITAL"}}), "Élan vital");
  EXPECT_EQ(fill("{q|capitalised}", {{"q", ""}}), "");
}

TEST(Template, FaultsNameTheTemplateAndTheKey) {
  const auto message = [](const std::string& text, const json& document) {
    return message_of<UserError>([&] { fill(text, document); });
  };
  EXPECT_THAT(message("Q: {question}", {{"text", ""}}), AllOf(HasSubstr("'prompt'"), HasSubstr("{question}")));
  EXPECT_THAT(message("{list}", {{"list", {1}}}), HasSubstr("list"));
  EXPECT_THAT(message("{a|capitalized}", {{"a", ""}}), HasSubstr("did you mean 'capitalised'?"));
  EXPECT_THAT(message("a } b", {}), HasSubstr("write it twice"));
  EXPECT_THAT(message("{@none}", {}), HasSubstr("texts"));
}

}  // namespace
}  // namespace freeact
