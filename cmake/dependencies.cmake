# Foreign libraries. Six of them (libcurl, libarchive, libmicrohttpd, libpsl, SQLite, wimlib) are loaded at first use
# (base/library.h): only their headers are needed here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(yajl REQUIRED IMPORTED_TARGET yajl)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(isal IMPORTED_TARGET libisal) # optional: zlib does its work where it is missing

# cprov_headers_of(NAME MODULE): an INTERFACE target with the include folders alone.
function(cprov_headers_of name module)
  pkg_check_modules(${name} REQUIRED ${module})
  add_library(cprov_${name}_headers INTERFACE)
  target_include_directories(cprov_${name}_headers SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
endfunction()
cprov_headers_of(curl libcurl)
cprov_headers_of(archive libarchive)
cprov_headers_of(microhttpd libmicrohttpd)
cprov_headers_of(sqlite sqlite3)
cprov_headers_of(psl libpsl)

# Optional: without wimlib the files of a folder of WIMs are not read. Its .pc file asks for packages that only linking
# would need.
find_path(WIMLIB_INCLUDE_DIR wimlib.h)
add_library(cprov_wimlib_headers INTERFACE)
if(WIMLIB_INCLUDE_DIR)
  target_include_directories(cprov_wimlib_headers SYSTEM INTERFACE ${WIMLIB_INCLUDE_DIR})
  target_compile_definitions(cprov_wimlib_headers INTERFACE CPROV_HAVE_WIMLIB)
endif()
