//! The operations of a channel as those who explore schedules see them.

use crate::rt::explore::Op;

pub(crate) const SEND: Op = Op::new("send", "chan");
pub(crate) const RECV: Op = Op::new("recv", "chan");
pub(crate) const TRY_SEND: Op = Op::new("try_send", "chan");
pub(crate) const TRY_RECV: Op = Op::new("try_recv", "chan");
pub(crate) const SELECT: Op = Op::new("select", "chan");
pub(crate) const CLOSE: Op = Op::new("close", "chan");
/// Of the last handle on one side.
pub(crate) const DROP: Op = Op::new("drop last handle of", "chan");
pub(crate) const LEN: Op = Op::new("len", "chan");
pub(crate) const IS_CLOSED: Op = Op::new("is_closed", "chan");
#[cfg(not(loom))]
pub(crate) const STOP_TIMER: Op = Op::new("stop", "timer");
#[cfg(not(loom))]
pub(crate) const RESET_TIMER: Op = Op::new("reset", "timer");
#[cfg(not(loom))]
pub(crate) const TRY_TIMER: Op = Op::new("look at", "timer");
