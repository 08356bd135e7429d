# SluiceTargets - the two shapes of target: a folder as a library, a main.c as a program.

# sluice_sources(OUT FOLDER [EXCLUDE regex]): every .c of FOLDER, noticed again at each build.
function(sluice_sources out folder)
    cmake_parse_arguments(PARSE_ARGV 2 ARG "" "EXCLUDE" "")
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    if(ARG_EXCLUDE)
        list(FILTER found EXCLUDE REGEX "${ARG_EXCLUDE}")
    endif()
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

# sluice_archive(NAME SOURCES... DEPENDS...): a static library, or only its edges while it has no
# source.
function(sluice_archive name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPENDS")
    if(ARG_SOURCES)
        add_library(${name} STATIC ${ARG_SOURCES})
        target_link_libraries(${name} PRIVATE sluice_flags PUBLIC ${ARG_DEPENDS})
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
    endif()
endfunction()

# sluice_library(NAME FOLDER DEPENDS...)
function(sluice_library name folder)
    cmake_parse_arguments(PARSE_ARGV 2 ARG "" "EXCLUDE" "DEPENDS")
    if(ARG_EXCLUDE)
        sluice_sources(sources ${folder} EXCLUDE "${ARG_EXCLUDE}")
    else()
        sluice_sources(sources ${folder})
    endif()
    sluice_archive(${name} SOURCES ${sources} DEPENDS ${ARG_DEPENDS})
endfunction()

# sluice_program(NAME MAIN.c DEPENDS...): nothing while MAIN.c does not exist. All programs land in
# the top of the build folder, where the shell tests look for them (SLUICE_BIN_DIR).
function(sluice_program name main)
    cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "DEPENDS")
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${main}")
    if(found)
        add_executable(${name} ${found})
        target_link_libraries(${name} PRIVATE sluice_flags ${ARG_DEPENDS})
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    endif()
endfunction()
