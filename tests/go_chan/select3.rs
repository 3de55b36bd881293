//! Port of test/chan/select3.go: what blocks, what does not and what panics, for nil, closed, full
//! and empty channels in and out of select (GS-27, GS-30, GS-34, GS-36, GS-37, GS-61, GS-64,
//! GS-65).

use std::time::Duration;

use gort::prelude::*;

use crate::support::panic_message;

/// A plain send or receive on a nil channel: in gort a nil channel is an `Option` that is `None`.
fn nil() -> Option<Chan<i32>> {
    None
}

fn closed() -> Chan<i32> {
    let ch = chan!(i32);
    ch.close();
    ch
}

/// Whether `f`, run in a goroutine of its own, is still blocked after `wait`.
fn blocked_for(wait: Duration, f: impl FnOnce() + Send + 'static) -> bool {
    let (tx, returned) = gort::channel(1);
    go!(move || {
        f();
        chan!(tx <- ());
    });
    select! {
        Some(()) = <-returned => false,
        <-gort::time::after(wait) => true,
    }
}

/// As short as it can be without calling a slow function blocked: Go waits 10 ms too.
fn always_blocks(f: impl FnOnce() + Send + 'static) {
    assert!(blocked_for(Duration::from_millis(10), f), "did not block");
}

/// Long enough for the slowest machine; a function that returns ends the wait at once.
fn never_blocks(f: impl FnOnce() + Send + 'static) {
    assert!(!blocked_for(Duration::from_secs(120), f), "blocked");
}

fn unreachable_arm() -> ! {
    panic!("control flow shouldn't reach here")
}

#[gort::test]
fn nil_channels_block() {
    always_blocks(|| chan!(nil() <- 7));
    always_blocks(|| {
        chan!(<-nil());
    });
}

#[gort::test]
fn nil_channels_are_never_selected() {
    select! {
        nil() <- 7 => unreachable_arm(),
        default => {}
    }
    select! {
        <-nil() => unreachable_arm(),
        default => {}
    }
}

#[gort::test]
fn free_buffer_space_does_not_block() {
    never_blocks(|| {
        let ch = chan!(i32, 1);
        chan!(ch <- 7);
    });
}

#[gort::test]
fn receiving_from_a_closed_channel_does_not_block() {
    never_blocks(|| {
        let ch = closed();
        for _ in 0..10 {
            assert_eq!(chan!(<-ch), None);
            assert_eq!(ch.recv(), None);
        }
    });
}

#[gort::test]
fn sending_to_a_closed_channel_panics() {
    assert_eq!(panic_message(|| chan!(closed() <- 7)), "send on closed channel");
    let message = panic_message(|| {
        select! {
            closed() <- 7 => {}
        }
    });
    assert_eq!(message, "send on closed channel");
}

#[gort::test]
fn an_empty_channel_blocks() {
    always_blocks(|| {
        let ch = chan!(i32);
        chan!(<-ch);
    });
    always_blocks(|| {
        let ch = chan!(i32);
        select! {
            <-ch => unreachable_arm(),
        }
    });
}

#[gort::test]
fn empty_and_nil_selects_block() {
    always_blocks(|| select! {});
    always_blocks(|| {
        select! {
            <-nil() => unreachable_arm(),
        }
    });
    always_blocks(|| {
        select! {
            nil() <- 7 => unreachable_arm(),
        }
    });
    always_blocks(|| {
        select! {
            <-nil() => unreachable_arm(),
            nil() <- 7 => unreachable_arm(),
        }
    });
}

#[gort::test]
fn default_does_not_block() {
    never_blocks(|| {
        select! {
            default => {}
        }
    });
    never_blocks(|| {
        select! {
            <-nil() => unreachable_arm(),
            default => {}
        }
    });
    never_blocks(|| {
        select! {
            nil() <- 7 => unreachable_arm(),
            default => {}
        }
    });
}

#[gort::test]
fn ready_channels_do_not_block() {
    never_blocks(|| {
        let ch = chan!(i32, 1);
        select! {
            ch <- 7 => {}
            default => unreachable_arm(),
        }
    });
    never_blocks(|| {
        let ch = chan!(i32, 1);
        chan!(ch <- 7);
        select! {
            <-ch => {}
            default => unreachable_arm(),
        }
    });
}

#[gort::test]
fn closed_channels_in_select_behave_like_ordinary_operations() {
    never_blocks(|| {
        select! {
            <-closed() => {}
        }
    });
    never_blocks(|| {
        select! {
            x = <-closed() => assert_eq!(x, None),
        }
    });
    never_blocks(|| {
        select! {
            (x, ok) = <-closed() => assert_eq!((x, ok), (0, false)),
        }
    });
}

#[gort::test]
fn select_does_not_meet_itself() {
    always_blocks(|| {
        let c = chan!(i32);
        select! {
            c <- 1 => {}
            <-c => {}
        }
    });
}
