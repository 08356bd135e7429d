# SluiceVersion - "common/base/version.h" in the build tree, from the version in project().
configure_file("${CMAKE_CURRENT_LIST_DIR}/version.h.in"
    "${PROJECT_BINARY_DIR}/generated/common/base/version.h" @ONLY)
