/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STDDEF_H
#define _LINUX_STDDEF_H

#include <linux/types.h>

#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define offsetofend(type, member)	(offsetof(type, member) + sizeof_field(type, member))
/* Members that are also one named member, for copies over all of them. */
#define struct_group(name, members...)	union { struct { members }; struct { members } name; }
#define struct_group_attr(name, attrs, members...) union { struct { members } attrs; struct { members } attrs name; }
#define struct_group_tagged(tag, name, members...) union { struct { members }; struct tag { members } name; }
#define DECLARE_FLEX_ARRAY(type, name)	struct { struct { } __empty_##name; type name[]; }

#endif /* _LINUX_STDDEF_H */
