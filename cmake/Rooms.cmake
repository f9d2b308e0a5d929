# One precompiled header with ATen for all rooms that use tensors: parsing it takes longer than any file of ours. Not torch/torch.h, which is
# twice as large and needed nowhere: the trainer includes the one optimiser it uses.
function(freeact_precompiled_torch)
  if(NOT EXISTS ${CMAKE_CURRENT_BINARY_DIR}/torch_pch.cpp)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/torch_pch.cpp "// carries the precompiled header\n")
  endif()
  add_library(freeact_torch_pch STATIC ${CMAKE_CURRENT_BINARY_DIR}/torch_pch.cpp)
  target_link_libraries(freeact_torch_pch PUBLIC freeact_torch freeact_options)
  target_precompile_headers(freeact_torch_pch PRIVATE <ATen/ATen.h> <fmt/format.h> <nlohmann/json.hpp>)
endfunction()

# freeact_room(NAME [TORCH] DIR folder LINKS libraries...): the static library freeact_NAME from every .cpp of the folder.
function(freeact_room name)
  cmake_parse_arguments(ROOM "TORCH" "DIR" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ROOM_DIR}/*.cpp)
  add_library(freeact_${name} STATIC ${sources})
  target_include_directories(freeact_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(freeact_${name} PUBLIC freeact_options ${ROOM_LINKS})
  if(ROOM_TORCH OR FREEACT_FUZZ)  # the fuzz build has one fmt, LibTorch's, and one header for all
    target_link_libraries(freeact_${name} PUBLIC freeact_torch)
    target_precompile_headers(freeact_${name} REUSE_FROM freeact_torch_pch)
  endif()
endfunction()
