#ifndef APUS_CHOST_H
#define APUS_CHOST_H
#endif
