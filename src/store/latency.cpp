#include "store/latency.h"

namespace freeact {

Json LatencyRow::json() const {
  return {{"name", name},
          {"baseline", baseline},
          {"model", model},
          {"checkpoint_hash", checkpoint_hash},
          {"backend", backend},
          {"unit", unit},
          {"clock", clock},
          {"median_s", median_s},
          {"p10_s", p10_s},
          {"p90_s", p90_s},
          {"count", count},
          {"ratio", ratio},
          {"ratio_low", ratio_low},
          {"ratio_high", ratio_high},
          {"accuracy", accuracy},
          {"accuracy_kind", accuracy_kind},
          {"statistics", statistics},
          {"note", note},
          {"dropped", dropped},
          {"goal", goal},
          {"opponents", opponents},
          {"ceiling", ceiling},
          {"ceiling_fraction", ceiling_fraction},
          {"seed", seed},
          {"machine", machine},
          {"threads", threads},
          {"flags", flags},
          {"instruction_set", instruction_set},
          {"peak_memory_mib", peak_memory_mib},
          {"cpu_clock", cpu_clock},
          {"source_version", source_version},
          {"measured_at", measured_at}};
}

}  // namespace freeact
