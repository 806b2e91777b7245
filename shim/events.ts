// SPDX-License-Identifier: MIT
/** epoll's event bits (epoll_ctl(2)). */
export const PollEvents = {
  In: 0x001,
  Out: 0x004,
  Err: 0x008,
  Hup: 0x010,
  RdHup: 0x2000,
  EdgeTriggered: 0x8000_0000,
} as const;
