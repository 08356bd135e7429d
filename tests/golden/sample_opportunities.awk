# sample_opportunities.awk - a table of opportunities as a CRM exports it, with its dirt: won and
# lost ones with both dates, open ones without a closing date, some without an account or any date, every
# lost one of value 0. The same each time. Behind scripts/lib/sample.awk.

BEGIN {
    state = 20170301
    agents = split("Ines Okafor|Piotr Żak|Karin Söder|Ana Mota|Tom Reyes|Lea Brandt", agent, "|")
    products = split("Pump Basic|Pump Pro|PumpPro|Valve Plus", product, "|")
    print "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    for (i = 1; i <= 700; i++) {
        fate = pick(100)
        stage = fate < 48 ? "Won" : fate < 76 ? "Lost" : fate < 94 ? "Engaging" : "Prospecting"
        engaged = 17000 + pick(400)
        closed = engaged + 1 + pick(138)
        value = stage == "Won" ? 38 + pick(30000) : 0
        account = (stage != "Won" && pick(3) == 0) ? "" : "Account " pick(60)
        printf "%s,%s,%s,%s,%s,%s,%s,%s\n", sprintf("OP%05d", i),
            agent[1 + pick(pick(2) + agents - 1)], product[1 + pick(products)], account, stage,
            stage == "Prospecting" ? "" : day(engaged),
            stage == "Won" || stage == "Lost" ? day(closed) : "",
            stage == "Won" || stage == "Lost" ? value : ""
    }
}
