# cprov_options: what every target of ours is compiled with.
include(CheckCCompilerFlag)
add_library(cprov_options INTERFACE)
target_compile_definitions(cprov_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_include_directories(cprov_options INTERFACE "${PROJECT_SOURCE_DIR}")

set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Wcast-qual
    -Wpointer-arith -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches # gcc
    -Wcomma -Wassign-enum)                               # clang
if(CPROV_WERROR)
  list(APPEND warnings -Werror)
endif()
foreach(flag IN LISTS warnings)
  string(MAKE_C_IDENTIFIER "CPROV_HAS${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(cprov_options INTERFACE ${flag})
  endif()
endforeach()

target_compile_options(cprov_options INTERFACE -fno-common -fstack-protector-strong)
if(CPROV_SANITIZE)
  target_compile_options(cprov_options INTERFACE
    -fsanitize=${CPROV_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(cprov_options INTERFACE -fsanitize=${CPROV_SANITIZE})
endif()
if(CPROV_COVERAGE)
  target_compile_options(cprov_options INTERFACE --coverage)
  target_link_options(cprov_options INTERFACE --coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
  # _FORTIFY_SOURCE needs optimisation, so it is not in the dev preset.
  target_compile_options(cprov_options INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection -ffunction-sections -fdata-sections
    # Nothing unwinds at run time; debuggers have .debug_frame. A seventh of the library.
    -fno-asynchronous-unwind-tables -fno-unwind-tables)
  target_link_options(cprov_options INTERFACE
    LINKER:-z,relro,-z,now LINKER:--gc-sections LINKER:--as-needed)
  # Tables of texts are mostly relocations, which this packs to a tenth. The loader has to know it: glibc 2.36, musl 1.2.4.
  include(CheckLinkerFlag)
  check_linker_flag(C "LINKER:-z,pack-relative-relocs" CPROV_HAS_RELR)
  if(CPROV_HAS_RELR)
    target_link_options(cprov_options INTERFACE LINKER:-z,pack-relative-relocs)
  endif()
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
endif()

# cprov_module(FOLDER [SMALL] SOURCES... LINK targets...): the static library of one folder. SMALL: its code waits for
# others (the network, the disk, SQLite), so that size counts and speed does not.
function(cprov_module name)
  cmake_parse_arguments(m "SMALL" "" "SOURCES;LINK" ${ARGN})
  add_library(cprov_${name} STATIC ${m_SOURCES})
  target_link_libraries(cprov_${name} PUBLIC cprov_options ${m_LINK})
  set_property(GLOBAL APPEND PROPERTY CPROV_ROOMS ${name})
  if(m_SMALL)
    target_compile_options(cprov_${name} PRIVATE $<$<CONFIG:RelWithDebInfo,Release>:-Os>)
  endif()
endfunction()
