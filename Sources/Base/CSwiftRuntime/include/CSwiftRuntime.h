#ifndef APUS_CSWIFTRUNTIME_H
#define APUS_CSWIFTRUNTIME_H
// What a program that forks has to see to in the Swift runtime that is linked into it. Nothing calls this by name but apus_fork and its like.
void apus_in_forked_child(void);
#endif
