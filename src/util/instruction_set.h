// Which kernels this processor can run.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace freeact {

// kAvx2 is with FMA; kAvx512Vnni is with the BW, DQ and VL parts of AVX-512. Each holds all that the narrower ones do.
enum class InstructionSet { kPortable = 0, kAvx2 = 1, kAvx512Vnni = 2 };

// "portable", "avx2", "avx512vnni".
const char* name(InstructionSet set);

// The widest one that the processor has. FREEACT_INSTRUCTION_SET=portable|avx2|avx512vnni in the environment lowers it;
// UserError when it names another or one that is not there. The environment is read once.
InstructionSet instruction_set();
// What FREEACT_INSTRUCTION_SET=wish stands for; nothing, or nothing in it: the widest.
InstructionSet wished_instruction_set(std::optional<std::string_view> wish);
// All that this processor can run, the narrowest first: what tests go through.
std::vector<InstructionSet> available_instruction_sets();

// For tests: everything below runs on `set`, which must be available, while this lives, on all threads.
class ForcedInstructionSet {
 public:
  explicit ForcedInstructionSet(InstructionSet set);
  ~ForcedInstructionSet();
  ForcedInstructionSet(const ForcedInstructionSet&) = delete;
  ForcedInstructionSet& operator=(const ForcedInstructionSet&) = delete;

 private:
  int before_;
};

}  // namespace freeact
