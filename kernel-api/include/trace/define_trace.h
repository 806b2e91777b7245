/* SPDX-License-Identifier: MIT */
/* Included last by trace/events/NAME.h, any number of times: there is nothing to define. */
