# freeact_torch, what is linked of the LibTorch in FREEACT_TORCH: read by our build and by the installed package. Only
# torch_cpu and c10, straight from the wheel or archive, so that neither a CUDA toolkit nor the CUDA wheels are needed.
if(TARGET freeact_torch)
  return()
endif()
add_library(freeact_torch INTERFACE IMPORTED)
target_include_directories(freeact_torch SYSTEM INTERFACE
  ${FREEACT_TORCH}/include ${FREEACT_TORCH}/include/torch/csrc/api/include)
target_link_libraries(freeact_torch INTERFACE ${FREEACT_TORCH}/lib/libtorch_cpu.so ${FREEACT_TORCH}/lib/libc10.so)
# libtorch_cpu of the CUDA wheel needs cudart and cupti at load time; the wheels put them beside torch.
file(GLOB freeact_cuda_runtime LIST_DIRECTORIES true ${FREEACT_TORCH}/../nvidia/*/lib)
foreach(folder IN LISTS freeact_cuda_runtime)
  target_link_options(freeact_torch INTERFACE -Wl,-rpath-link,${folder})
endforeach()
