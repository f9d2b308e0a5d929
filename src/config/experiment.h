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

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "name shown in reports");
    visit("path", path, "checkpoint folder, relative to the project's root");
    visit("family", family, "architecture and quirks, e.g. llada");
    visit("dtype", dtype, "type the 16-bit model computes in: float32, bfloat16 or float16");
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
  int vision_w_bits = 16;
  int vision_a_bits = 16;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("w_bits", w_bits, "bits of a weight: 2 to 8, or 16");
    visit("a_bits", a_bits, "bits of an activation: 2 to 8, or 16");
    visit("kv_bits", kv_bits, "bits of a cached key or value: 2 to 8, or 16");
    visit("w_symmetric", w_symmetric, "weight grid symmetric around zero, without a zero point");
    visit("a_symmetric", a_symmetric, "activation grid symmetric around zero, without a zero point");
    visit("vision_w_bits", vision_w_bits,
          "bits of a weight of the tower that sees images, rounded to nearest whatever the method: 2 to 8, or 16");
    visit("vision_a_bits", vision_a_bits, "bits of an activation there: 2 to 8, or 16");
  }

  bool has_float_vision() const { return vision_w_bits == 16 && vision_a_bits == 16; }
  // "W4A4", with "KV4" behind it where the cache is quantised, and " vision W8A8" where the tower is; "16-bit" when
  // nothing is.
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
  }
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
    visit("name", name, "simulated: floats on the integer grid");
    visit("device", device, "cpu, or cuda:0");
  }
};

struct LauncherConfig {
  std::string name = "local";
  int workers = 2;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "where the cells run");
    visit("workers", workers, "cells at a time");
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
  uint64_t seed = 0;

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
    visit("seed", seed, "every random choice derives from it");
  }
};

// Reads and validates a composed tree whose tasks and references are resolved. Where the method is "none", quant
// becomes 16/16/16. Throws UserError, with the place, on an unknown key, a wrong type, a missing or impossible value.
Experiment read_experiment(const Tree& tree);

// The whole experiment, defaults included, in the form the files have; read_experiment() reads it back. Keys that came
// after the first results (quant.vision_w_bits, quant.vision_a_bits, calibration.images) are left out at their
// defaults, so that a finished run is still known.
Json resolved_values(const Experiment& experiment);

}  // namespace freeact
