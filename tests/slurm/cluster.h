// A Slurm of this test's own: a controller and two nodes of one processor each, on loopback, below one folder.
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace freeact {

class SlurmCluster {
 public:
  // The first program that the cluster needs and this machine lacks; "" when all are there.
  static std::string missing();

  // Starts the daemons and waits until both nodes are idle. Throws std::runtime_error with their logs' ends.
  explicit SlurmCluster(const std::filesystem::path& folder);
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  // In front of a command: "SLURM_CONF=..."
  std::string environment() const;
  // What a command of Slurm's says.
  std::string ask(const std::string& command) const;

  // SIGKILL to the daemon of node 0 or 1, and its start.
  void kill_node(size_t node);
  void start_node(size_t node);

 private:
  void write_files() const;
  std::string configuration() const;
  // Ends with this object, and with this process.
  class Daemon {
   public:
    Daemon() = default;
    Daemon(Daemon&& other) noexcept : process_(std::exchange(other.process_, 0)) {}
    Daemon& operator=(Daemon&& other) noexcept;
    explicit Daemon(pid_t process) : process_(process) {}
    ~Daemon() { kill(); }
    void kill();

   private:
    pid_t process_ = 0;
  };
  Daemon start(const std::vector<std::string>& command, const std::string& log) const;
  void wait_until_idle() const;

  std::filesystem::path folder_;
  std::array<int, 3> ports_;
  Daemon munge_, controller_;
  std::array<Daemon, 2> nodes_;
};

}  // namespace freeact
