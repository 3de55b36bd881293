//! Checksums of many files that live in memory, up to the first error (golang.org/x/sync/errgroup, its "pipeline" example).
//!
//! The Go idiom: an `errgroup.Group` in place of a WaitGroup, a channel of errors and a `done` channel: the first error cancels the
//! group's context, which every stage watches, and `Wait` returns it. Go needs one goroutine more, which waits in order to
//! close the channel of sums; here it closes with the last worker.

use std::collections::BTreeMap;

use gort::context::{self, Context};
use gort::errgroup::Group;
use gort::prelude::*;

#[derive(Clone)]
struct File {
    name: String,
    /// `None` if it cannot be read.
    data: Option<Vec<u8>>,
}

type Sums = BTreeMap<String, u32>;

#[gort::main]
fn main() {
    let mut files: Vec<File> = (0..40)
        .map(|i| format!("file {i:02}"))
        .map(|name| File {
            data: Some(name.clone().into_bytes()),
            name,
        })
        .collect();
    let ctx = context::background();
    let (all, result) = checksums(&ctx, files.clone());
    println!("{} files, error: {}", all.len(), text(result));
    let total = all.values().fold(0_u32, |total, &sum| total.wrapping_add(sum));
    println!("all sums together: {total:08x}");

    files[20].data = None;
    let (all, result) = checksums(&ctx, files.clone());
    println!(
        "all of them: {} error: {}",
        all.len() == files.len(),
        text(result)
    );

    let (ctx, cancel) = context::with_cancel(ctx);
    cancel();
    let (_, result) = checksums(&ctx, files);
    println!("cancelled beforehand, error: {}", text(result));
}

/// The sums there are when the first error, or the end, comes.
fn checksums(ctx: &Context, files: Vec<File>) -> (Sums, Result<(), String>) {
    let (group, ctx) = Group::with_context(ctx);
    let stopped = |ctx: &Context| ctx.err().map_or(Ok(()), |error| Err(error.to_string()));
    let (todo, files_to_read) = gort::channel(0);
    go!(group => [ctx] {
        for file in files {
            select! {
                todo <- file => {}
                <-ctx.done() => return stopped(&ctx),
            }
        }
        Ok(())
    });

    let (sums_tx, sums) = gort::channel(0);
    for _ in 0..4 {
        go!(group => [todo = files_to_read.clone(), sums = sums_tx.clone(), ctx] {
            for File { name, data } in todo {
                let data = data.ok_or("broken: unreadable")?;
                select! {
                    sums <- (name, fnv1a(&data)) => {}
                    <-ctx.done() => return stopped(&ctx),
                }
            }
            Ok(())
        });
    }
    drop((sums_tx, files_to_read));
    let all = sums.into_iter().collect();
    (all, group.wait())
}

fn fnv1a(data: &[u8]) -> u32 {
    data.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// As Go prints an error.
fn text(result: Result<(), String>) -> String {
    result.err().unwrap_or_else(|| "<nil>".to_owned())
}
