# SluiceMigrations - migrations/NNNN_name.sql as one C file, so that the program needs no files.
#
# Included, it gives sluice_migrations(TARGET); run as a script (-P) it writes that file.
if(CMAKE_SCRIPT_MODE_FILE)
    file(GLOB files "${FOLDER}/[0-9][0-9][0-9][0-9]_*.sql")
    list(SORT files)
    set(arrays "")
    set(rows "")
    foreach(file IN LISTS files)
        get_filename_component(name "${file}" NAME)
        string(SUBSTRING "${name}" 0 4 number)
        file(READ "${file}" hex HEX)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
        string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))"
            "\\1\n" bytes "${bytes}")
        string(APPEND arrays "static const char sql_${number}[] = {\n${bytes}0};\n")
        string(REGEX REPLACE "^0+" "" version "${number}")
        string(APPEND rows
            "    {${version}, \"${name}\", sql_${number}, sizeof sql_${number} - 1},\n")
    endforeach()
    file(WRITE "${OUTPUT}" "/* Generated from migrations/ by cmake/SluiceMigrations.cmake. */\n"
        "#include \"server/edge/statements_migrate.h\"\n\n${arrays}\n"
        "const struct migration migrations[] = {\n${rows}};\n"
        "const size_t migration_count = sizeof migrations / sizeof migrations[0];\n")
    return()
endif()

set(SLUICE_MIGRATIONS_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(sluice_migrations target)
    file(GLOB sql CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/migrations/*.sql")
    set(output "${PROJECT_BINARY_DIR}/generated/server/edge/migrations.c")
    add_custom_command(OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" -DFOLDER=${PROJECT_SOURCE_DIR}/migrations -DOUTPUT=${output}
            -P "${SLUICE_MIGRATIONS_SCRIPT}"
        DEPENDS ${sql} "${SLUICE_MIGRATIONS_SCRIPT}" VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()
