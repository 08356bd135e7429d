# deals.awk - N deals of a team that has worked for years, as an import file: OPEN of them still
# open, the others won or lost, each with the days it entered its stages.
#
#   awk -v n=100000 -v open=2000 -v today=DAYS_SINCE_1970 \
#       -f scripts/lib/sample.awk -f tests/bench/deals.awk

BEGIN {
    state = 12345
    every = int(n / open)
    organisations = int(n / 40) + 1
    print "id,title,org,stage,value,currency,next_step,due,lost_reason,checks,created," \
        "entered_contact,entered_qualification,entered_proposal,closed"
    for (i = 1; i <= n; i++) {
        standing = i % every == 0
        began = standing ? today - 20 - pick(60) : today - 90 - pick(900)
        fate = pick(4)
        stage = standing ? (fate < 2 ? "Qualification" : "Proposal") : fate == 0 ? "Won" : "Lost"
        proposal = stage == "Proposal" || stage == "Won" ? day(began + 12) : ""
        printf "X-%d,Deal number %d,Company %d,%s,%d,EUR,%s,%s,%s,\"%s\",%s,%s,%s,%s,%s\n", i, i,
            pick(organisations), stage, 1000 + pick(90000), standing ? "Call back" : "",
            standing ? day(today + pick(30)) : "", stage == "Lost" ? "price" : "",
            proposal != "" ? "interest,market,need,budget,timeline,people,cycle" : "interest",
            day(began), day(began), day(began + 5), proposal, standing ? "" : day(began + 20)
    }
}
