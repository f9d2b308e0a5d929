#include <ATen/ATen.h>
#include <torch/version.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/verbs.h"
#include "checkpoint/folder.h"
#include "config/composer.h"
#include "config/interpolation.h"
#include "config/plan.h"
#include "kernel/cuda/device.h"
#include "run/project.h"
#include "run/provenance.h"
#include "store/integrity.h"
#include "store/store.h"
#include "util/fields.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

struct Finding {
  std::string subject;
  bool good;
  std::string text;
};

// The message of whatever the check throws, or its own text.
Finding examine(const std::string& subject, const std::function<std::string()>& check) {
  try {
    return {subject, true, check()};
  } catch (const std::exception& error) {
    return {subject, false, error.what()};
  }
}

std::string check_experiments() {
  const auto folder = Project::find().experiments();
  size_t planned = 0, cells = 0, waiting = 0;
  for (const auto& info : list_experiments(folder)) {
    try {
      cells += plan_experiment(folder, info.name, {}, false).size();
      ++planned;
    } catch (const MissingVariable&) {  // a checkpoint of the user's own
      ++waiting;
    }
  }
  return fmt::format("{} experiments with {} cells plan without fault, {} more wait for an environment variable",
                     planned, cells, waiting);
}

std::string check_models() {
  const Project project = Project::find();
  const auto path = project.datasets() / "puzzle_dllm" / "model";
  return "embedded model " + CheckpointFolder(path).hash().substr(0, 12);
}

// Empty: where results go unless --db says otherwise.
std::string check_results(const std::string& named) {
  const std::filesystem::path path = std::filesystem::absolute(named.empty() ? default_database() : named);
  const bool existed = std::filesystem::exists(path);
  if (existed) check_integrity(path);
  if (existed || !named.empty()) Store::open_for_reading(path);
  Store::open_for_writing(path);
  if (!existed) std::filesystem::remove(path);
  const auto free_bytes = std::filesystem::space(path.parent_path()).available;
  if (free_bytes < (uint64_t{1} << 28))
    throw EnvironmentError("less than 256 MiB free in {}", path.parent_path().string());
  return fmt::format("{} can be written, {:.1f} GB free{}", path.parent_path().string(),
                     static_cast<double>(free_bytes) / 1e9,
                     existed ? fmt::format("; {} is whole", path.filename().string()) : "");
}

std::string check_memory() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  int64_t kib = 0;
  while (file >> word)
    if (word == "MemAvailable:") file >> kib;
  if (kib < (1 << 20)) throw EnvironmentError("less than 1 GiB of memory available");
  return fmt::format("{:.1f} GB available", static_cast<double>(kib) * 1024 / 1e9);
}

std::string check_instructions() {
  return fmt::format("backend=cpu computes with {}", name(instruction_set()));
}

// A machine without a GPU lacks nothing that the suite needs, so that an obstacle is told, not counted.
std::string check_gpu() {
  const std::string obstacle = cuda_obstacle();
  return obstacle.empty() ? "backend=cuda can run on " + cuda_device(at::kCUDA).name
                          : "backend=cuda cannot run: " + obstacle;
}

}  // namespace

Verb add_doctor(CLI::App& app) {
  auto* verb = app.add_subcommand("doctor", "Whether this machine can do the work, and what is missing");
  auto json = std::make_shared<bool>(false);
  auto database = std::make_shared<std::string>();
  verb->add_option("--db", *database, "Result database to examine (default: results/local/results.db)");
  verb->add_flag("--json", *json, "A JSON line per finding");
  add_examples(*verb, "  freeact doctor\n  freeact doctor --db results.db");
  return [json, database] {
    const std::vector<Finding> findings = {
        examine("project", [] { return Project::find().root.string() + ", " + source_version(Project::find().root); }),
        examine("machine", [] { return machine_line(1); }),
        examine("memory", check_memory),
        examine("LibTorch", [] { return std::string(TORCH_VERSION); }),
        examine("instructions", check_instructions),
        examine("GPU", check_gpu),
        examine("experiments", check_experiments),
        examine("models", check_models),
        examine("results", [&] { return check_results(*database); }),
    };
    int missing = 0;
    for (const auto& f : findings) {
      missing += f.good ? 0 : 1;
      if (*json)
        std::cout << Json{{"subject", f.subject}, {"good", f.good}, {"text", f.text}}.dump() << "\n";
      else
        fmt::print("{:<9} {:<12} {}\n", f.good ? "ok" : "MISSING", f.subject, f.text);
    }
    if (missing > 0) throw EnvironmentError("{} of {} findings need attention", missing, findings.size());
  };
}

}  // namespace freeact
