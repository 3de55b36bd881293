//! Ends of processes, and processes that do nothing: each program runs in a child of its own, whose status and output are
//! compared (GS-5, GS-6, GS-9, GS-10, GS-73 to GS-76, GS-88, GS-90, GS-91, GS-99 to GS-104, GS-157 to GS-160).

mod bubble;
mod deadlock;
mod exit;
mod foreign_code;
mod gdb;
mod idle;
mod limits;
mod memory;
mod overflow;
mod overflow_frames;
mod panic;
mod panic_hooks;
mod quit;
mod settings;
mod signal;
mod stall;
mod stall_start;
mod stuck;
mod sync_waits;
mod watch;

#[path = "../support/harness.rs"]
mod harness;
#[path = "../support/mod.rs"]
mod support;

use harness::list;

/// How long a program that must end by itself tries to stay: longer than its end takes on any machine.
const LONG: std::time::Duration = std::time::Duration::from_secs(120);

/// Prints when it is dropped.
struct Loud(&'static str);

impl Drop for Loud {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() -> std::process::ExitCode {
    harness::main(&[
        list!(bubble: receive, send, select, close, a_mutex_stalls_the_clock),
        list!(deadlock:
            chan_receive, chan_send, chan_send_to_a_full_buffer, ranging, select, select_of_one, select_of_nil_channels,
            select_no_cases, receive_from_nil, send_to_nil, future, wait_group, mutex,
            joining_somebody_who_waits, everybody_is_listed, found_on_one_worker,
            found_when_locked_to_a_thread, goexit_in_main_when_the_others_end,
            goexit_in_main_when_the_others_wait, some_asleep_is_no_deadlock, sleeping_is_no_deadlock,
            waiting_for_a_timer_is_no_deadlock, an_abandoned_timer_counts_for_nothing,
            a_timer_nobody_waits_for_counts_for_nothing, tickers_count_for_nothing_and_functions_count,
            a_blocking_call_is_no_deadlock, a_foreign_thread_may_still_act, waiting_while_unwinding,
            the_last_wait_may_come_after_much_work, in_run),
        list!(exit:
            main_returning_ends_everybody, a_process_ends_with_goroutines_about, main_has_a_result,
            exit_is_immediate, goexit_unwinds_quietly, goexit_survives_a_recovered_panic,
            destructors_may_park, a_send_without_receivers),
        list!(foreign_code:
            a_waker_of_a_timer, what_a_function_of_a_timer_holds, a_function_of_a_timer, a_waker_of_a_signal),
        list!(gdb: of_a_process_and_of_a_core_file),
        list!(idle:
            sleeping_main_with_parked_goroutines, after_much_work_on_eight_workers, between_two_runs, beside_and_after_waits_while_unwinding, with_the_descriptors_that_it_had),
        list!(limits:
            a_hundred_thousand_goroutines_parked_at_once, no_more_stacks, no_more_stacks_unobserved),
        list!(memory: of_deep_stacks, of_many_goroutines, of_waits_while_unwinding, of_stacks_of_other_sizes),
        list!(overflow:
            of_the_main_goroutine, of_another_goroutine, of_a_named_goroutine, cannot_be_recovered,
            the_advice_helps, main_without_room_for_its_large_stack, the_reserve_is_an_option,
            the_reserve_is_set_by_the_environment, the_environment_gives_main_more, after_a_park,
            of_a_plain_thread, a_frame_of_c_does_not_jump_the_guard, in_the_c_library, of_a_coroutine_inside,
            after_a_coroutine_inside, of_a_coroutine_on_a_plain_thread, not_of_a_panic_with_a_backtrace, of_a_panic,
            after_a_panic),
        list!(overflow_frames:
            names_the_functions, main_returns_meanwhile, in_the_allocator, what_cannot_be_read_is_not_awaited),
        list!(panic:
            detached, handle_dropped_later, in_main, a_named_goroutine_is_called_by_its_name,
            what_is_joined_is_a_value, run_hands_it_to_its_caller,
            a_policy_replaces_the_end_of_the_process, only_the_panicking_goroutine_is_unwound,
            recover_is_local, send_on_closed_channel, close_of_closed_channel, backtrace_when_asked_for,
            backtraces_begin_and_end_with_the_users_functions,
            plain_threads_panic_as_ever, one_under_way_is_not_lost_when_main_returns,
            one_that_stays_under_way_does_not_keep_main, one_that_is_observed_does_not_end_the_program,
            one_is_printed_when_it_happens, a_recovered_one_that_goes_on_is_printed),
        list!(panic_hooks:
            a_hook_of_the_program_is_honoured, a_hook_may_call_the_one_before, a_hook_may_wait, of_members,
            the_first_of_two_is_shown),
        list!(quit:
            also_in_the_background, everybody_is_shown, when_nothing_runs, when_every_worker_is_kept, after_goexit_in_main, it_may_be_left_alone,
            not_in_run, levels_of_the_signal, levels_of_a_panic_of_main, levels_of_a_panic_of_another,
            levels_of_a_deadlock, levels_of_thread_exhaustion),
        list!(settings: no_utf_8, nonsense, too_little_or_too_much, what_is_right_is_not_told, a_random_schedule),
        list!(signal:
            everybody_who_listens_gets_it, a_full_channel_drops_it, a_plain_thread_may_listen,
            the_second_one_ends_the_program, reset_brings_the_default_back, ignored_ones_do_nothing,
            what_was_ignored_is_ignored_again, no_deadlock_while_anybody_listens,
            no_deadlock_while_somebody_is_told, a_deadlock_once_a_context_stops_listening, a_context_ends_with_the_first,
            a_context_may_end_otherwise, a_context_that_nobody_can_notice_stops_listening,
            none_is_lost_while_others_leave, none_is_lost_while_it_is_reset, what_came_before_ends_nobody,
            signals_have_gos_words),
        list!(stall:
            a_loop, a_sleep, a_read, a_lock_of_std, deep_in_a_recursion, the_environment_asks_for_them,
            a_length_that_is_none, who_blocks_a_pinned_neighbour, a_program_may_refuse_them, who_keeps_no_worker_is_not_reported, who_waits_for_a_report_is_not_deadlocked,
            of_many_that_come_and_go, others_go_on_beside_loops, others_go_on_beside_sleeps,
            others_go_on_beside_reads, others_go_on_beside_locks),
        list!(stall_start: the_first_one_comes_in_time),
        list!(stuck: two_locks, a_range_without_end, a_leak, a_blocking_call),
        list!(sync_waits:
            reading, writing, reading_again_behind_a_writer, cond, semaphore, barrier, once_in_itself,
            once_value_in_itself, single_flight_in_itself, a_deadline_is_no_deadlock),
        list!(watch: an_event_during_a_long_run, a_timer_during_a_long_run),
    ])
}
