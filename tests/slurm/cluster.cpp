#include "cluster.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "end_to_end/program.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int kPatience_s = 180;  // with a daemon that starts
constexpr int kKillWait_s = 60;

// Daemons lie where an ordinary user's PATH may not look.
std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"})
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  return "";
}

bool is_free(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(listener);
  return bound;
}

// Below those that the system gives to outgoing connections, such as each of Slurm's own commands makes: a daemon that
// is started again finds its port as it left it.
std::array<int, 3> free_ports() {
  constexpr int kFirst = 12'000, kLast = 32'000, kAttempts = 1000;
  std::random_device random;
  std::set<int> found;
  for (int i = 0; i < kAttempts && found.size() < 3; ++i) {
    const int port = std::uniform_int_distribution<int>(kFirst, kLast)(random);
    if (is_free(port)) found.insert(port);
  }
  if (found.size() < 3) throw std::runtime_error("no free ports on loopback");
  std::array<int, 3> ports{};
  std::ranges::copy(found, ports.begin());
  return ports;
}

// Whether it comes to hold within the time that a busy machine may need.
bool comes_to_hold(const std::function<bool()>& holds, int seconds) {
  for (int i = 0; i < 10 * seconds; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(100)))
    if (holds()) return true;
  return false;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const std::string whole = name.data();
  return whole.substr(0, whole.find('.'));
}

}  // namespace

SlurmCluster::Daemon& SlurmCluster::Daemon::operator=(Daemon&& other) noexcept {
  std::swap(process_, other.process_);
  return *this;
}

void SlurmCluster::Daemon::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

std::string SlurmCluster::missing() {
  for (const char* name : {"munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "scancel"})
    if (find_program(name).empty()) return name;
  return "";
}

SlurmCluster::SlurmCluster(const fs::path& folder) : folder_(fs::absolute(folder)), ports_(free_ports()) {
  write_files();
  const auto file = [&](const char* option, const char* name) { return option + (folder_ / name).string(); };
  munge_ = start(
      {find_program("munged"), "--foreground", file("--key-file=", "munge.key"), file("--socket=", "munge.socket"),
       file("--pid-file=", "munge.pid"), file("--log-file=", "munge.log"), file("--seed-file=", "munge.seed")},
      "munged.out");
  // One after the other: a daemon that cannot reach the one before it gives up, or tries again much later.
  comes_to_hold([&] { return fs::exists(folder_ / "munge.socket"); }, kPatience_s);
  controller_ = start({find_program("slurmctld"), "-D", "-i"}, "slurmctld.out");
  comes_to_hold([&] { return ask("scontrol ping").find("is UP") != std::string::npos; }, kPatience_s);
  for (const size_t node : {0, 1}) start_node(node);
  wait_until_idle();
}

SlurmCluster::~SlurmCluster() {
  ask("scancel --state=PENDING --user=" + std::to_string(geteuid()));
  ask("scancel --user=" + std::to_string(geteuid()));
  comes_to_hold([&] { return ask("squeue --noheader").empty(); }, kKillWait_s + 10);
}

std::string SlurmCluster::environment() const {
  return "SLURM_CONF=" + (folder_ / "slurm.conf").string();
}

std::string SlurmCluster::ask(const std::string& command) const {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((environment() + " " + command + " 2>&1").c_str(), "r"),
                                                   pclose);
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) said += static_cast<char>(c);
  return said;
}

void SlurmCluster::kill_node(size_t node) {
  nodes_[node].kill();
}

void SlurmCluster::start_node(size_t node) {
  const std::string name = fmt::format("n{}", node + 1);
  nodes_[node] = start({find_program("slurmd"), "-D", "-N", name}, name + ".out");
}

void SlurmCluster::write_files() const {
  fs::create_directories(folder_ / "state");
  fs::permissions(folder_, fs::perms(0755));  // munged wants all to reach its socket
  std::string key(1024, '\0');
  std::random_device random;
  for (char& c : key) c = static_cast<char>(random());
  std::ofstream(folder_ / "munge.key", std::ios::binary) << key;
  fs::permissions(folder_ / "munge.key", fs::perms(0600));
  std::ofstream(folder_ / "slurm.conf") << configuration();
}

// No cgroups and no systemd, so that it runs in a container, as root or not. Short delays wherever they are waited out:
// a node counts as lost soon after its daemon's end, a requeued task may start 6 s later. Long ones where something
// must not come too late on a busy machine: a daemon's answer, and the end of a task that was told to end (KillWait),
// which first writes what it has.
std::string SlurmCluster::configuration() const {
  const std::string host = host_name(), user = getpwuid(geteuid())->pw_name, folder = folder_.string();
  std::string text = fmt::format(
      "ClusterName=freeact\nSlurmctldHost={0}(127.0.0.1)\nSlurmUser={1}\nSlurmdUser={1}\nSlurmctldPort={3}\n"
      "AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={2}/munge.socket,cred_expire=5\n"
      "StateSaveLocation={2}/state\nSlurmdSpoolDir={2}/spool_%n\nSlurmctldPidFile={2}/slurmctld.pid\n"
      "SlurmdPidFile={2}/slurmd_%n.pid\nSlurmctldLogFile={2}/slurmctld.log\nSlurmdLogFile={2}/slurmd_%n.log\n"
      "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/cons_tres\n"
      "SelectTypeParameters=CR_CPU\nSchedulerType=sched/backfill\nAccountingStorageType=accounting_storage/none\n"
      "JobAcctGatherType=jobacct_gather/none\nSwitchType=switch/none\nMpiDefault=none\nReturnToService=2\n"
      "SlurmdTimeout=15\nMessageTimeout=10\nKillWait={4}\nSchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_"
      "interval=2\n"
      "SlurmdParameters=config_overrides\n",
      host, user, folder, ports_[0], kKillWait_s);
  for (const size_t node : {1, 2})
    text += fmt::format("NodeName=n{} NodeHostname={} NodeAddr=127.0.0.1 Port={} CPUs=1 State=UNKNOWN\n", node, host,
                        ports_[node]);
  return text + "PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP\n";
}

// Its words go into a file of the folder.
SlurmCluster::Daemon SlurmCluster::start(const std::vector<std::string>& command, const std::string& log) const {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::string out = (folder_ / log).string(), conf = (folder_ / "slurm.conf").string();
  const pid_t child = fork();
  if (child != 0) return Daemon(child);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setenv("SLURM_CONF", conf.c_str(), 1);
  const int file = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execv(words[0], words.data());
  _exit(127);
}

void SlurmCluster::wait_until_idle() const {
  std::string state;
  const auto are_idle = [&] { return (state = ask("sinfo --noheader --format=%D/%t")) == "2/idle\n"; };
  if (comes_to_hold(are_idle, kPatience_s)) return;
  throw std::runtime_error("Slurm does not start: " + state + read_all(folder_ / "munged.out") +
                           read_all(folder_ / "slurmctld.out") + read_all(folder_ / "n1.out"));
}

}  // namespace freeact
