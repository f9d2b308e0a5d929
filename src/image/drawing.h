// Simple pictures from a line of text, the same pixels on every machine: data sets of pictures that need no files.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace freeact {

// Before a drawing where a picture may also be a file.
inline constexpr std::string_view kDrawPrefix = "draw:";

// The most pixels a side of a drawing may have.
inline constexpr int kMaxDrawingSide = 1024;

// uint8 [H, W, 3]. spec: statements with "; " between them, the first one the canvas, later ones over earlier ones:
//
//   64x48 white               width x height, and the background
//   circle red 16 20 9        centre x, y and radius; also square, triangle, diamond and cross in the same measure
//   bar #ff8000 4 30 10 34    left, top, width, height
//   text black 6 8 2 CAT      left, top, pixels a dot of the 5 x 7 letters, and a word of letters A-Z and digits
//
// A colour is a name (black, blue, brown, gray, green, orange, pink, purple, red, teal, white, yellow) or #rrggbb.
// Pixels are filled or not, without smoothing; what lies outside the canvas is cut off. UserError on anything else.
at::Tensor draw_image(std::string_view spec);

}  // namespace freeact
