#include "image/picture.h"

#include "image/drawing.h"
#include "image/image.h"

namespace freeact {

at::Tensor load_picture(const std::filesystem::path& dataset_folder, const std::string& reference) {
  if (reference.starts_with(kDrawPrefix)) return draw_image(reference.substr(kDrawPrefix.size()));
  return read_image(dataset_folder / reference);
}

}  // namespace freeact
