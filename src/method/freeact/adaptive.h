// Calibration that goes on while the quantised model is in use: the moments of a site's inputs are kept up to date, and
// what depends on them alone, means and directions past the quantiser, follows them; integer weights and scales never
// change (section 7 of FREEACT_MATH, beyond the paper). Letters: B batch, T tokens, D width, N types, R directions, O
// outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "calibration/calibrated_block.h"
#include "method/freeact/branches.h"
#include "method/freeact/statistics.h"

namespace freeact {

// How far the inputs of a site have moved, per token type.
struct Drift {
  double moment = 0;  // ||C_now - C_then||_F / ||C_then||_F, C [D, D] the second moment about zero
  double mean = 0;    // ||mean_now - mean_then||^2 / mean of ||x||^2 then: the part of it that refreshing means undoes
};

// One calibrated site that follows its inputs. Several may follow the same statistics, which the caller feeds with the
// input of CalibratedBlock::equivalent and lets fade.
//
// Memory grows with N D^2: the statistics are that many numbers of 8 bytes, and every site that follows them holds as
// many, its state when directions were last chosen. With two types each of the two takes 38 MB at D = 1536, 1.1 GB at
// D = 8192 and 5.7 GB at D = 18944; sites wider than about 8192 are better calibrated anew.
class AdaptiveSite {
 public:
  // What has been seen up to now is the state that drift counts from. linears: the site's float weights in
  // CalibratedBlock::equivalent. directions: how those that are dropped are chosen.
  AdaptiveSite(std::shared_ptr<const QuantisedSite> site, std::vector<Linear> linears,
               std::shared_ptr<const TokenStatistics> statistics, BranchDirections directions);

  bool has_means() const { return site_->parts().mean_ND.defined(); }
  bool has_directions() const { return !site_->parts().branch.empty(); }
  // The site as it now runs.
  std::shared_ptr<const QuantisedSite> site() const { return site_; }

  // Since the type's directions were last chosen. NaN for a type that had not been seen by then.
  Drift drift(int64_t type) const;

  // Means, and with them the biases mean W^T, become those of the statistics: O D multiplications a type. Where all
  // types share one mean they go on to. Types not seen keep theirs.
  void refresh_means();

  // Chooses anew the directions of every type whose drift.moment is above the threshold, as many as it had, behind the
  // site's transforms: of those kept in 16 bits the ones that leave the least error of the integers as they are. (Those
  // of most energy made it larger than before: GPTQ has put its error into the directions that went past.) About 10 D^3
  // operations a type. Returns how many types that were. Means should be refreshed first: moments are about them.
  int64_t refresh_directions(double threshold);

 private:
  // c = z read of what the quantiser sees, and z - c write is what is left; write read = I.
  struct Directions {
    at::Tensor read_DR, write_RD;
  };
  void choose_directions(int64_t type);
  Directions best_directions(const at::Tensor& moment_DD, int64_t rank) const;
  void remember(int64_t type);

  std::shared_ptr<const QuantisedSite> site_;
  std::vector<Linear> linears_;
  std::shared_ptr<const TokenStatistics> statistics_;
  BranchDirections directions_;
  bool shared_mean_ = false;
  struct State {
    at::Tensor moment_DD, mean_D;  // undefined: the type had not been seen
  };
  std::vector<State> then_;  // by type
};

}  // namespace freeact
