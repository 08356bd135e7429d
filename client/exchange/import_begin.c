/* import_begin.c - the importer before the first row: whose team it is, what is known there by
 * name, and whether the options fit. Called by import.c.
 *
 * Invariant: of two of one name the first counts, so that the same file means the same again. */
#include "client/exchange/import_inside.h"

static enum fault name_put(struct importer *im, struct map *map, struct str name,
                           const struct uuid *id)
{
    struct str folded;
    struct uuid *kept = arena_copy(im->arena, id, sizeof *id);
    if (!kept) return FAULT_MEMORY;
    enum fault fault = text_fold(im->arena, name, &folded);
    if (fault || folded.n == 0 || map_get(map, folded)) return fault;
    return map_put(map, folded, kept);
}

enum fault import_organisation_known(struct importer *im, struct str name, struct uuid id)
{
    struct str folded, own = arena_str(im->arena, name);
    struct uuid *kept = arena_copy(im->arena, &id, sizeof id);
    if (!kept || !own.p) return FAULT_MEMORY;
    enum fault fault = name_put(im, &im->organisations, own, &id);
    if (!fault) fault = text_fold(im->arena, own, &folded);
    if (fault || folded.n == 0 || map_get(&im->spelled, own)) return fault;
    fault = map_put(&im->spelled, own, kept);
    struct called *called = map_get(&im->called, folded);
    if (called) called->count++;
    if (fault || called) return fault;
    called = arena_alloc(im->arena, sizeof *called);
    if (!called) return FAULT_MEMORY;
    *called = (struct called){own, 1};
    return map_put(&im->called, folded, called);
}

static enum fault person_put(struct importer *im, const struct person *person)
{
    enum fault fault = name_put(im, &im->emails, person->email, &person->id);
    if (fault || uuid_is_zero(person->organisation)) {
        return fault ? fault : name_put(im, &im->people, person->name, &person->id);
    }
    char organisation[UUID_TEXT_LENGTH + 1];
    uuid_format(person->organisation, organisation);
    struct str key = arena_format(im->arena, "%.*s/%s", STR_ARGS(person->name), organisation);
    return name_put(im, &im->people, key, &person->id);
}

/* Those who have left only where nobody else is called so: a history may credit them. */
static enum fault members_load(struct importer *im, const void *const *all, size_t count)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < 2 * count; i++) {
        const struct member *member = all[i % count];
        if (member->removed != (i >= count)) continue;
        fault = name_put(im, &im->members, member->name, &member->id);
    }
    return fault;
}

static enum fault names_load(struct importer *im, enum entity_kind kind)
{
    const void **all;
    size_t count;
    enum fault fault = im->replica->f->all(im->replica, im->arena, kind, &all, &count);
    if (!fault && kind == ENTITY_MEMBER) return members_load(im, all, count);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct organisation *organisation = all[i];
        fault = kind == ENTITY_PERSON
                    ? person_put(im, all[i])
                    : import_organisation_known(im, organisation->name, organisation->id);
    }
    return fault;
}

bool import_text_has(struct importer *im, const struct import_maps *maps, struct str theirs,
                     struct str *ours)
{
    struct str folded, candidate;
    if (maps->count == 0 || text_fold(&im->chunk, theirs, &folded)) return false;
    for (size_t i = 0; i < maps->count; i++) {
        if (text_fold(&im->chunk, maps->items[i].theirs, &candidate)) return false;
        if (!str_equal(folded, candidate)) continue;
        *ours = maps->items[i].ours;
        return true;
    }
    return false;
}

enum fault import_mistake(struct importer *im, struct str mistake)
{
    im->report->mistake = mistake;
    return FAULT_FORMAT;
}

static enum fault owners_check(struct importer *im)
{
    const struct import_maps *maps = &im->options->owners;
    for (size_t i = 0; i < maps->count; i++) {
        struct str folded;
        enum fault fault = text_fold(im->arena, maps->items[i].ours, &folded);
        if (fault) return fault;
        if (map_get(&im->members, folded)) continue;
        return import_mistake(im, arena_format(im->arena,
                                               "--map-owner: there is nobody called \"%.*s\" "
                                               "in the team; `sluice member list` shows who is",
                                               STR_ARGS(maps->items[i].ours)));
    }
    return FAULT_NONE;
}

static enum fault pipeline_choose(struct importer *im)
{
    struct str wanted = im->options->pipeline, list = STR("");
    if (im->definition.pipeline_count == 0) return FAULT_NOT_FOUND;
    im->pipeline = &im->definition.pipelines[0];
    if (!wanted.n) return FAULT_NONE;
    im->pipeline = definition_pipeline_named(im->arena, &im->definition, wanted);
    if (im->pipeline) return FAULT_NONE;
    for (size_t i = 0; i < im->definition.pipeline_count; i++) {
        list = arena_format(im->arena, "%.*s%s%.*s", STR_ARGS(list), i ? ", " : "",
                            STR_ARGS(im->definition.pipelines[i].name));
    }
    return import_mistake(im,
                          arena_format(im->arena, "there is no pipeline \"%.*s\"; there are: %.*s",
                                       STR_ARGS(wanted), STR_ARGS(list)));
}

enum fault import_begin(struct importer *im)
{
    struct identity *identity = arena_alloc(im->arena, sizeof *identity);
    struct map *maps[] = {&im->organisations, &im->people, &im->emails, &im->members,
                          &im->seen, &im->stages_unknown, &im->missing, &im->made,
                          &im->spelled, &im->called};
    if (!identity) return FAULT_MEMORY;
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) map_init(maps[i], im->arena);
    enum fault fault = im->replica->f->identity_load(im->replica, im->arena, identity);
    if (!fault) fault = im->replica->f->definition(im->replica, im->arena, &im->definition);
    if (!fault) fault = im->replica->f->team(im->replica, im->arena, &im->team_row);
    if (!fault) fault = pipeline_choose(im);
    if (fault) return fault;
    im->team = identity->team;
    im->me = identity->member;
    /* Of the file: an import that goes on after an interruption is still the same batch. */
    im->batch = uuid_derive(uuid_derive(im->team, STR("import/batch")), im->options->text);
    struct str code = im->options->currency.n ? im->options->currency : im->team_row->currency;
    im->currency = currency_find(code);
    if (!im->currency) return import_mistake(im, STR("the team has no currency; say --currency"));
    if (im->team_row->zone.n) fault = zone_unpack(im->arena, im->team_row->zone, &im->zone);
    if (!fault) fault = names_load(im, ENTITY_ORGANISATION);
    if (!fault) fault = names_load(im, ENTITY_PERSON);
    if (!fault) fault = names_load(im, ENTITY_MEMBER);
    if (!fault) fault = owners_check(im);
    return fault;
}
