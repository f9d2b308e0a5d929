option(FREEACT_BUILD_TESTS "Build the tests" ON)
option(FREEACT_WERROR "Treat warnings as errors" ON)
set(FREEACT_CUDA OFF CACHE STRING "CUDA kernels (docs/gpu.md): ON, OFF, or AUTO where what they need is there")
set_property(CACHE FREEACT_CUDA PROPERTY STRINGS ON OFF AUTO)
set(FREEACT_SANITIZE "" CACHE STRING "Sanitisers to build with, e.g. address,undefined")
option(FREEACT_COVERAGE "Count the lines that tests reach (tools/sanitise)" OFF)
option(FREEACT_FUZZ "Build the fuzz targets (fuzz/README.md); needs clang" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# The arithmetic is LibTorch's; -O3 would only make the build longer.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Reading LibTorch's headers and its templates takes longer than our own lines do: a dozen files compiled as one take a third
# of the time. CMAKE_UNITY_BUILD, which tools/build sets in a new folder, makes it so.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header is part of every unit, so ccache must be told not to mind its time stamp.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(freeact_options INTERFACE)
target_compile_features(freeact_options INTERFACE cxx_std_20)
set(freeact_warnings -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  # GCC 12 raises it falsely on "literal" + std::string (GCC bug 105651)
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(FREEACT_WERROR)
  list(APPEND freeact_warnings -Werror)
endif()
target_compile_options(freeact_options INTERFACE "$<BUILD_INTERFACE:${freeact_warnings}>")  # users have their own
if(FREEACT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "The fuzz targets use libFuzzer, which is clang's: configure with --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link "SHELL:-Xclang -fno-pch-timestamp")  # the time stamp defeats ccache
endif()
if(FREEACT_SANITIZE)
  add_compile_options(-fsanitize=${FREEACT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FREEACT_SANITIZE})
endif()
if(FREEACT_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
