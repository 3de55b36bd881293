//! A concurrent crawler over a web that lives in memory (A Tour of Go, "Web Crawler"; "The Go Programming Language",
//! 8.6: crawl2).
//!
//! The Go idiom: one goroutine a page, a buffered channel as a counting semaphore, and only the main goroutine knows what
//! has been seen. The original counts the lists that are still to come; here the list of work ends with its last sender.

use std::collections::BTreeSet;

use gort::prelude::*;

struct Page {
    url: &'static str,
    title: &'static str,
    links: &'static [&'static str],
}

#[rustfmt::skip]
const WEB: &[Page] = &[
    Page { url: "/", title: "Home", links: &["/docs", "/blog", "/play"] },
    Page { url: "/docs", title: "Documents", links: &["/", "/docs/spec", "/docs/memory", "/docs/old"] },
    Page { url: "/docs/spec", title: "The specification", links: &["/docs", "/docs/memory"] },
    Page { url: "/docs/memory", title: "The memory model", links: &["/docs/spec", "/docs"] },
    Page { url: "/blog", title: "News", links: &["/blog/pipelines", "/blog/context", "/"] },
    Page { url: "/blog/pipelines", title: "Pipelines", links: &["/blog/context", "/docs/spec"] },
    Page { url: "/blog/context", title: "Context", links: &["/blog/pipelines", "/blog/lost"] },
    Page { url: "/play", title: "Playground", links: &["/play"] },
    Page { url: "/island", title: "Nobody links here", links: &[] },
];

/// What one crawl found: pages to go on with, and the right to add more.
struct Found {
    links: &'static [&'static str],
    worklist: Sender<Found>,
}

#[gort::main]
fn main() {
    let tokens = chan!((), 3);
    let (worklist, found) = gort::channel(1);
    chan!(worklist <- Found { links: &["/"], worklist: worklist.clone() });
    drop(worklist);

    let mut seen = BTreeSet::new();
    for Found { links, worklist } in found {
        for &link in links {
            if seen.insert(link) {
                go!([tokens, worklist] {
                    let links = crawl(link, &tokens);
                    chan!(worklist <- Found { links, worklist: worklist.clone() });
                });
            }
        }
    }
    let urls: Vec<_> = seen.into_iter().collect();
    println!("{} seen: [{}]", urls.len(), urls.join(" "));
}

fn crawl(url: &'static str, tokens: &Chan<()>) -> &'static [&'static str] {
    chan!(tokens <- ());
    let page = fetch(url);
    chan!(<-tokens);
    match page {
        Ok(page) => {
            println!("found: {url} {:?}", page.title);
            page.links
        }
        Err(error) => {
            println!("{error}");
            &[]
        }
    }
}

fn fetch(url: &str) -> Result<&'static Page, String> {
    let page = WEB.iter().find(|page| page.url == url);
    page.ok_or_else(|| format!("not found: {url}"))
}
