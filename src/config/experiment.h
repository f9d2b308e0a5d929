// The experiment: what is run, with which method, bits, data and tasks. Each field is declared once, in fields().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/tree.h"

namespace freeact {

struct ModelConfig {
  std::string name;
  std::string path;
  std::string family;
  std::string dtype = "float32";
  std::string token_types = "family";
  double late_mask_share = 0.5;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "name shown in reports");
    visit("path", path, "checkpoint folder, relative to the project's root");
    visit("family", family, "architecture and quirks, e.g. llada");
    visit("dtype", dtype,
          "type the 16-bit model computes in: float32, bfloat16 or float16; quantised models compute in float32");
    visit("token_types", token_types,
          "which tokens methods and analyses tell apart: family (visible, mask; text, vision), one (all alike), "
          "prompt_generated_mask or early_late_mask (masked diffusion), text_vision_system_answer (autoregressive)");
    visit("late_mask_share", late_mask_share,
          "early_late_mask: masks are late once they are less than this share of the answer");
  }
};

// The method checks its own settings: this room knows no method.
struct MethodConfig {
  std::string name;
  Json settings = Json::object();  // the group "method" without "name"

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "none, or a method of `freeact list methods`");
    visit("settings", settings, "what the method itself declares");
  }
};

// 16 bits stand for "not quantised".
struct QuantConfig {
  int w_bits = 4;
  int a_bits = 4;
  int kv_bits = 16;
  bool w_symmetric = true;
  bool a_symmetric = true;
  int64_t w_group_size = 0;
  int64_t a_group_size = 0;
  int vision_w_bits = 16;
  int vision_a_bits = 16;
  int embedding_bits = 16;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("w_bits", w_bits, "bits of a weight: 2 to 8, or 16");
    visit("a_bits", a_bits, "bits of an activation: 2 to 8, or 16");
    visit("kv_bits", kv_bits, "bits of a cached key or value: 2 to 8, or 16");
    visit("w_symmetric", w_symmetric, "weight grid symmetric around zero, without a zero point");
    visit("a_symmetric", a_symmetric, "activation grid symmetric around zero, without a zero point");
    visit("w_group_size", w_group_size,
          "neighbouring input channels of a weight's row that share a scale, after the transform; 0: the whole row");
    visit("a_group_size", a_group_size, "channels of a token that share a scale, as w_group_size; 0: the whole token");
    visit("vision_w_bits", vision_w_bits,
          "bits of a weight of the tower that sees images, rounded to nearest whatever the method: 2 to 8, or 16");
    visit("vision_a_bits", vision_a_bits, "bits of an activation there: 2 to 8, or 16");
    visit("embedding_bits", embedding_bits,
          "bits of the embedding and the head, a symmetric scale for each row, whatever the method: 8, or 16");
  }

  bool has_float_vision() const { return vision_w_bits == 16 && vision_a_bits == 16; }
  // "W4A4", with "KV4" behind it where the cache is quantised, " g64" where weights have groups, " ag64" where
  // activations have, " vision W8A8" where the tower is quantised, and " E8" where embedding and head are; "16-bit"
  // when nothing is.
  std::string label() const;
};

struct CalibrationConfig {
  std::string dataset;
  std::string text;
  int num_samples = 32;
  int sequence_length = 0;
  int64_t stride = 0;
  double mask_ratio_min = 0.0;
  double mask_ratio_max = 1.0;
  Json images = Json::object();
  std::string states = "masked";
  Json decoding = Json::object();
  std::string loss_weights = "equal";
  double mask_weight = 2.0;

  bool is_running_text() const { return dataset.ends_with(".txt"); }

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("dataset", dataset, "folder below datasets/, or a path; a .txt file is read as running text");
    visit("text", text,
          "a .txt file that half of the sequences are taken from, the data set giving the others; may be empty");
    visit("num_samples", num_samples, "sequences");
    visit("sequence_length", sequence_length, "tokens a sequence of running text; 0: as the data has it");
    visit("stride", stride,
          "running text: characters from the start of one sequence to the next, the first at 0; 0: spread over the "
          "whole text from a start drawn by the seed");
    visit("mask_ratio_min", mask_ratio_min,
          "diffusion models: least share of masked tokens; the shares of a set are stratified");
    visit("mask_ratio_max", mask_ratio_max, "diffusion models: greatest share of masked tokens");
    visit("images", images, "how large the items' images are seen, as a task's images");
    visit("states", states,
          "diffusion models: masked (right answers, a share of them masked) or decoding (what the 16-bit model itself "
          "has "
          "written by then, at steps stratified between the shares)");
    visit("decoding", decoding, "states decoding: how answers are written, as a task's generation");
    visit("loss_weights", loss_weights,
          "how much a token's error counts in training: equal, mask_state (masks count mask_weight times as much as "
          "others) or attention (as much as it is attended to in the 16-bit model); 1 in the mean over a sequence");
    visit("mask_weight", mask_weight, "loss_weights mask_state: how much a mask counts beside another token");
  }
};

// A stream of data that changes on the way, of `freeact stream`: the windows before shift_at are data of the
// experiment's calibration, the others of another one.
struct StreamConfig {
  std::string shift_to;
  CalibrationConfig calibration;  // of the file that shift_to names
  int windows = 8;
  int shift_at = 3;
  int sequences = 6;
  double decay = 0.5;
  double threshold = 0.25;

  bool is_set() const { return !shift_to.empty(); }

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("shift_to", shift_to, "calibration choice that the stream changes to");
    visit("calibration", calibration, "that choice's keys, as under calibration");
    visit("windows", windows, "parts of the stream, each measured before anything is learnt from it");
    visit("shift_at", shift_at, "the first window of the new data, counted from 0");
    visit("sequences", sequences, "sequences a window");
    visit("decay", decay, "weight of all that was seen before, at every window; 1: nothing fades");
    visit("threshold", threshold, "drift of a site's token type past which its directions are chosen anew");
  }
};

// What is looked at beside the results.
struct AnalysisConfig {
  std::vector<std::string> surface_sites = {"attention.qkv", "mlp.down"};
  std::vector<int> surface_layers;
  int surface_bins = 64;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("surface_sites", surface_sites, "sites whose activations are kept as surfaces; []: none");
    visit("surface_layers", surface_layers, "layers of these, counted from 0; []: the first, the middle and the last");
    visit("surface_bins", surface_bins, "a surface has at most so many bins of tokens and of channels");
  }

  bool operator==(const AnalysisConfig&) const = default;
};

// The evaluation checks a task's settings: this room knows no task.
struct TaskConfig {
  std::string name;
  Json settings = Json::object();  // the task's file without "name"

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "name shown in reports");
    visit("settings", settings, "what the evaluation declares");
  }
};

struct BackendConfig {
  std::string name = "simulated";
  std::string device = "cpu";

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "simulated (floats on the integer grid), cpu or cuda (integers)");
    visit("device", device, "where the model lies and computes: cpu, cuda or cuda:N (the machine's Nth, from 0)");
  }
};

// Where cells run: in threads of this process, or as tasks of a Slurm job array, which alone has the other settings.
struct LauncherConfig {
  std::string name = "local";
  int workers = 2;
  int replicas = 0;
  std::string partition, account;
  int gpus = 0;
  int cpus = 1;
  std::string memory, time;
  std::vector<std::string> modules, options;
  int concurrency = 0;
  int grace_s = 60;
  int requeues = 10;
  bool wait = true;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "where the cells run: local or slurm");
    visit("workers", workers, "local: cells at a time, at most; those on GPUs run one at a time");
    visit("replicas", replicas, "copies of a cell's model that share its items; 0: one on each GPU, one on the CPU");
    visit("partition", partition, "Slurm partition; empty: the site's default, as for all that follow");
    visit("account", account, "Slurm account");
    visit("gpus", gpus, "GPUs of a task");
    visit("cpus", cpus, "processors of a task");
    visit("memory", memory, "memory of a task: 16G");
    visit("time", time, "time limit of a task: 04:00:00");
    visit("modules", modules, "environment modules to load");
    visit("options", options, "more options of sbatch: --qos=long");
    visit("concurrency", concurrency, "tasks at a time, at most; 0: as many as Slurm lets run");
    visit("grace_s", grace_s, "a task is stopped so many seconds before its time limit, and queued again");
    visit("requeues", requeues, "how often, at most");
    visit("wait", wait, "wait until the tasks are through and take up their results");
  }
};

struct Experiment {
  std::string name;
  ModelConfig model;
  MethodConfig method;
  QuantConfig quant;
  CalibrationConfig calibration;
  std::vector<TaskConfig> tasks;
  BackendConfig backend;
  LauncherConfig launcher;
  StreamConfig stream;
  AnalysisConfig analysis;
  uint64_t seed = 0;
  int64_t limit = 0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "the experiment's file, unless it says otherwise");
    visit("model", model, "");
    visit("method", method, "");
    visit("quant", quant, "");
    visit("calibration", calibration, "");
    visit("tasks", tasks, "");
    visit("backend", backend, "");
    visit("launcher", launcher, "");
    visit("stream", stream, "what `freeact stream` runs; experiments with it have no tasks");
    visit("analysis", analysis, "what is looked at beside the results");
    visit("seed", seed, "every random choice derives from it");
    visit("limit", limit, "items of a task, at most: a trial, marked as such in every table; 0: all");
  }
};

// Reads and validates a composed tree whose tasks and references are resolved. Where the method is "none", quant
// becomes 16/16/16. Throws UserError, with the place, on an unknown key, a wrong type, a missing or impossible value.
Experiment read_experiment(const Tree& tree);

// The whole experiment, defaults included, in the form the files have; read_experiment() reads it back. Keys that came
// after the first results (quant.w_group_size, a_group_size, vision_w_bits, vision_a_bits, embedding_bits,
// model.token_types, late_mask_share, calibration.images, states, decoding, loss_weights, mask_weight, limit, and
// analysis as a whole) are left out at their defaults, so that a finished run is still known.
Json resolved_values(const Experiment& experiment);

}  // namespace freeact
