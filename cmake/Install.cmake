# cmake --install: the program with what it reads, the library for other C++ programs, and the manual.
include(CMakePackageConfigHelpers)

# ---- the program, and below share/freeact the project that it finds (src/run/project.h)
install(TARGETS freeact RUNTIME)
set(freeact_share ${CMAKE_INSTALL_DATADIR}/freeact)
install(DIRECTORY experiments datasets DESTINATION ${freeact_share})
install(DIRECTORY results/paper results/reference DESTINATION ${freeact_share}/results)
file(GLOB freeact_tools CONFIGURE_DEPENDS tools/import_* tools/convert_*.py)  # those for users
install(PROGRAMS ${freeact_tools} tools/dump_reference.py DESTINATION ${freeact_share}/tools)
install(FILES tools/common.sh DESTINATION ${freeact_share}/tools)
install(DIRECTORY tools/reference_dump DESTINATION ${freeact_share}/tools PATTERN __pycache__ EXCLUDE)

# ---- the library: the rooms up to the methods (docs/design.md). What only the program needs stays out.
set(freeact_folders util checkpoint tokenizer image ops quant kernel model generation artefact prompt calibration method)
set(freeact_rooms ${freeact_folders} kernel_cuda ${freeact_baselines} methods)
if(FREEACT_HAS_CUDA)
  list(APPEND freeact_rooms cuda_kernels cuda_wgmma)
endif()
list(TRANSFORM freeact_rooms PREPEND freeact_ OUTPUT_VARIABLE freeact_libraries)
add_library(freeact_library INTERFACE)
target_link_libraries(freeact_library INTERFACE ${freeact_libraries})
foreach(name IN LISTS freeact_rooms ITEMS fmt options)
  set_target_properties(freeact_${name} PROPERTIES EXPORT_NAME ${name})
endforeach()
set_target_properties(freeact_library PROPERTIES EXPORT_NAME freeact)
install(TARGETS freeact_library freeact_options freeact_fmt ${freeact_libraries} EXPORT freeact ARCHIVE)

set(freeact_headers ${CMAKE_INSTALL_INCLUDEDIR}/freeact)
list(TRANSFORM freeact_folders PREPEND src/)
install(DIRECTORY ${freeact_folders} baselines DESTINATION ${freeact_headers} FILES_MATCHING PATTERN *.h)
install(FILES src/app/methods.h DESTINATION ${freeact_headers}/app)

set(freeact_package ${CMAKE_INSTALL_LIBDIR}/cmake/freeact)
configure_package_config_file(cmake/freeactConfig.cmake.in freeactConfig.cmake INSTALL_DESTINATION ${freeact_package})
write_basic_package_version_file(freeactConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT freeact NAMESPACE freeact:: FILE freeactTargets.cmake DESTINATION ${freeact_package})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/freeactConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/freeactConfigVersion.cmake
              cmake/Torch.cmake DESTINATION ${freeact_package})

# ---- for people and shells
install(FILES docs/freeact.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md CHANGELOG.md CITATION.cff LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
set(freeact_completion src/app/completion/freeact)
install(FILES ${freeact_completion}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME freeact)
install(FILES ${freeact_completion}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _freeact)
install(FILES ${freeact_completion}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
