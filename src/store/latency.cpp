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
          {"seed", seed},
          {"machine", machine},
          {"threads", threads},
          {"flags", flags},
          {"cpu_clock", cpu_clock},
          {"source_version", source_version},
          {"measured_at", measured_at}};
}

}  // namespace freeact
