// Each benchmark's own rules; scorer.cpp makes one table of them. A file a benchmark.
#pragma once

#include "scoring/scorer.h"

namespace freeact {

// GSM8K. Documents: {"answer": "18"} (lm-eval), {"answer": 18.0} (d1).
std::vector<Scorer> gsm8k_scorers();

// MATH-500: {"answer": "\\frac{14}{3}"}, what the solution's box holds.
std::vector<Scorer> math_scorers();

// HumanEval: {"prompt", "test", "entry_point"}; MBPP: {"test_list": ["assert ...", ...]}. Need the sandbox.
std::vector<Scorer> code_scorers();

// 4x4 sudoku: {"puzzle": "3102...", "answer": "3142..."}, row by row, 0 for an empty cell.
std::vector<Scorer> sudoku_scorers();
std::vector<Pooling> sudoku_poolings();

// Countdown: {"numbers": [30, 100, 93], "target": 23}.
std::vector<Scorer> countdown_scorers();
std::vector<Pooling> countdown_poolings();

// POPE: {"label": "yes"}, and for VLMEvalKit's figures {"category": "random"}.
std::vector<Scorer> pope_scorers();
std::vector<Pooling> pope_poolings();

// MME: {"answer": "Yes", "category": "OCR", "image": "OCR/0.jpg"}, two questions an image.
std::vector<Scorer> mme_scorers();
std::vector<Pooling> mme_poolings();

// OCRBench: {"answers": "CENTRE" or a list of texts, "type": "Regular Text Recognition", "dataset_name": "IIIT5K"}.
std::vector<Scorer> ocrbench_scorers();
std::vector<Pooling> ocrbench_poolings();

// BlindTest: {"answer": "3,4", "lmms_eval_task": "counting grid - blank grids"}.
std::vector<Scorer> blindtest_scorers();
std::vector<Pooling> blindtest_poolings();

// TextVQA: {"answers": [the texts of ten annotators]}.
std::vector<Scorer> textvqa_scorers();

// ChartQA: {"answer": "14", "split": "test_human"}; only VLMEvalKit's totals read the split.
std::vector<Scorer> chartqa_scorers();
std::vector<Pooling> chartqa_poolings();

// DocVQA and InfoVQA: {"answers": ["12/05/1997", "12 May 1997"]}.
std::vector<Scorer> docvqa_scorers();
std::vector<Pooling> docvqa_poolings();

// Multiple choice: {"options": {"A": "umbrella", ...}, "answer": "B"}, or the letters as keys of the document itself.
std::vector<Scorer> multiple_choice_scorers();
std::vector<Pooling> multiple_choice_poolings();

// MMMU's open questions: {"answer": "24"} or {"answer": ["24", "twenty-four"]}.
std::vector<Scorer> mmmu_open_scorers();

}  // namespace freeact
