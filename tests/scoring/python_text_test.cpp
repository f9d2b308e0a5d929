// Where Python's texts differ from bytes.
#include "scoring/python_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace freeact {
namespace {

TEST(PythonText, LowerCaseKnowsTheDottedIAndTheFinalSigma) {
  EXPECT_EQ(python_lower("İZMİR ÄÖ"), "i\u0307zmi\u0307r äö");
  EXPECT_EQ(python_lower("ΟΔΟΣ ΣΟΦΟΣ, Σ"), "οδος σοφος, σ");
  EXPECT_EQ(python_lower("ΑΣ'Α ΑΣ' ΑΣΣ"), "ασ'α ας' ασς");
}

TEST(PythonText, WordsEndAtAnyWhiteSpace) {
  EXPECT_THAT(python_split(" a\u00a0b\x1f\n\u3000ç "), testing::ElementsAre("a", "b", "ç"));
  EXPECT_THAT(python_split(" \t"), testing::IsEmpty());
}

TEST(PythonText, StripTakesOnlyTheGivenCharacters) {
  EXPECT_EQ(python_strip("..a. b..", "."), "a. b");
  EXPECT_EQ(python_strip("(B)", "()"), "B");
  EXPECT_EQ(python_strip("...", "."), "");
}

}  // namespace
}  // namespace freeact
