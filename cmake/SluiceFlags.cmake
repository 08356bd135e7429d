# SluiceFlags - how everything of ours is compiled. One INTERFACE target, `sluice_flags`.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
    if(SLUICE_SANITIZE)
        set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
    else()
        set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
    endif()
endif()

# -O1: a sanitized simulation is more than twice as fast as with -O0, and still easy to step through.
set(CMAKE_C_FLAGS_DEBUG "-g -O1")
# check() stays in every build, so NDEBUG would only hide assert() of libraries; it is left out.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-g -O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")

option(SLUICE_CCACHE "Compile through ccache when it is installed" ON)
find_program(CCACHE_PROGRAM ccache)
if(SLUICE_CCACHE AND CCACHE_PROGRAM AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wswitch
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef -Wpointer-arith
    -Wcast-qual -Wformat=2
    # The same figures on client and server, whatever the processor.
    -ffp-contract=off)
if(SLUICE_WERROR)
    target_compile_options(sluice_flags INTERFACE -Werror)
endif()
# Only the root of the tree is an include path (and its mirror for generated headers).
target_include_directories(sluice_flags INTERFACE
    "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")

if(SLUICE_SANITIZE)
    string(REPLACE ";" "," sluice_sanitizers "${SLUICE_SANITIZE}")
    set(sluice_sanitize_flags "-fsanitize=${sluice_sanitizers}")
    target_compile_options(sluice_flags INTERFACE
        ${sluice_sanitize_flags} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(sluice_flags INTERFACE ${sluice_sanitize_flags})
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
    target_compile_options(sluice_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    target_link_options(sluice_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
# Position-independent programs, also at link time.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(SLUICE_COVERAGE)
    target_compile_options(sluice_flags INTERFACE --coverage)
    target_link_options(sluice_flags INTERFACE --coverage)
endif()

if(SLUICE_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "SLUICE_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
    endif()
    target_compile_options(sluice_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
