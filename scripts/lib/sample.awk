# sample.awk - what the tables we make for tests and for the demonstration share; named before them:
# awk -f sample.awk -f deals.awk. `state` is the seed.

# Own random numbers (minimal standard generator), for awks differ in theirs: below n.
function pick(n) { state = (state * 16807) % 2147483647; return state % n }

# Days since 1970 as YYYY-MM-DD (Hinnant, "chrono-compatible low-level date algorithms").
function day(z,    era, doe, yoe, y, doy, mp, d, m) {
    if (z == "") return ""
    z += 719468
    era = int(z / 146097)
    doe = z - era * 146097
    yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
    y = yoe + era * 400
    doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100))
    mp = int((5 * doy + 2) / 153)
    d = doy - int((153 * mp + 2) / 5) + 1
    m = mp < 10 ? mp + 3 : mp - 9
    if (m <= 2) y++
    return sprintf("%04d-%02d-%02d", y, m, d)
}
