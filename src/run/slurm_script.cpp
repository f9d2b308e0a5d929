#include "run/slurm_script.h"

#include <fmt/format.h>

#include "util/shell.h"
#include "util/text.h"

namespace freeact {
namespace {

// As one word of an #SBATCH line.
std::string directive(const std::string& option) {
  return "#SBATCH \"" + replace_all(replace_all(option, "\\", "\\\\"), "\"", "\\\"") + "\"\n";
}

// Only what is set: a site has defaults of its own.
std::string directives(const SlurmArray& array, const LauncherConfig& launcher) {
  const std::string limit = launcher.concurrency > 0 ? fmt::format("%{}", launcher.concurrency) : "";
  std::string text = directive("--job-name=" + array.job_name);
  text += directive(fmt::format("--array=0-{}{}", array.num_tasks - 1, limit));
  if (!array.after.empty()) text += directive("--dependency=afterany:" + array.after);
  text += directive("--output=" + replace_all((array.folder / "task-").string(), "%", "%%") + "%a.log");
  text += directive("--open-mode=append");
  text += directive("--requeue");
  text += directive(fmt::format("--signal=B:USR1@{}", launcher.grace_s));
  text += directive(fmt::format("--cpus-per-task={}", launcher.cpus));
  if (launcher.gpus > 0) text += directive(fmt::format("--gres=gpu:{}", launcher.gpus));
  const std::pair<const char*, const std::string&> texts[] = {{"--partition=", launcher.partition},
                                                              {"--account=", launcher.account},
                                                              {"--mem=", launcher.memory},
                                                              {"--time=", launcher.time}};
  for (const auto& [option, value] : texts)
    if (!value.empty()) text += directive(option + value);
  for (const auto& option : launcher.options) text += directive(option);
  return text;
}

std::string preparation(const SlurmArray& array, const LauncherConfig& launcher) {
  std::string text;
  for (const auto& module : launcher.modules) text += "module load " + shell_quoted(module) + "\n";
  for (const auto& [name, value] : array.environment) text += "export " + name + "=" + shell_quoted(value) + "\n";
  text += "program=" + shell_quoted(array.program.string()) + "\n";
  text += "task=" + shell_quoted((array.folder / "task-").string()) + "$SLURM_ARRAY_TASK_ID.yaml\n";
  return text + fmt::format("requeues={}\n", launcher.requeues);
}

// Slurm sends SIGTERM to script and program when it preempts, requeues or cancels the task; should it have told the
// script alone, the program hears of it a second later. SIGUSR1 goes to the script alone, some time before the limit.
constexpr const char* kWork = R"script(
"$program" run --cells "$task" &
child=$!
out_of_time=
trap 'sleep 1; kill -TERM "$child" 2>/dev/null' TERM
trap 'kill -TERM "$child" 2>/dev/null; out_of_time=yes' USR1
while kill -0 "$child" 2>/dev/null; do wait "$child"; done
wait "$child"
code=$?
echo "exit code $code"
if [[ -n $out_of_time && $code == 143 ]] && ((${SLURM_RESTART_COUNT:-0} < requeues)); then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
)script";

}  // namespace

std::string batch_script(const SlurmArray& array, const LauncherConfig& launcher) {
  // Where modules are wanted, a login shell: it knows the command.
  std::string text = launcher.modules.empty() ? "#!/bin/bash\n" : "#!/bin/bash -l\n";
  text += directives(array, launcher);
  text +=
      "# One task of a sweep: runs the cells of its file into a database of their own, and goes on when requeued.\n";
  return text + preparation(array, launcher) + kWork;
}

}  // namespace freeact
