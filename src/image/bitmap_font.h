// The letters that drawings are written in.
#pragma once

#include <string_view>

namespace freeact {

inline constexpr int kGlyphWidth = 5, kGlyphHeight = 7, kGlyphAdvance = 6;  // dots; the advance to the next letter

// kGlyphHeight rows of kGlyphWidth dots ('#' filled), with a space between two rows. "" for a character that the font
// lacks; it has A-Z and 0-9.
std::string_view glyph(char character);

}  // namespace freeact
