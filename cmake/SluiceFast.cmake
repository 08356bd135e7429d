# SluiceFast - a program compiled a second time, optimised and without sanitizers, in the same build.
#
# sluice_fast_program(NAME MAIN.c LIBRARIES...): one executable of MAIN.c and every source of those
# libraries of ours; what they use of others is what their first compilation uses.
function(sluice_fast_program name main)
    set(sources "${PROJECT_SOURCE_DIR}/${main}")
    foreach(library IN LISTS ARGN)
        get_target_property(of_library ${library} SOURCES)
        list(APPEND sources ${of_library})
    endforeach()
    list(REMOVE_DUPLICATES sources)
    foreach(source IN LISTS sources)
        if(source MATCHES "/generated_wire/")
            set_source_files_properties("${source}" PROPERTIES GENERATED TRUE)
        endif()
    endforeach()
    add_executable(${name} ${sources})
    add_dependencies(${name} proto_messages)
    # The first compilation warns; here nothing is to be learnt from a second time.
    target_compile_options(${name} PRIVATE -O2 -g1 -w -ffp-contract=off)
    target_include_directories(${name} PRIVATE
        "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated"
        "${PROJECT_BINARY_DIR}/generated_wire")
    target_link_libraries(${name} PRIVATE sqlcipher PkgConfig::SODIUM PkgConfig::UTF8PROC
        PkgConfig::PROTOBUF_C PkgConfig::CMOCKA m)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()
