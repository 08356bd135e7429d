# sample_pipeline.awk - the demonstration team's pipeline as an import file: about 120 deals of 60
# organisations with six months of stage history, dates relative to `today` (days since 1970).
# The same seed gives the same team: awk -v today=N -v seed=7 -f sample.awk -f sample_pipeline.awk
#
# Every name is invented.

function choose(list, count) { return list[pick(count) + 1] }

function organisations_make(   i, name) {
    for (i = 1; i <= 60; i++) {
        do { name = choose(roots, root_count) " " choose(kinds, kind_count) } while (name in taken)
        taken[name] = 1
        organisation[i] = name
        first = choose(firsts, first_count); last = choose(lasts, last_count)
        person[i] = first " " last
        email[i] = "contact" i "@example.com"
        phone[i] = sprintf("+48 22 555 %02d %02d", int(i / 10), i)
    }
}

BEGIN {
    if (!seed) seed = 7
    state = seed * 7919 + 12345
    root_count = split("Młyn Żółty|Łódzka|Górnośląska|Bałtyk|Tatra|Wisła|Kraków|Świerk|Brzoza|Dąb|" \
        "Müller|Schäfer|Größe|Nordlicht|Süd|Königstein|Weiß|Fährhaus|Bäcker|Löwen|" \
        "Harbour|Granite|Copper|Juniper|Atlas|Beacon|Orchard|Summit", roots, "|")
    kind_count = split("Piekarnia|Meble|Logistyka|Druk|Odlewnia|Maschinenbau|Werkstatt|Logistik|" \
        "Dach GmbH|Kliniken|Foods|Robotics|Tools|Labs|Freight", kinds, "|")
    first_count = split("Agnieszka|Paweł|Małgorzata|Łukasz|Zofia|Grażyna|Jürgen|Käthe|Björn|Ulrike|" \
        "Helen|Marcus|Priya|Tomás", firsts, "|")
    last_count = split("Wiśniewska|Dąbrowski|Zając|Krawczyk|Jabłońska|Schröder|Grünwald|Weiß|" \
        "Vogel|Bennett|Okafor|Lindqvist", lasts, "|")
    thing_count = split("Roof|Packing line|Warehouse racks|Service contract|Boiler|Spare parts|" \
        "Training|Sensor retrofit|Second shift|Cold store|Oven|Paint shop", things, "|")
    source_count = split("web|referral|fair|cold call|partner", sources, "|")
    reason_count = split("price|no budget|chose another supplier|no decision|no fit", reasons, "|")
    step_count = split("Call back|Send offer|Site visit|Ask for the budget|Meet the board|Check references", steps, "|")
    owner_count = split(owners ? owners : "Anna Kowalska|Jan Nowak|Birgit Öztürk", owner, "|")
    organisations_make()
    print "id,title,org,contact,email,phone,stage,value,currency,owner,source,expected_close," \
        "next_step,due,lost_reason,checks,tags,created,entered_contact,entered_qualification," \
        "entered_proposal,closed"
    for (i = 1; i <= 120; i++) deal(i)
}

# How far a deal got and how: a deal's days are counted back from its last step, so that the open
# ones look like work in progress: most within the usual time of their stage, some long past it.
function deal(i,    o, fate, last, stage, contact, qualification, proposal, closed, value, checks,
              expected, due, step, reason) {
    o = (i - 1) % 60 + 1
    fate = pick(100)
    qualification = proposal = closed = expected = due = step = reason = checks = ""
    value = (2 + pick(90)) * 500
    stage = fate < 14 ? "Contact" : fate < 32 ? "Qualification" : fate < 46 ? "Proposal" : \
            fate < 76 ? "Won" : "Lost"
    last = today - (fate >= 46 ? 1 + pick(150) : pick(4) ? pick(7) : 16 + pick(30))
    if (stage == "Won" || stage == "Lost") { closed = last; last -= 4 + pick(18) }
    if (stage == "Won" || stage == "Proposal" || stage == "Lost" && fate % 3 == 0) {
        proposal = last; last -= 4 + pick(11)
    }
    if (proposal != "" || stage == "Qualification" || stage == "Lost" && fate % 3 == 1) {
        qualification = last; last -= 2 + pick(6)
    }
    contact = last
    if (qualification != "") checks = "interest"
    if (proposal != "") checks = "interest,market,need,budget,timeline,people,cycle"
    if (stage == "Lost") reason = choose(reasons, reason_count)
    expected = closed != "" ? closed + pick(9) - 4 : today + 5 + pick(70)
    if (closed == "" && pick(10) > 1) { step = choose(steps, step_count); due = today - 2 + pick(12) }
    printf "D%03d,\"%s %s\",\"%s\",\"%s\",%s,%s,%s,%d,%s,%s,%s,%s,%s,%s,%s,\"%s\",%s,%s,%s,%s,%s,%s\n",
        i, choose(things, thing_count), i, organisation[o], person[o], email[o], phone[o], stage,
        value, "EUR", owner[pick(owner_count) + 1], choose(sources, source_count), day(expected),
        step, day(due), reason, checks, pick(5) == 0 ? "vip" : "", day(contact), day(contact),
        day(qualification), day(proposal), day(closed)
}
