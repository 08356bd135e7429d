# crm_table.awk - a table of opportunities as another CRM exports it: clean ones, and some without
# organisation or date. Days of closing follow those of engaging step by step, so that many durations
# are equal and a mean tells whether a deal was counted twice.
#
#   awk -v rows=600 -v prefix=ID -f crm_table.awk

BEGIN {
    srand(4711)
    split("Won Lost Engaging Prospecting", stages, " ")
    split("Isdom Cancity Betatech Codehow Konex Łódźbud", accounts, " ")
    split("Moses Frase|Anna Snelling|Zane Levy|Łucja Żak", agents, "|")
    split("GTX Basic|GTXPro|MG Special", products, "|")
    print "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    for (i = 1; i <= rows; i++) {
        stage = stages[i % 10 < 5 ? 1 : i % 10 < 8 ? 2 : i % 10 == 8 ? 3 : 4]
        account = stage == "Prospecting" && i % 3 == 0 ? "" : accounts[1 + int(rand() * 6)]
        from = stage == "Prospecting" ? "" : sprintf("2017-%02d-%02d", 1 + i % 6, 1 + i % 28)
        to = stage == "Won" || stage == "Lost" ? sprintf("2017-%02d-%02d", 7 + i % 6, 1 + i % 28) : ""
        value = stage == "Won" ? 100 + i : stage == "Lost" ? 0 : ""
        printf "%s%04d,%s,%s,%s,%s,%s,%s,%s\n", prefix, i, agents[1 + int(rand() * 4)],
            products[1 + i % 3], account, stage, from, to, value
    }
}
