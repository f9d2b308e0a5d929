#include "util/instruction_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "util/error.h"

namespace freeact {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(InstructionSet, WidestIsTakenUnlessTheEnvironmentLowersIt) {
  const std::vector<InstructionSet> available = available_instruction_sets();
  ASSERT_EQ(available.front(), InstructionSet::kPortable);
  EXPECT_EQ(wished_instruction_set({}), available.back());
  EXPECT_EQ(wished_instruction_set(""), available.back());
  for (const InstructionSet set : available) EXPECT_EQ(wished_instruction_set(name(set)), set);
}

TEST(InstructionSet, UnknownNameIsTheUsersFault) {
  const std::string message = message_of<UserError>([] { wished_instruction_set("avx512"); });
  EXPECT_THAT(message, AllOf(HasSubstr("FREEACT_INSTRUCTION_SET"), HasSubstr("'avx512'"), HasSubstr("avx512vnni")));
}

TEST(InstructionSet, OneThatIsNotThereIsRefused) {
  if (available_instruction_sets().back() == InstructionSet::kAvx512Vnni) GTEST_SKIP() << "this processor has all";
  const std::string message = message_of<UserError>([] { wished_instruction_set("avx512vnni"); });
  EXPECT_THAT(message, AllOf(HasSubstr("this processor has no avx512vnni"), HasSubstr("portable")));
}

TEST(InstructionSet, ForcedOneHoldsWhileItLives) {
  const InstructionSet before = instruction_set();
  {
    const ForcedInstructionSet outer(available_instruction_sets().back());
    {
      const ForcedInstructionSet inner(InstructionSet::kPortable);
      EXPECT_EQ(instruction_set(), InstructionSet::kPortable);
    }
    EXPECT_EQ(instruction_set(), available_instruction_sets().back());
  }
  EXPECT_EQ(instruction_set(), before);
}

}  // namespace
}  // namespace freeact
