# freeact_precompiled_header(NAME INCLUDES headers... LINKS libraries...): for targets that REUSE_FROM freeact_NAME_pch.
# Parsing these headers takes longer than any file of ours.
function(freeact_precompiled_header name)
  cmake_parse_arguments(HEADER "" "" "INCLUDES;LINKS" ${ARGN})
  set(carrier ${CMAKE_CURRENT_BINARY_DIR}/${name}_pch.cpp)
  if(NOT EXISTS ${carrier})
    file(WRITE ${carrier} "// carries the precompiled header\n")
  endif()
  add_library(freeact_${name}_pch STATIC ${carrier})
  target_link_libraries(freeact_${name}_pch PUBLIC freeact_options ${HEADER_LINKS})
  target_precompile_headers(freeact_${name}_pch PRIVATE ${HEADER_INCLUDES})
endfunction()

# The paths of #include: ours count from src/, others' programs may put freeact/ before them.
function(freeact_include_directories target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/freeact> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

# freeact_room(NAME [TORCH] DIR folder LINKS libraries...): the static library freeact_NAME from every .cpp of the folder.
function(freeact_room name)
  cmake_parse_arguments(ROOM "TORCH" "DIR" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ROOM_DIR}/*.cpp)
  add_library(freeact_${name} STATIC ${sources})
  freeact_include_directories(freeact_${name})
  target_link_libraries(freeact_${name} PUBLIC freeact_options ${ROOM_LINKS})
  if(ROOM_TORCH)
    target_link_libraries(freeact_${name} PUBLIC freeact_torch)
    target_precompile_headers(freeact_${name} REUSE_FROM freeact_torch_pch)
  else()
    target_precompile_headers(freeact_${name} REUSE_FROM freeact_plain_pch)
  endif()
endfunction()

# Every folder of baselines/ is a room of its name; src/CMakeLists.txt makes them.
file(GLOB freeact_baselines RELATIVE ${PROJECT_SOURCE_DIR}/baselines CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/baselines/*)
