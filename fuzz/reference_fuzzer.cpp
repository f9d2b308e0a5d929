// A reference file of `freeact compare`: read, written again, and runs of two seeds held against it.
#include "fuzz/run.h"
#include "fuzz/scratch_file.h"
#include "gate/formats.h"
#include "gate/gate.h"

namespace freeact {
namespace {

// What the file says, a little off.
std::vector<MeasuredArm> measured_like(const Reference& reference) {
  std::vector<MeasuredArm> measured;
  for (const ReferenceArm& arm : reference.arms) {
    MeasuredArm like{arm.name(), arm.settings, {}};
    for (const uint64_t seed : {1, 2}) {
      SeedRun& run = like.seeds[seed];
      run.machine = arm.machine;
      for (const ReferenceMetric& metric : arm.metrics)
        if (!metric.values.empty())
          run.metrics[metric.name] = {metric.values[0] * 1.01, metric.unit, metric.higher_is_better, metric.items};
    }
    measured.push_back(std::move(like));
  }
  return measured;
}

void compare(const Reference& reference, bool always_bands) {
  const GateResult result = hold_against(reference, measured_like(reference), always_bands);
  const size_t said = gate_table(result, true).size() + gate_json(result).size() + gate_junit(result).size() +
                      gate_annotations(result, "file").size() + gate_markdown(result, "file").size();
  FREEACT_CHECK(said > 0, "nothing was said");
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static ScratchFile file, again;
  return run_input(data, size, [](std::string_view text) {
    file.write(text);
    const Reference reference = read_reference(file.path());
    const std::string written = write_reference(reference);
    again.write(written);
    FREEACT_CHECK(write_reference(read_reference(again.path())) == written, "a file that is read otherwise");
    for (const bool always_bands : {false, true}) compare(reference, always_bands);
  });
}
