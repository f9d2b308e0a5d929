#include "played/device.h"

#include <gtest/gtest.h>
#include <ucontext.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

namespace freeact::cuda {
namespace {

constexpr size_t kStackBytes = 256 << 10;
constexpr size_t kGuardBytes = 4096;
constexpr uint8_t kRubbish = 0xa5;
constexpr int kLanesOfWarp = 32;

struct Copy {
  void* to;
  const void* from;
  bool exists;
};

enum class Waiting { kNothing, kWarp, kBlock, kDone };

struct Fiber {
  PlayedThread place;
  ucontext_t context = {};
  std::unique_ptr<char[]> stack;
  Waiting waiting = Waiting::kNothing;
  std::deque<std::vector<Copy>> committed;
  std::vector<Copy> open;
};

struct Warp {
  std::array<LaneWords, kLanesOfWarp> words;
};

// One block at work.
class Block {
 public:
  Block(int threads, int shared_bytes, const std::function<void()>& body)
      : shared_(static_cast<size_t>(shared_bytes) + kGuardBytes + 128, kRubbish), bytes_(shared_bytes), body_(body) {
    fibers_.resize(static_cast<size_t>(threads));
    warps_.resize(static_cast<size_t>((threads + kLanesOfWarp - 1) / kLanesOfWarp));
    for (Fiber& fiber : fibers_) fiber.stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  }

  void run(Place block, dim3 grid);

  Fiber& now() { return *running_; }
  Warp& warp() { return warps_[running_->place.thread.x / kLanesOfWarp]; }
  uint8_t* shared() {
    const auto at = reinterpret_cast<uintptr_t>(shared_.data());
    return shared_.data() + (128 - at % 128) % 128;
  }
  void wait(Waiting what) {
    running_->waiting = what;
    swapcontext(&running_->context, &scheduler_);
  }

 private:
  static void enter();
  void start(Fiber& fiber);
  bool release_block();
  bool release_warp(size_t first);
  void run_warp(size_t first);

  std::vector<uint8_t> shared_;
  int bytes_;
  const std::function<void()>& body_;
  std::vector<Fiber> fibers_;
  std::vector<Warp> warps_;
  ucontext_t scheduler_ = {};
  Fiber* running_ = nullptr;
};

Block* block_at_work = nullptr;

void Block::enter() {
  block_at_work->body_();
  block_at_work->wait(Waiting::kDone);
}

void Block::start(Fiber& fiber) {
  fiber.waiting = Waiting::kNothing;
  fiber.committed.clear();
  fiber.open.clear();
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = &scheduler_;
  makecontext(&fiber.context, &Block::enter, 0);
}

// A warp goes on when all of its lanes have come.
bool Block::release_warp(size_t first) {
  const size_t end = std::min(first + kLanesOfWarp, fibers_.size());
  for (size_t i = first; i < end; ++i)
    if (fibers_[i].waiting != Waiting::kWarp) return false;
  for (size_t i = first; i < end; ++i) fibers_[i].waiting = Waiting::kNothing;
  return true;
}

bool Block::release_block() {
  const auto at_barrier = [](const Fiber& f) { return f.waiting == Waiting::kBlock; };
  if (!std::all_of(fibers_.begin(), fibers_.end(), at_barrier)) return false;
  for (Fiber& fiber : fibers_) fiber.waiting = Waiting::kNothing;
  return true;
}

void Block::run_warp(size_t first) {
  const size_t end = std::min(first + kLanesOfWarp, fibers_.size());
  do {
    for (size_t i = first; i < end; ++i) {
      if (fibers_[i].waiting != Waiting::kNothing) continue;
      running_ = &fibers_[i];
      swapcontext(&scheduler_, &fibers_[i].context);
    }
  } while (release_warp(first));
}

void Block::run(Place block, dim3 grid) {
  block_at_work = this;
  std::fill(shared_.begin(), shared_.end(), kRubbish);
  for (size_t i = 0; i < fibers_.size(); ++i) {
    const auto number = static_cast<unsigned>(i);
    fibers_[i].place = {{number, 0, 0}, block, grid, static_cast<int>(i % kLanesOfWarp)};
    start(fibers_[i]);
  }
  // Every warp goes as far ahead of the others as barriers let it, in turns the first and the last before all others,
  // so that a missing barrier shows.
  bool forward = true;
  do {
    for (size_t i = 0; i < warps_.size(); ++i) run_warp((forward ? i : warps_.size() - 1 - i) * kLanesOfWarp);
    forward = !forward;
  } while (release_block());
  for (const Fiber& fiber : fibers_)
    ASSERT_EQ(fiber.waiting, Waiting::kDone) << "thread " << fiber.place.thread.x << " waits for ever";
  for (size_t i = 0; i < kGuardBytes; ++i)
    ASSERT_EQ(shared()[static_cast<size_t>(bytes_) + i], kRubbish) << "written behind the shared memory";
}

void perform(const std::vector<Copy>& copies) {
  for (const Copy& copy : copies) {
    if (copy.exists)
      std::memcpy(copy.to, copy.from, 16);
    else
      std::memset(copy.to, 0, 16);
  }
}

int signed_byte(uint32_t word, int i) {
  return static_cast<int8_t>(word >> (8 * i));
}
int unsigned_byte(uint32_t word, int i) {
  return static_cast<uint8_t>(word >> (8 * i));
}
int signed_nibble(uint32_t word, int i) {
  const int code = static_cast<int>(word >> (4 * i) & 15);
  return code < 8 ? code : code - 16;
}

// sum_k left[row, k] right[k, column] of m16n8k32 (or k64): elements(word, i) is element i of a register's `count`.
// Lane 4 r + j holds four bytes of row r from byte 4 j on in register 0; registers 1, 2, 3: row r + 8, byte 16 + 4 j,
// both.
template <class Left, class Right>
void multiply(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1, int count,
              const Left& of_left, const Right& of_right) {
  const auto& all = exchange({left[0], left[1], left[2], left[3], right0, right1});
  const int lane = played_thread().lane;
  for (int r = 0; r < 4; ++r) {
    const int row = lane / 4 + r / 2 * 8, column = lane % 4 * 2 + r % 2;
    for (int quarter = 0; quarter < 4; ++quarter)
      for (int half = 0; half < 2; ++half)
        for (int i = 0; i < count; ++i) {
          const LaneWords& a = all[static_cast<size_t>(row % 8 * 4 + quarter)];
          const LaneWords& b = all[static_cast<size_t>(column * 4 + quarter)];
          sum[r] +=
              of_left(a[static_cast<size_t>(row / 8 + half * 2)], i) * of_right(b[static_cast<size_t>(4 + half)], i);
        }
  }
}

}  // namespace

const PlayedThread& played_thread() {
  return block_at_work->now().place;
}

void play(dim3 grid, int threads, int shared_bytes, const std::function<void()>& body) {
  Block block(threads, shared_bytes, body);
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x; ++x) block.run({x, y, z}, grid);
  block_at_work = nullptr;
}

uint8_t* dynamic_shared() {
  return block_at_work->shared();
}

void __syncthreads() {
  block_at_work->wait(Waiting::kBlock);
}

const std::array<LaneWords, 32>& exchange(const LaneWords& own) {
  static std::array<LaneWords, 32> seen;  // good until the next lane runs, so until the caller waits again
  Warp& warp = block_at_work->warp();
  warp.words[static_cast<size_t>(played_thread().lane)] = own;
  block_at_work->wait(Waiting::kWarp);
  const auto all = warp.words;
  block_at_work->wait(Waiting::kWarp);  // or a lane that is ahead would hand in its next words
  seen = all;
  return seen;
}

void mma_s8(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
  multiply(sum, left, right0, right1, 4, signed_byte, signed_byte);
}
void mma_u8_s8(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
  multiply(sum, left, right0, right1, 4, unsigned_byte, signed_byte);
}
void mma_s4(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
  multiply(sum, left, right0, right1, 8, signed_nibble, signed_nibble);
}

// Lane 8 i + r names row r of matrix i; lane l gets bytes 4 (l % 4) of row l / 4 of every matrix.
void load_matrices(uint32_t (&registers)[4], const void* shared) {
  const auto address = reinterpret_cast<uintptr_t>(shared);
  const auto& all =
      exchange({static_cast<uint32_t>(address), static_cast<uint32_t>(static_cast<uint64_t>(address) >> 32)});
  const int lane = played_thread().lane;
  for (int i = 0; i < 4; ++i) {
    const LaneWords& words = all[static_cast<size_t>(i * 8 + lane / 4)];
    const auto row = static_cast<uintptr_t>(words[0] | static_cast<uint64_t>(words[1]) << 32);
    EXPECT_EQ(row % 16, 0u) << "a row of ldmatrix is not aligned";
    std::memcpy(&registers[i], reinterpret_cast<const uint8_t*>(row) + lane % 4 * 4, 4);
  }
}

void copy_chunk(void* shared, const void* global, bool exists) {
  EXPECT_EQ(reinterpret_cast<uintptr_t>(shared) % 16, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(global) % 16, 0u);
  block_at_work->now().open.push_back({shared, global, exists});
}

void commit_copies() {
  Fiber& fiber = block_at_work->now();
  fiber.committed.push_back(std::move(fiber.open));
  fiber.open.clear();
}

void wait_for_copies_but(int pending) {
  auto& committed = block_at_work->now().committed;
  for (; committed.size() > static_cast<size_t>(pending); committed.pop_front()) perform(committed.front());
}

}  // namespace freeact::cuda
