// Which kernel multiplies, and which could.
#include "kernel/cuda/linear.h"
#include "kernel/cuda/nibble_layout.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int kHopper = 90;

// TMA writes rows of 16 bytes.
bool fits_wgmma(const RouteQuestion& q) {
  return q.wgmma_built && q.capability == kHopper && !q.corrections && q.outputs % (q.bfloat16 ? 8 : 4) == 0;
}

}  // namespace

std::string name(CudaRoute route) {
  switch (route) {
    case CudaRoute::kNibbles:
      return "nibbles";
    case CudaRoute::kWgmma:
      return "wgmma";
    case CudaRoute::kMma:
      return "mma";
    case CudaRoute::kEmulatedInt4:
      return "emulated_int4";
  }
  throw Defect("a route of no name");
}

CudaRoute best_route(const RouteQuestion& q) {
  if (q.nibbles && q.rows <= cuda::kMostNibbleRows) return CudaRoute::kNibbles;
  return fits_wgmma(q) ? CudaRoute::kWgmma : CudaRoute::kMma;
}

void check_route(CudaRoute route, const RouteQuestion& q) {
  const auto refuse = [&](const char* why) { throw UserError("the route '{}' does not serve {}", name(route), why); };
  if (route == CudaRoute::kNibbles && !q.nibbles) refuse("weights of more than 4 bits");
  if (route == CudaRoute::kNibbles && q.rows > cuda::kMostNibbleRows) refuse("more than 64 tokens");
  if (route == CudaRoute::kEmulatedInt4 && !q.nibbles) refuse("weights of more than 4 bits");
  if (route == CudaRoute::kWgmma && !fits_wgmma(q)) refuse("zero points, adding, these outputs or this device");
}

}  // namespace freeact
