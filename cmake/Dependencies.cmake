find_package(Threads REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)

# LibTorch. tools/setup writes the default folder; point FREEACT_TORCH at your own to override.
set(FREEACT_TORCH "$ENV{FREEACT_TORCH}" CACHE PATH "The torch folder of a LibTorch 2.11 (holds include/ and lib/)")
if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(freeact_cache $ENV{XDG_CACHE_HOME}/freeact)
else()
  set(freeact_cache $ENV{HOME}/.cache/freeact)
endif()
if(NOT FREEACT_TORCH)
  set(FREEACT_TORCH ${freeact_cache}/torch-2.11.0/torch CACHE PATH "" FORCE)
endif()
if(NOT EXISTS ${FREEACT_TORCH}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "No LibTorch in '${FREEACT_TORCH}': run tools/setup, or set FREEACT_TORCH to a torch 2.11 folder")
endif()

# One fmt for all: LibTorch brings the headers of a newer one than the system's library, and they come first where its
# folder is included. The link shows the other rooms these headers and no more of LibTorch.
if(NOT EXISTS ${FREEACT_TORCH}/include/fmt/format-inl.h)
  message(FATAL_ERROR "'${FREEACT_TORCH}' has no include/fmt: run tools/setup, or set FREEACT_TORCH to a torch 2.11 folder")
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include)
file(CREATE_LINK ${FREEACT_TORCH}/include/fmt ${CMAKE_BINARY_DIR}/include/fmt SYMBOLIC)
add_library(freeact_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
target_include_directories(freeact_fmt SYSTEM PUBLIC $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>)
target_link_libraries(freeact_fmt PUBLIC $<INSTALL_INTERFACE:freeact_torch>)
target_link_libraries(freeact_options INTERFACE nlohmann_json::nlohmann_json freeact_fmt)

include(Torch)  # freeact_torch
set(CMAKE_BUILD_RPATH ${FREEACT_TORCH}/lib ${freeact_cuda_runtime})
set(CMAKE_INSTALL_RPATH ${CMAKE_BUILD_RPATH})  # LibTorch is not copied

include(Cuda)  # FREEACT_HAS_CUDA, freeact_cuda_room()

if(FREEACT_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
