/* scene.h - the fixed scenarios: what is done, on what, as a table. */
#ifndef SLUICE_TESTS_NTH_SCENE_H
#define SLUICE_TESTS_NTH_SCENE_H

#include "tests/nth/trial.h"

enum scene_act {
    ACT_WORDS = 1, /* a command at a copy */
    ACT_IMPORT,    /* a table of deals into it */
    ACT_OPEN,      /* it is opened */
    ACT_CREATE,    /* a new one is made */
    ACT_SYNC,      /* everything is exchanged with the server */
};

struct scene {
    const char *name;
    enum scene_act act;
    size_t who;         /* at whose copy: Anna's if nobody is named */
    const char *words;  /* of ACT_WORDS: the command */
    const char *before; /* what Anna did before, without a connection: commands, ';' between */
    const char *bob;    /* what Bob did before that the server has and Anna does not know */
    void (*prepare)(struct trial *trial); /* and what else there was */
    bool forks;     /* her copy takes a new replica id */
    bool refused;   /* the server wants nothing of her any more */
    bool check;     /* what is exchanged ends with a comparison of the copy with the server */
    bool both;      /* Bob is connected too, with something to say */
    bool updates;   /* of an import */
    bool in_memory; /* works on the memory store only */
};

extern const struct scene scenes[];
extern const size_t scene_count;

struct done {
    bool ok; /* it says that all went well */
    enum fault fault;
    uint64_t digest;
    char text[200];
};

/* The team and everything in it that scenes use. */
void scene_base(struct trial *trial);
/* Puts everything back to where the scene begins, nothing open. first: makes that state. */
void scene_begin(struct trial *trial, const struct scene *scene, bool first);
/* The copy open, where the scene does not do that itself. */
void scene_ready(struct trial *trial, const struct scene *scene);
struct done scene_do(struct trial *trial, const struct scene *scene);

#endif
